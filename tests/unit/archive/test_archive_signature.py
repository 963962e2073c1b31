"""Signatures say who made an archive, to us and to OpenSSL alike."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from offline_transfer.archive.errors import InvalidPublicKeyError, InvalidSigningKeyError
from offline_transfer.archive.signature import PublicKey, SigningKey

KEY = SigningKey.generate()
PUBLIC = KEY.public_key("source.pub")
SUMS = b"%s  group_1/self.json.gz\n" % (b"0" * 64)


@pytest.fixture
def sums() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(SUMS)
        yield file


def test_what_was_signed_is_known(sums: IO[bytes]) -> None:
    signature = KEY.sign(sums)
    assert len(signature) == 64
    assert PublicKey.read(PUBLIC.to_pem(), "again").has_signed(sums, signature)
    assert SigningKey.read(KEY.to_pem(), "key").sign(sums) == signature


def test_what_was_changed_or_signed_by_another_is_not(sums: IO[bytes]) -> None:
    signature = KEY.sign(sums)
    assert not SigningKey.generate().public_key("other").has_signed(sums, signature)
    sums.seek(3)
    sums.write(b"1")
    assert not PUBLIC.has_signed(sums, signature)


@pytest.mark.parametrize("signature", [b"", b"short", bytes(64), bytes(100_000)])
def test_what_is_no_signature_proves_nothing(sums: IO[bytes], signature: bytes) -> None:
    assert not PUBLIC.has_signed(sums, signature)


def test_an_empty_file_can_be_signed() -> None:
    with tempfile.TemporaryFile() as file:
        assert PUBLIC.has_signed(file, KEY.sign(file))


def test_a_fingerprint_is_that_of_openssl(tmp_path: Path) -> None:
    encoded = _openssl(tmp_path, "pkey", "-pubin", "-outform", "DER", stdin=PUBLIC.to_pem())
    digest = _openssl(tmp_path, "dgst", "-sha256", "-r", stdin=encoded)
    assert PUBLIC.fingerprint == f"sha256:{digest[:64].decode()}"


def test_openssl_checks_what_we_sign_and_we_check_what_openssl_signs(tmp_path: Path, sums: IO[bytes]) -> None:
    (tmp_path / "key").write_bytes(KEY.to_pem())
    (tmp_path / "key.pub").write_bytes(PUBLIC.to_pem())
    (tmp_path / "SHA256SUMS").write_bytes(SUMS)
    (tmp_path / "SHA256SUMS.sig").write_bytes(KEY.sign(sums))
    said = _openssl(
        tmp_path,
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pub",
        "-rawin",
        "-in",
        "SHA256SUMS",
        "-sigfile",
        "SHA256SUMS.sig",
    )
    assert said == b"Signature Verified Successfully\n"
    _openssl(tmp_path, "pkeyutl", "-sign", "-inkey", "key", "-rawin", "-in", "SHA256SUMS", "-out", "theirs.sig")
    assert PUBLIC.has_signed(sums, (tmp_path / "theirs.sig").read_bytes())


def test_a_key_of_openssl_is_taken(tmp_path: Path, sums: IO[bytes]) -> None:
    pem = _openssl(tmp_path, "genpkey", "-algorithm", "ed25519")
    public = _openssl(tmp_path, "pkey", "-pubout", stdin=pem)
    assert PublicKey.read(public, "public").has_signed(sums, SigningKey.read(pem, "private").sign(sums))


OTHER_KIND = ec.generate_private_key(ec.SECP256R1())
ENCRYPTED = ed25519.Ed25519PrivateKey.generate().private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
)


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "it is not PEM, or was cut off"),
        (b"AGE-SECRET-KEY-1", "it is not PEM, or was cut off"),
        (KEY.to_pem()[:60], "it is not PEM, or was cut off"),
        (PUBLIC.to_pem(), "it is not PEM, or was cut off"),
        (ENCRYPTED, "it is encrypted, and nobody is there to ask"),
        (
            OTHER_KIND.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            "it is another kind of key",
        ),
    ],
    ids=["nothing", "a key of age", "one that was cut", "a public key", "an encrypted key", "another kind"],
)
def test_what_is_no_signing_key_is_refused(pem: bytes, reason: str) -> None:
    with pytest.raises(InvalidSigningKeyError, match=f"^key.pem holds no key to sign with: {reason}"):
        SigningKey.read(pem, "key.pem")


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "it is not PEM, or was cut off"),
        (KEY.to_pem(), "it is not PEM, or was cut off"),
        (
            OTHER_KIND.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
            "it is another kind of key",
        ),
    ],
)
def test_what_is_no_public_key_is_refused(pem: bytes, reason: str) -> None:
    with pytest.raises(InvalidPublicKeyError, match=f"^key.pub holds no public key: {reason}"):
        PublicKey.read(pem, "key.pub")


def test_a_signing_key_does_not_show_itself() -> None:
    assert repr(KEY) == "SigningKey()"


def _openssl(directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is absent")
    return subprocess.run([program, *arguments], cwd=directory, input=stdin, check=True, capture_output=True).stdout
