"""Whose signature this instance knows: public keys, bound to the source hostname whose archives they may sign."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base


class TrustedKey(Base):
    """An Ed25519 key that an administrator takes for that of a source."""

    __tablename__ = "trusted_source_keys"
    __table_args__ = (
        Index(
            "index_trusted_source_keys_on_hostname_fingerprint",
            text("lower(source_hostname)"),
            "fingerprint",
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    source_hostname: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(71))
    """As people compare it: `sha256:` and 64 hexadecimal digits."""
    public_key: Mapped[str] = mapped_column(Text)
    """SubjectPublicKeyInfo in PEM."""
    added_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
