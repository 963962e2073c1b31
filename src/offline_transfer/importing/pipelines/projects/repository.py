"""The Git repository of a project."""

from offline_transfer.importing.pipelines.common.repositories import repository_pipeline

REPOSITORY = repository_pipeline("repository")
