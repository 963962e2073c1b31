"""Full paths of groups and projects, and the counters of their numbered records."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base


class Route(Base):
    """The full path of one group or project; unique without regard to case, as in GitLab."""

    __tablename__ = "routes"
    __table_args__ = (UniqueConstraint("namespace_id"), UniqueConstraint("project_id"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    path: Mapped[str]
    name: Mapped[str]
    namespace_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))


Index("index_routes_on_lower_path", func.lower(Route.path), unique=True)
Index("index_routes_on_path_pattern", Route.path, postgresql_ops={"path": "text_pattern_ops"})


class InternalId(Base):
    """The highest iid that was ever given in one scope of one group or project."""

    __tablename__ = "internal_ids"
    __table_args__ = (
        UniqueConstraint("project_id", "usage"),
        UniqueConstraint("namespace_id", "usage"),
        CheckConstraint("num_nonnulls(project_id, namespace_id) = 1", name="one_owner"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    namespace_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("namespaces.id", ondelete="CASCADE"))
    usage: Mapped[str]
    last_value: Mapped[int]
