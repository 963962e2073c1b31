"""Places in stores."""

from dataclasses import dataclass

from offline_transfer.storage.keys import validate_key
from offline_transfer.storage.store import Store


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a store: what lies there has the prefix and a slash before its name, or nothing if the prefix is empty."""

    store: Store
    prefix: str

    def key(self, name: str) -> str:
        """The key in the store of what is called `name` here. Raises InvalidObjectKeyError."""
        return validate_key(f"{self.prefix}/{name}" if self.prefix else name)

    def name(self, key: str) -> str:
        """What the object with a key of the store is called here: the reverse of `key`."""
        return key.removeprefix(f"{self.prefix}/") if self.prefix else key

    def below(self, name: str) -> "Location":
        """The place called `name` in this one. Raises InvalidObjectKeyError."""
        return Location(self.store, self.key(name))

    def describe(self) -> str:
        """The place as messages name it, without credentials."""
        return f"{self.prefix} in {self.store.describe()}" if self.prefix else self.store.describe()
