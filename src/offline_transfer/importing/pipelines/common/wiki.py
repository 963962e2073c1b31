"""The wiki of a group or project."""

from offline_transfer.importing.pipelines.common.repositories import repository_pipeline

WIKI = repository_pipeline("wiki")
