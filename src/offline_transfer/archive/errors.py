"""What can be wrong with an archive.

Names and texts that an archive brought go through `shown` before they stand in a message: an error ends up on terminals,
in logs and in mails.
"""

import re
from typing import Self

from offline_transfer.errors import BadInputError, OfflineTransferError, UsageError

SHOWN_LENGTH = 200


def shown(text: object) -> str:
    """A text of unknown origin, safe to print: on one line, in ASCII, cut after 200 characters."""
    plain = str(text)
    cut = plain[:SHOWN_LENGTH].encode("unicode_escape").decode("ascii")
    return cut if len(plain) <= SHOWN_LENGTH else f"{cut}..."


def about(name: str, message: str) -> str:
    """A message that says what it is about: after the name, unless the message gives it itself, and not only something below it."""
    return message if re.search(re.escape(name) + "(?!/)", message) else f"{name}: {message}"


class InvalidKeyError(BadInputError):
    """`{key}` is not the key of an archive object: {reason}. Keep the names below the export prefix as the export wrote them."""


class InvalidExportPrefixError(BadInputError):
    """`{prefix}` cannot be an export prefix: {reason}. Give the path below which the archive lies, such as
    `2026-04-16_19-39-00_export_dJtnb3CV`."""


class LimitExceededError(BadInputError):
    """{name} has more than {limit:,} {unit}. If you trust where it comes from, raise the limit `{setting}`."""


class TookTooLongError(BadInputError):
    """{name} took longer than {limit:,} seconds to read. If you trust where it comes from and its store is slow, raise the limit
    `object_seconds`."""


class DamagedObjectError(BadInputError):
    """{name} is damaged: {reason}. Copy it again from where it was exported, or export again."""


class TruncatedObjectError(DamagedObjectError):
    """{name} is cut off: {reason}. Copy it again from where it was exported, or export again."""


class ChecksumMismatchError(DamagedObjectError):
    """{name} is not what was exported: {reason}. Copy it again from where it was exported, or export again."""


class UnsafeMemberError(BadInputError):
    """{name} holds a member that is refused, `{member}`: {reason}. Rename or remove it at the source and
    export again; if the source knows nothing of it, do not trust this archive."""


class MemberChangedError(OfflineTransferError):
    """The file for the member `{member}` of {name} gave {actual:,} bytes where {expected:,} were announced. It changed while it was
    read; export the relation again."""

    retryable = True


class RecordError(BadInputError):
    """{name}, line {line}: {problem}.

    The branch of single records. The lines after a refused one are still in step, so a caller may fail this record alone and go on.
    `index` counts from 0, as GitLab's `relation_index` does; `line` counts from 1, as editors do.
    """

    @classmethod
    def at(cls, *, name: str, index: int, problem: str) -> Self:
        """The error for the record at this position of the object `name`."""
        return cls(name=name, index=index, line=index + 1, problem=problem)

    @property
    def index(self) -> int:
        """The position of the record in its object, counted from 0."""
        index = self.details["index"]
        assert isinstance(index, int)
        return index

    @property
    def problem(self) -> str:
        """What is wrong, without the place."""
        return str(self.details["problem"])


class InvalidRecordError(RecordError):
    """{name}, line {line}: {problem}. Each line has to be one JSON object in UTF-8; export the relation again."""


class NulInRecordError(RecordError):
    """{name}, line {line}: {problem}. Remove the character at the source and export the relation again."""


class RecordTooDeepError(RecordError):
    """{name}, line {line}: {problem}. If you trust where it comes from, raise the limit `json_depth`."""


class RecordTooLargeError(RecordError):
    """{name}, line {line}: {problem}. If you trust where it comes from, raise the limit `record_values`."""


class NumberOutOfRangeError(RecordError):
    """{name}, line {line}: {problem}, which would not survive reading. Correct it at the source and export the relation again."""


class InvalidFieldError(BadInputError):
    """`{key}`: {problem}

    Always wrapped in an error that names the document.
    """


class InvalidMetadataError(BadInputError):
    """{name} is not the metadata of an export: {reason}. Copy it again from where it was exported, or export again."""


class UnsupportedSourceVersionError(BadInputError):
    """The archive was written by GitLab {version}; the oldest version that can be imported is {minimum}. Upgrade the source and
    export again."""


class UnsupportedFormatVersionError(BadInputError):
    """The archive has format version {version}; this program reads versions up to {supported}. Import it with a newer release of
    offline-transfer."""


class InvalidManifestError(BadInputError):
    """{name} is not the manifest of an export: {reason}. Copy it again from where it was exported, or export again."""


class InvalidChecksumsError(BadInputError):
    """{name}, line {line}: {reason}. Copy the file again from where it was exported, or export again."""


class MixedArchiveError(BadInputError):
    """The manifest and the metadata of this archive disagree about {fields}: they come from different exports. Copy both again from
    one export prefix."""


class InvalidRecipientError(UsageError):
    """`{given}` is no recipient: {reason}. A recipient begins with `age1`; `offline-transfer keygen` and `age-keygen` print it for
    whoever shall be able to read the archive."""


class WeakPassphraseError(UsageError):
    """The passphrase has {length} characters, and at least {minimum} are needed: whoever gets hold of the archive can go on trying.
    Take several random words."""


class InvalidIdentityError(UsageError):
    """{name} holds no identity: {reason}. An identity file has a line that begins with `AGE-SECRET-KEY-1`; it is what
    `offline-transfer keygen` and `age-keygen` write."""


class InvalidSigningKeyError(UsageError):
    """{name} holds no key to sign with: {reason}. It has to be the file that `offline-transfer keygen --signing` writes, or another
    unencrypted Ed25519 key in PEM."""


class InvalidPublicKeyError(UsageError):
    """{name} holds no public key: {reason}. It has to be the file ending in `.pub` that `offline-transfer keygen --signing` writes,
    or another Ed25519 key in PEM."""


class WrongIdentityError(BadInputError):
    """None of the given keys opens {name}. Give the identity file of a recipient to whom the archive was encrypted (`--identity`),
    or its passphrase (`--passphrase-file`)."""


class WrongPassphraseError(BadInputError):
    """The passphrase does not open {name}. Give the passphrase that this archive was exported with (`--passphrase-file`), or the
    identity file of a recipient (`--identity`)."""


class NoPassphraseError(BadInputError):
    """The archive at {where} was not encrypted with a passphrase. Give the identity file of a recipient (`--identity`)."""


class KeyNeededError(UsageError):
    """The archive at {where} is encrypted. Give the identity file of a recipient (`--identity`), or its passphrase
    (`--passphrase-file`)."""

    http_status = 422
