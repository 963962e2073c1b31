"""The pipeline of a relation of records that does nothing special; what it is made of stands in the relation file."""

from offline_transfer.importing.extractors import ndjson
from offline_transfer.importing.loaders.rows import write_rows
from offline_transfer.importing.pipeline import Pipeline
from offline_transfer.importing.transformers.units import in_chunks, settled, to_units


def ndjson_pipeline(relation: str) -> Pipeline:
    """Lines become records, records become rows, and rows go in by COPY."""
    return Pipeline(relation, extractor=ndjson.records, transformers=(to_units, in_chunks, settled), loader=write_rows)
