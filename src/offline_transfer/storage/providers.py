"""The kinds of stores that a request may name."""

from enum import StrEnum
from typing import Final


class Provider(StrEnum):
    """A kind of store. The names of object stores are GitLab's."""

    AWS = "aws"
    S3_COMPATIBLE = "s3_compatible"
    GCS_HMAC = "gcs_hmac"
    GCS = "gcs"
    GCS_APPLICATION_DEFAULT = "gcs_application_default"
    AZURE = "azure"
    DISK = "disk"

    @property
    def number(self) -> int:
        """What stands for it in a row: GitLab's numbers, and ours from 100 on."""
        return _NUMBERS[self]

    @classmethod
    def of_number(cls, number: int) -> "Provider":
        """The reverse of `number`. Raises KeyError."""
        return _PROVIDERS[number]


_NUMBERS: Final = {
    Provider.AWS: 0,
    Provider.S3_COMPATIBLE: 1,
    Provider.GCS_HMAC: 2,
    Provider.GCS: 3,
    Provider.GCS_APPLICATION_DEFAULT: 4,
    Provider.AZURE: 100,
    Provider.DISK: 101,
}
_PROVIDERS: Final = {number: provider for provider, number in _NUMBERS.items()}
