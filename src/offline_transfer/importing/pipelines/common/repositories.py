"""Relations that are one Git repository, as a bundle in a tar."""

from offline_transfer.importing.extractors import tar
from offline_transfer.importing.loaders.repositories import restore_repository
from offline_transfer.importing.pipeline import Pipeline
from offline_transfer.importing.transformers.bundles import the_bundle


def repository_pipeline(relation: str) -> Pipeline:
    """The bundle of that name is fetched, checked and put in place."""
    return Pipeline(
        relation,
        extractor=tar.members,
        transformers=(the_bundle,),
        loader=restore_repository,
        file_extraction_pipeline=True,
    )
