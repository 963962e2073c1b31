"""The `age` that others wrote opens what we encrypt, and we open what it encrypts."""

import shutil
import subprocess
from pathlib import Path

import pytest

from offline_transfer.archive.encryption import Encryption, EncryptionRequest, Keys, identities_of, new_identity_file
from offline_transfer.archive.objects import ObjectStream

PASSPHRASE = "correct horse battery staple"
CONTENT = b'{"title":"bug"}\n' * 50_000


def age(name: str, *arguments: str | Path, stdin: bytes = b"") -> bytes:
    """What one of its programs prints."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is absent: install the package age")
    return subprocess.run([program, *arguments], input=stdin, check=True, capture_output=True, timeout=60).stdout


@pytest.fixture
def key_file(tmp_path: Path) -> tuple[Path, str]:
    """An identity of ours in a file, and its recipient."""
    text, recipient = new_identity_file("2026-04-16T19:39:00Z")
    path = tmp_path / "key.txt"
    path.write_text(text)
    return path, recipient


def test_it_opens_our_objects(tmp_path: Path, key_file: tuple[Path, str]) -> None:
    path, recipient = key_file
    stored = b"".join(ObjectStream([CONTENT], Encryption((recipient,))))
    compressed = age("age", "--decrypt", "--identity", path, stdin=stored)
    assert subprocess.run(["gunzip"], input=compressed, check=True, capture_output=True).stdout == CONTENT


def test_we_open_its_files(tmp_path: Path, key_file: tuple[Path, str]) -> None:
    path, recipient = key_file
    other = age("age-keygen", "-y", stdin=age("age-keygen")).decode().strip()
    stored = age("age", "--encrypt", "--recipient", other, "--recipient", recipient, stdin=CONTENT)
    keys = Keys(identities_of(path.read_text(), str(path)))
    assert b"".join(keys.open([stored], "object")) == CONTENT


def test_it_reads_our_identity_files_and_we_read_its(key_file: tuple[Path, str]) -> None:
    path, recipient = key_file
    assert age("age-keygen", "-y", path).decode().strip() == recipient
    (identity,) = identities_of(age("age-keygen").decode(), "theirs")
    assert str(identity.to_public()).startswith("age1")


def test_it_refuses_what_was_cut(key_file: tuple[Path, str]) -> None:
    path, recipient = key_file
    stored = b"".join(Encryption((recipient,)).seal([CONTENT]))
    with pytest.raises(subprocess.CalledProcessError):
        age("age", "--decrypt", "--identity", path, stdin=stored[:-1])


@pytest.mark.slow
def test_it_opens_an_archive_with_its_passphrase(tmp_path: Path) -> None:
    prepared = EncryptionRequest(passphrase=PASSPHRASE).prepare()
    assert prepared.identity is not None
    (tmp_path / "identity.age").write_bytes(prepared.identity)
    (tmp_path / "object.age").write_bytes(b"".join(prepared.encryption.seal([CONTENT])))
    if shutil.which("age") is None:
        pytest.skip("age is absent: install the package age")
    # It asks for passphrases at a terminal alone.
    command = "age --decrypt --identity identity.age --output object object.age"
    terminal = ["script", "--quiet", "--return", "--command", command, "/dev/null"]
    subprocess.run(
        terminal, cwd=tmp_path, input=f"{PASSPHRASE}\n".encode(), check=True, capture_output=True, timeout=60
    )
    assert (tmp_path / "object").read_bytes() == CONTENT
