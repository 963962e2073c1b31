"""The repository of a project's designs."""

from offline_transfer.importing.pipelines.common.repositories import repository_pipeline

DESIGN = repository_pipeline("design")
