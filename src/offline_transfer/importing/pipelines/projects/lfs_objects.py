"""The LFS objects of a project."""

from offline_transfer.importing.extractors import tar
from offline_transfer.importing.loaders.lfs_objects import store_lfs_objects
from offline_transfer.importing.pipeline import Pipeline

LFS_OBJECTS = Pipeline("lfs_objects", extractor=tar.members, loader=store_lfs_objects, file_extraction_pipeline=True)
