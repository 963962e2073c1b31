"""How the API opens stores: the one who waits for an answer has to hear soon."""

from offline_transfer.storage.configuration import ASKING, Patience, StorageConfiguration
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.location import Location


def asked(storage: StorageConfiguration, policy: EgressPolicy, _: Patience) -> Location:
    """A store, with the patience of a person and not of a worker."""
    return storage.open(policy, patience=ASKING)
