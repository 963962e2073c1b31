"""`SHA256SUMS`: the lines that `sha256sum -c` reads, and nothing else."""

import pytest

from offline_transfer.archive.checksums import read_checksums, write_checksums
from offline_transfer.archive.errors import InvalidChecksumsError
from offline_transfer.archive.limits import Limits

ONE, OTHER = "0" * 64, "ab" * 32


def read(data: bytes) -> list[tuple[str, str]]:
    return list(read_checksums([data], Limits(), "SHA256SUMS"))


def test_what_is_written_is_read() -> None:
    sums = [("group_1/labels/batch_1.ndjson.gz", ONE), ("manifest.json.gz", OTHER)]
    written = b"".join(write_checksums(sums))
    assert written == f"{ONE}  group_1/labels/batch_1.ndjson.gz\n{OTHER}  manifest.json.gz\n".encode()
    assert read(written) == sums


def test_the_mark_of_a_binary_file_is_read() -> None:
    assert read(f"{ONE} *group_1/self.json.gz\n".encode()) == [("group_1/self.json.gz", ONE)]


@pytest.mark.parametrize(
    "line",
    [
        "",
        ONE,
        f"{ONE} group_1/self.json.gz",
        f"{ONE[1:]}  group_1/self.json.gz",
        f"{OTHER.upper()}  group_1/self.json.gz",
        f"\\{ONE}  group_1/self.json.gz",
        f"{ONE}  group_1/self.json.gz\r",
        f"{ONE}  ../group_1/self.json.gz",
        f"{ONE}  /etc/passwd",
        f"{ONE}  metadata.json.gz",
        f"{ONE}  SHA256SUMS",
        f"{ONE}  group_1/sélf.json.gz",
        f"SHA256 (group_1/self.json.gz) = {ONE}",
    ],
)
def test_any_other_line_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(InvalidChecksumsError, match=r"^SHA256SUMS, line 2: "):
        read(f"{ONE}  manifest.json.gz\n{line}\n".encode())
