"""Whose signature this instance knows: public keys, bound to the source hostname whose archives they may sign."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, String, Text, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from offline_transfer.archive.signature import PublicKey
from offline_transfer.forge import source_hostname
from offline_transfer.forge.base import Base
from offline_transfer.forge.errors import TrustedKeyNotFoundError


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
    """In the spelling of `source_hostname.canonical`."""
    fingerprint: Mapped[str] = mapped_column(String(71))
    """As people compare it: `sha256:` and 64 hexadecimal digits."""
    public_key: Mapped[str] = mapped_column(Text)
    """SubjectPublicKeyInfo in PEM."""
    added_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    def read(self) -> PublicKey:
        """The key itself, called by its source."""
        return PublicKey.read(self.public_key.encode(), self.source_hostname)


def add(session: Session, hostname: str, key: PublicKey, *, added_by_id: int | None = None) -> TrustedKey:
    """Take a key for one of a source; one that is taken already stays as it is. A source may have several.

    Raises InvalidSourceHostnameError.
    """
    name = source_hostname.canonical(source_hostname.checked(hostname))
    values = {
        "source_hostname": name,
        "fingerprint": key.fingerprint,
        "public_key": key.to_pem().decode(),
        "added_by_id": added_by_id,
    }
    session.execute(insert(TrustedKey).values(values).on_conflict_do_nothing())
    return session.scalars(
        select(TrustedKey).where(TrustedKey.source_hostname == name, TrustedKey.fingerprint == key.fingerprint)
    ).one()


def listed(session: Session) -> Sequence[TrustedKey]:
    """All of them, by source and then the oldest first."""
    return session.scalars(select(TrustedKey).order_by(TrustedKey.source_hostname, TrustedKey.id)).all()


def remove(session: Session, hostname: str, fingerprint: str) -> None:
    """Take a key for that of a source no more. Raises TrustedKeyNotFoundError."""
    removed = session.execute(
        delete(TrustedKey)
        .where(
            TrustedKey.source_hostname == source_hostname.canonical(hostname),
            TrustedKey.fingerprint == fingerprint.lower(),
        )
        .returning(TrustedKey.id)
    )
    if removed.first() is None:
        raise TrustedKeyNotFoundError(fingerprint=ascii(fingerprint[:100])[1:-1], hostname=ascii(hostname[:255])[1:-1])


def of_source(session: Session, hostname: str) -> list[PublicKey]:
    """The keys of a source, as an archive names it."""
    name = source_hostname.canonical(hostname)
    kept = session.scalars(select(TrustedKey).where(TrustedKey.source_hostname == name).order_by(TrustedKey.id))
    return [key.read() for key in kept]
