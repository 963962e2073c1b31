"""Who the users are whom the records of a group or project name."""

from dataclasses import replace

from offline_transfer.importing.loaders.rows import make_users
from offline_transfer.importing.pipelines.ndjson import ndjson_pipeline
from offline_transfer.importing.transformers.units import in_chunks, to_units

# A user becomes no row of a relation: somebody stands for them.
USER_CONTRIBUTIONS = replace(
    ndjson_pipeline("user_contributions"), transformers=(to_units, in_chunks), loader=make_users
)
