"""What can be wrong with a file-based export."""

from offline_transfer.errors import BadInputError, ConflictError, NotFoundError, StorageError, UsageError


class ExportNotFoundError(NotFoundError):
    """There is no export at {path}. Name the `.tar.gz` that GitLab made, its unpacked directory, or a `project.json` or
    `group.json`."""


class NotAnExportError(BadInputError):
    """{path} is not an export of GitLab: {reason}. Name the `.tar.gz` that GitLab made, its unpacked directory, or a
    `project.json` or `group.json`."""


class ExportFormatError(BadInputError):
    """{path} has export format {version}, and {supported} is the one that can be read. Export again from GitLab 13.5 or later."""


class SourceVersionError(BadInputError):
    """{path} was made by GitLab {version}; exports of GitLab {oldest} to {newest} can be read. {remedy}"""


class LinkInExportError(BadInputError):
    """{name} in {path} is {kind}, and only regular files and directories are accepted. Replace it by the file itself."""


class ConflictingMemberError(BadInputError):
    """{path} holds {name} both as a file and as a directory, or twice. Export again; if the source knows nothing of it, do not
    trust this archive."""


class DamagedTreeError(BadInputError):
    """{name} is damaged: {reason}. Export again, or correct the file."""


class UnreadableExportError(StorageError):
    """{name} cannot be read: {reason}. Check the permissions of the file and the disk that it lies on."""


class NoRoomError(StorageError):
    """{name} cannot be written: {reason}. Free space there, or choose another place."""

    http_status = 507


class TargetExistsError(ConflictError):
    """{path} exists already. Remove it, or choose another place."""


class NamespaceNeededError(UsageError):
    """A project needs a group to stand in. Name one with `--namespace`; it is made when it does not exist."""
