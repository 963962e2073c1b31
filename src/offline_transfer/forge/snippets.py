"""Project snippets; their contents lie in a repository each."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base


class Snippet(Base):
    """One row of `snippets`."""

    __tablename__ = "snippets"
    __polymorphic_names__ = ("Snippet",)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(info={"present": True})
    content: Mapped[str | None]
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    project_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    file_name: Mapped[str | None]
    type: Mapped[str | None]
    visibility_level: Mapped[int] = mapped_column(server_default="0")
    description: Mapped[str | None]
    encrypted_secret_token: Mapped[str | None] = mapped_column(String(255))
