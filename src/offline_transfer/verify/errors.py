"""What can be wrong before an archive can be looked at at all."""

from offline_transfer.errors import BadInputError, ExitStatus, NotFoundError, StorageError, UsageError


class ArchiveNotFoundError(NotFoundError):
    """There is no finished archive at {where}: `metadata.json.gz` is missing. Check the prefix. An export that was broken off has
    to be run again; a copy has to bring that file too."""

    exit_status = ExitStatus.NOT_FOUND
    http_status = 422


class ManifestMissingError(BadInputError):
    """The archive at {where} was written with a manifest, and `manifest.json.gz` is missing. Copy it from where it was exported,
    or export again."""


class EntityNotInArchiveError(NotFoundError):
    """The archive at {where} holds no group or project `{path}`. `offline-transfer archive inspect` lists what it holds."""


class SpoolFullError(StorageError):
    """There is no room for {name} in the temporary directory. Free some space there, or name another directory in TMPDIR."""

    http_status = 507


class UnknownRootError(UsageError):
    """`{path}` is not the top of anything in the archive, which has: {roots}. Name one of these."""


class UntrustedArchiveError(BadInputError):
    """The archive at {where} does not have the signature that is asked for: {reason}. Get it again from its source, or ask
    there for the public key."""


class ProfileNotReadError(NotFoundError):
    """The profile {path} cannot be read: {reason}. The destination writes it with `offline-transfer profile --output FILE`."""


class InvalidProfileError(BadInputError):
    """{path} is not the profile of a destination: {problem}. Have it written again with
    `offline-transfer profile --output FILE`."""
