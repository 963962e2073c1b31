"""What can go wrong with an import as a whole."""

from offline_transfer.errors import BadInputError, ConflictError, ExitStatus, NotFoundError, StorageError, UsageError


class DestinationNotFoundError(NotFoundError):
    """There is no group `{path}` to import into. Create it first, or name another destination."""


class DestinationForbiddenError(BadInputError):
    """One or more destination paths is invalid: {paths}. They do not exist, or you may not import there, which takes an Owner of
    the group.

    It does not tell which, since that would tell strangers what there is.
    """

    exit_status = ExitStatus.NOT_FOUND


class NotRemovableError(BadInputError):
    """These groups and projects are not yours to remove, which takes an Owner: {paths}."""

    http_status = 403


class ProjectAtRootError(UsageError):
    """A project needs a group to stand in, and none is named for {paths}. Name one with `--entity SOURCE=NAMESPACE`, or one for
    all that comes with `--all NAMESPACE`.
    """

    http_status = 422


class InvalidDestinationError(BadInputError):
    """`{path}` cannot be a path of a group or project: {reason}. Choose another with `--entity SOURCE=NAMESPACE:SLUG`."""


class SourceEntityNotFoundError(NotFoundError):
    """The archive holds no `{path}`. It holds: {known}."""

    http_status = 422


class SourceKindError(BadInputError):
    """`{path}` was asked for as what it is not in the archive. It is a {actual} there."""


class NothingWantedError(UsageError):
    """Nothing was named to import. Name groups or projects of the archive by their full paths"""

    http_status = 422


class NothingToImportError(BadInputError):
    """The archive at {where} holds nothing that is wanted: no group, and no project but those that shall stay away."""


class DamagedArchiveError(BadInputError):
    """The archive at {where} is damaged, and nothing was imported: {problem}. Copy it again and run
    `offline-transfer archive verify`.
    """


class ArchiveTooLargeError(BadInputError):
    """The archive at {where} holds more than this instance takes, and nothing was imported: {problem}. If it is to be trusted, ask
    an administrator to raise `bulk_import_max_download_file_size` or `max_decompressed_archive_size`."""


class UnexpectedObjectError(BadInputError):
    """The archive at {where} holds {key}, and nothing was imported: {reason}. Remove it if it came there by accident, as desktops
    leave such files; otherwise copy the archive again, into an empty directory.
    """


class UnknownRelationInArchiveError(BadInputError):
    """The archive at {where} holds {key}, whose relation this program does not know, and nothing was imported. Import it with a
    newer release of offline-transfer.

    An archive with a manifest says so of itself; in GitLab's, which have none, unknown relations are counted as skipped.
    """


class UnsignedArchiveError(BadInputError):
    """The archive at {where} has no signature, and this instance takes signed archives alone. Have it exported with `--sign`, and
    with its manifest; or have an administrator set `offline_transfer_signature_policy` to `any`."""


class UnknownSignerError(BadInputError):
    """The archive at {where} says that it comes from {hostname}, and {reason}. Have it exported with a key of that source; or
    compare the fingerprint of its public key with those who run the source, then `offline-transfer trust add {hostname} FILE`."""


class SignatureWithoutContentsError(BadInputError):
    """The archive at {where} is signed, and what is in it is not what was signed: {reason}. Get it again from its source."""


class PlainArchiveError(BadInputError):
    """The archive at {where} is not encrypted, and a key was given to open it. If you expected that nobody can read or write it but
    those with the key, do not trust it; otherwise import it without `--identity` and `--passphrase-file`."""


class ArchiveExchangedError(BadInputError):
    """The archive at {where} is not the one that import {id} was begun with: its manifest is another. Put that one back and retry
    the import, or begin a new one."""


class RecordCountError(BadInputError):
    """{name} holds {found} records of `{path}` than the {announced:,} that are announced for it. Copy it again from where it was
    exported, or export again; if it was not changed on its way, do not trust this archive."""


class DestinationTakenError(ConflictError):
    """`{path}` is a project, and groups and projects stand in groups. Name another namespace."""


class WrongAttributesError(BadInputError):
    """The attributes of {path} cannot be used: {problem}"""


class BundleSpoolFullError(StorageError):
    """There is no room for {name} in `spool` in the data directory. Free some space there, or raise its quota or limit on file
    sizes, and import again."""

    http_status = 507


class ObjectGoneError(StorageError):
    """The archive holds no object {number} of {relation} of {path} any more. Copy it again, and try the import again."""


class ImportEndedError(ConflictError):
    """The import {id} is {status}: there is nothing to cancel."""


class ImportAtWorkError(ConflictError):
    """Import {id} has not ended. Wait for its end, or cancel it, and try again."""


class ImportNotRetryableError(ConflictError):
    """The import {id} is {status}. It can be tried again when it has failed, was canceled, took too long, or has failures,
    and was not taken back.
    """


class PipelineAbortedError(BadInputError):
    """`{relation}` could not be imported, and nothing else can be without it. The failures of the import say why."""


class ImportNotFoundError(NotFoundError):
    """There is no import {id} in this instance. Its number was printed when it began, and is in the mail that told of its end."""


class ImportFailedError(BadInputError):
    """Import {id} failed: {reason} `offline-transfer report {id}` says what became of each group and project. Once the reason is
    out of the way, `offline-transfer import --resume {id}` goes on.

    What one record or file meets fails that alone; an import has failed when not one group or project came of it.
    """


class LoadFailedError(BadInputError):
    """Nothing of the export could be loaded: {reason} `offline-transfer report {id}` says more. Once the reason is out of the way,
    load it again."""


class ImportCanceledError(ConflictError):
    """Import {id} was canceled by somebody else. `offline-transfer report {id}` says what had come by then, and
    `offline-transfer import --resume {id}` goes on."""
