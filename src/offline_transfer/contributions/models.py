"""Users of source instances and who stands for them here."""

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base


class SourceUser(Base):
    """One user of one source instance, as one top-level namespace knows them.

    Follows GitLab's `import_source_users`; `source_public_email` is ours, so that an archive that is exported again says the same.
    """

    __tablename__ = "import_source_users"
    __table_args__ = (UniqueConstraint("namespace_id", "source_hostname", "import_type", "source_user_identifier"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    namespace_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))
    source_hostname: Mapped[str]
    import_type: Mapped[str]
    source_user_identifier: Mapped[str]
    source_username: Mapped[str | None]
    source_name: Mapped[str | None]
    source_public_email: Mapped[str | None]
    placeholder_user_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    status: Mapped[int] = mapped_column(SmallInteger, server_default="0")
