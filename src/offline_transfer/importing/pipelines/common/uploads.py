"""The attachments and the avatar of a group or project."""

from offline_transfer.importing.extractors import tar
from offline_transfer.importing.loaders.uploads import store_uploads
from offline_transfer.importing.pipeline import Pipeline

UPLOADS = Pipeline("uploads", extractor=tar.members, loader=store_uploads, file_extraction_pipeline=True)
