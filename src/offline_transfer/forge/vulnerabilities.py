"""Vulnerability reports (Enterprise Edition)."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, String, UniqueConstraint, Uuid, func
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.forge.base import Base, EnumInteger, TextFormat
from offline_transfer.forge.enums import DetectionMethod, ReportType, Severity


class Vulnerability(Base):
    """One row of `vulnerabilities`."""

    __tablename__ = "vulnerabilities"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    severity: Mapped[Severity] = mapped_column(EnumInteger(Severity))
    report_type: Mapped[ReportType] = mapped_column(EnumInteger(ReportType))


class VulnerabilityFinding(Base):
    """One row of `vulnerability_occurrences`."""

    __tablename__ = "vulnerability_occurrences"
    __table_args__ = (UniqueConstraint("project_id", "uuid"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    severity: Mapped[Severity] = mapped_column(EnumInteger(Severity))
    report_type: Mapped[ReportType] = mapped_column(EnumInteger(ReportType))
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    scanner_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("vulnerability_scanners.id", ondelete="CASCADE"), index=True
    )
    primary_identifier_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("vulnerability_identifiers.id", ondelete="CASCADE"), index=True
    )
    location_fingerprint: Mapped[str]
    name: Mapped[str]
    metadata_version: Mapped[str]
    raw_metadata: Mapped[str | None]
    vulnerability_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("vulnerabilities.id", ondelete="SET NULL"), index=True
    )
    detection_method: Mapped[DetectionMethod] = mapped_column(EnumInteger(DetectionMethod), server_default="0")
    uuid: Mapped[str] = mapped_column(Uuid(as_uuid=False), server_default="00000000-0000-0000-0000-000000000000")
    initial_pipeline_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("p_ci_pipelines.id", ondelete="SET NULL"), index=True
    )
    latest_pipeline_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("p_ci_pipelines.id", ondelete="SET NULL"), index=True
    )


class VulnerabilityRead(Base):
    """One row of `vulnerability_reads`."""

    __tablename__ = "vulnerability_reads"
    __table_args__ = (UniqueConstraint("vulnerability_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    vulnerability_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("vulnerabilities.id", ondelete="CASCADE"))
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    scanner_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("vulnerability_scanners.id", ondelete="CASCADE"), index=True
    )


class VulnerabilityScanner(Base):
    """One row of `vulnerability_scanners`."""

    __tablename__ = "vulnerability_scanners"
    __table_args__ = (UniqueConstraint("project_id", "external_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    external_id: Mapped[str]
    name: Mapped[str]
    vendor: Mapped[str] = mapped_column(server_default="GitLab")


class VulnerabilityIdentifier(Base):
    """One row of `vulnerability_identifiers`."""

    __tablename__ = "vulnerability_identifiers"
    __table_args__ = (UniqueConstraint("project_id", "fingerprint"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("projects.id", ondelete="CASCADE"))
    fingerprint: Mapped[str]
    external_type: Mapped[str]
    external_id: Mapped[str]
    name: Mapped[str]
    url: Mapped[str | None] = mapped_column(info={"format": TextFormat.URL})


class VulnerabilityOccurrenceIdentifier(Base):
    """One row of `vulnerability_occurrence_identifiers`."""

    __tablename__ = "vulnerability_occurrence_identifiers"
    __table_args__ = (UniqueConstraint("occurrence_id", "identifier_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    occurrence_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("vulnerability_occurrences.id", ondelete="CASCADE")
    )
    identifier_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("vulnerability_identifiers.id", ondelete="CASCADE"), index=True
    )
