"""The names of the jobs of an import. `jobs.imports` registers a function for each."""

from typing import Final

IMPORT: Final = "bulk_import"
ENTITY: Final = "bulk_import_entity"
PIPELINE: Final = "bulk_import_pipeline"
PIPELINE_BATCH: Final = "bulk_import_pipeline_batch"
FILE_PIPELINE_BATCH: Final = "bulk_import_file_pipeline_batch"
FINISH_BATCHED_PIPELINE: Final = "finish_batched_pipeline"
TRANSFORM_REFERENCES: Final = "transform_references"
FINISH: Final = "finish_bulk_import"
MAIL: Final = "bulk_import_mail"
