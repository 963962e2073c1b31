"""Vulnerability reports of a project."""

import hashlib
import json
import uuid

from demo.rows import Values
from demo.scene import Project, Scene
from offline_transfer.forge.enums import DetectionMethod, ReportType, Severity
from offline_transfer.forge.vulnerabilities import (
    Vulnerability,
    VulnerabilityFinding,
    VulnerabilityIdentifier,
    VulnerabilityOccurrenceIdentifier,
    VulnerabilityRead,
    VulnerabilityScanner,
)


def add_vulnerabilities(scene: Scene, project: Project, pipelines: list[int]) -> None:
    """Vulnerabilities that several scanners found, with identifiers that some share."""
    scanners = [
        scene.rows.add(
            VulnerabilityScanner,
            **scene.times(),
            project_id=project.id,
            external_id=name,
            name=name.title(),
            vendor=vendor,
        )
        for name, vendor in (("semgrep", "GitLab"), ("своё/сканер", "Häfen & Co."))
    ]
    identifiers = [
        _add_identifier(scene, project, kind, number) for number, kind in enumerate(("cwe", "cve", "cwe", "semgrep_id"))
    ]
    for number, report_type in enumerate((ReportType.sast, ReportType.dast, ReportType.secret_detection)):
        vulnerability_id = scene.rows.add(
            Vulnerability,
            **scene.times(),
            project_id=project.id,
            author_id=scene.somebody(),
            title=scene.words.title(),
            description=scene.words.paragraph() if number else None,
            severity=tuple(Severity)[number],
            report_type=report_type,
        )
        scanner_id = scanners[number % len(scanners)]
        finding_id = _add_finding(
            scene,
            project,
            number,
            vulnerability_id=vulnerability_id,
            report_type=report_type,
            scanner_id=scanner_id,
            primary_identifier_id=identifiers[number],
            initial_pipeline_id=pipelines[0],
            latest_pipeline_id=pipelines[-1],
        )
        for identifier_id in identifiers[number : number + 2]:
            link: Values = {"occurrence_id": finding_id, "identifier_id": identifier_id}
            scene.rows.add(VulnerabilityOccurrenceIdentifier, **scene.times(), **link)
        scene.rows.add(
            VulnerabilityRead, vulnerability_id=vulnerability_id, project_id=project.id, scanner_id=scanner_id
        )


def _add_identifier(scene: Scene, project: Project, kind: str, number: int) -> int:
    name = f"{kind.upper()}-{number + 79}"
    return scene.rows.add(
        VulnerabilityIdentifier,
        **scene.times(),
        project_id=project.id,
        fingerprint=hashlib.sha256(name.encode()).hexdigest()[:40],
        external_type=kind,
        external_id=str(number + 79),
        name=name,
        url=f"https://cwe.example/data/{number + 79}.html?ü",
    )


def _add_finding(scene: Scene, project: Project, number: int, **values: object) -> int:
    location = {"file": "lib/part_0.py", "start_line": 7, "note": 'tab\there \\ "quoted"'}
    return scene.rows.add(
        VulnerabilityFinding,
        **scene.times(),
        **values,
        project_id=project.id,
        severity=tuple(Severity)[number],
        location_fingerprint=scene.words.digest(),
        name=scene.words.title(),
        metadata_version="15.0.7",
        raw_metadata=json.dumps({"location": location, "message": scene.words.title()}),
        detection_method=tuple(DetectionMethod)[number],
        uuid=str(uuid.UUID(scene.words.digest(32))),
    )
