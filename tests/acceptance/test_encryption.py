"""Archives that are encrypted, signed, copied and removed with commands."""

import gzip
import re
import stat
from pathlib import Path

import orjson
import pytest

from offline_transfer.errors import ExitStatus
from tests.acceptance.conftest import MakeInstance, Prepared
from tests.acceptance.pages import blocks, run_page
from tests.acceptance.program import Instance, Program
from tests.support.s3 import S3Server

pytestmark = pytest.mark.usefixtures("workers_here")

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def identity(program: Program, tmp_path: Path) -> tuple[Path, str]:
    """The file of an identity, and its recipient."""
    path = tmp_path / "destination.key"
    recipient = program.run("keygen", "--output", path).ok().out
    return path, recipient.strip()


@pytest.fixture
def signing_key(program: Program, tmp_path: Path) -> tuple[Path, Path]:
    """The file that signs, and the one that checks."""
    path = tmp_path / "source.key"
    program.run("keygen", "--signing", "--output", path).ok()
    return path, path.with_name("source.key.pub")


# Keys.


def test_keys_are_files_that_only_their_owner_reads(
    program: Program, identity: tuple[Path, str], signing_key: tuple[Path, Path]
) -> None:
    path, recipient = identity
    assert f"# public key: {recipient}\nAGE-SECRET-KEY-1" in path.read_text()
    assert [stat.S_IMODE(file.stat().st_mode) for file in (path, *signing_key)] == [0o600, 0o600, 0o644]
    assert signing_key[1].read_text() in signing_key[0].read_text()


def test_no_key_is_overwritten(program: Program, identity: tuple[Path, str], signing_key: tuple[Path, Path]) -> None:
    for path, words in ((identity[0], ()), (signing_key[0], ("--signing",))):
        before = path.read_bytes()
        said = program.run("keygen", *words, "--output", path).refused(ExitStatus.CONFLICT)
        assert "exists already. A key that is overwritten is lost" in said
        assert path.read_bytes() == before


def test_keys_go_to_standard_output_otherwise(program: Program) -> None:
    assert re.fullmatch(r"# created: \S+\n# public key: age1\w+\nAGE-SECRET-KEY-1\w+\n", program.run("keygen").ok().out)
    assert program.run("keygen", "--signing").ok().out.count("-----BEGIN") == 2


def test_keys_are_told_as_json(program: Program, tmp_path: Path) -> None:
    shown = program.run("keygen", "--json").ok().json
    assert f"# public key: {shown['public']}\n" in shown["secret"]
    assert shown["file"] is None
    path = tmp_path / "key"
    written = program.run("keygen", "--output", path, "--json").ok().json
    assert (written["file"], written["secret"]) == (str(path), None)
    assert written["public"] in path.read_text()


# The way from one instance to another.


def test_an_encrypted_and_signed_archive_arrives(
    own_source: Instance,
    destination: Instance,
    archive: Path,
    program: Program,
    tmp_path: Path,
    identity: tuple[Path, str],
    signing_key: tuple[Path, Path],
) -> None:
    plain_archive = archive
    key, recipient = identity
    sign, public = signing_key
    exported = own_source.json("export", "fill", "--to", tmp_path / "disk", "--encrypt-to", recipient, "--sign", sign)
    archive = tmp_path / "disk" / exported["export_prefix"]
    plain = [path.name for path in archive.rglob("*") if path.is_file() and path.suffix != ".age"]
    assert sorted(plain) == ["SHA256SUMS", "SHA256SUMS.sig"]

    # The carrier has the public key alone.
    carried = program.run("archive", "verify", archive, "--public-key", public, "--require-signature", "--json").ok()
    (unchecked,) = carried.json["findings"]
    assert unchecked["kind"] == "unchecked"
    state = {name: carried.json[name] for name in ("valid", "encrypted", "opened", "signature")}
    assert state == {"valid": True, "encrypted": True, "opened": False, "signature": "known"}
    said = program.run("archive", "inspect", archive).refused(ExitStatus.USAGE)
    assert said.endswith(
        "is encrypted. Give the identity file of a recipient (`--identity`), or its passphrase (`--passphrase-file`)."
    )

    # Whoever it was encrypted to has both.
    opened = program.run("archive", "verify", archive, "--identity", key, "--public-key", public, "--json").ok()
    state = {name: opened.json[name] for name in ("valid", "encrypted", "opened", "signature", "findings")}
    assert state == {"valid": True, "encrypted": True, "opened": True, "signature": "known", "findings": []}
    inspected = program.run("archive", "inspect", archive, "--identity", key, "--json").ok().json
    assert (inspected["encrypted"], inspected["signed"]) == (True, True)

    program.run("archive", "compare", archive, plain_archive, "--identity", key).ok()
    destination.run("import", archive, "--all", "", "--identity", key, "--require-signature", public).ok()
    assert destination.paths() == ["fill", "fill/app", "fill/inner", "fill/inner/empty"]


def test_what_is_not_signed_as_it_has_to_be_is_refused_before_a_row_is_written(
    copied: Path, destination: Instance, program: Program, tmp_path: Path, signing_key: tuple[Path, Path]
) -> None:
    _, public = signing_key
    before = destination.rows()
    said = destination.run("import", copied, "--all", "", "--require-signature", public).refused(ExitStatus.BAD_INPUT)
    assert "does not have the signature that is asked for: SHA256SUMS.sig: the archive is not signed" in said
    verify = ("archive", "verify", copied, "--public-key", public, "--require-signature")
    assert "missing_signature" in program.run(*verify).ended(ExitStatus.BAD_INPUT).out

    other = tmp_path / "other.key"
    program.run("keygen", "--signing", "--output", other).ok()
    signed = tmp_path / "signed" / copied.name
    program.run("archive", "copy", copied, signed, "--sign", other).ok()
    said = destination.run("import", signed, "--all", "", "--require-signature", public).refused(ExitStatus.BAD_INPUT)
    assert "none of the given public keys belongs to it" in said
    assert destination.rows() == before
    program.run("archive", "verify", signed, "--public-key", public, "--public-key", f"{other}.pub").ok()


@pytest.mark.slow
def test_a_passphrase_opens_and_is_never_shown(
    own_source: Instance, program: Program, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\r\nnot this line\n")
    outcome = own_source.run("export", "fill/app", "--to", tmp_path / "disk", "--passphrase-file", file, "--json").ok()
    archive = tmp_path / "disk" / outcome.json["export_prefix"]
    verified = program.run("archive", "verify", archive, "--passphrase-file", file).ok()
    assert verified.err.startswith("It is encrypted. It is not signed.\n")
    (tmp_path / "wrong").write_text("another long passphrase\n")
    refused = program.run("archive", "verify", archive, "--passphrase-file", tmp_path / "wrong")
    assert refused.refused(ExitStatus.BAD_INPUT).startswith("The passphrase does not open identity.age.")
    said = "".join((outcome.out, outcome.err, verified.out, verified.err, refused.err, caplog.text))
    assert PASSPHRASE not in said
    assert "another long" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--encrypt-to", "age1nobody"), "`age1nobody` is no recipient: it is not of the form, or was cut off."),
        (("--encrypt-to", ""), "`` is no recipient"),
        (("--sign", "absent"), "absent holds no key to sign with: No such file or directory."),
        (("--passphrase-file", "absent"), "There is no passphrase in absent: No such file or directory."),
        (("--passphrase-file", "empty"), "There is no passphrase in empty: its first line is empty."),
        (("--passphrase-file", "short"), "The passphrase has 7 characters, and at least 12 are needed"),
    ],
)
def test_what_cannot_encrypt_or_sign_is_refused_before_anything_is_written(
    source: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "short").write_text("hunter2\n")
    assert source.run("export", "fill", "--to", tmp_path / "disk", *words).refused(ExitStatus.USAGE).startswith(said)
    assert not (tmp_path / "disk").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--identity", "absent"), "absent holds no identity: No such file or directory."),
        (("--identity", "nonsense"), "nonsense holds no identity: one of its lines is neither"),
        (("--public-key", "nonsense"), "nonsense holds no public key: it is not PEM, or was cut off."),
        (("--require-signature",), "--require-signature needs --public-key, once or more."),
    ],
)
def test_keys_that_are_none_are_refused(
    archive: Path, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nonsense").write_text("AGE-PUBLIC\n")
    assert program.run("archive", "verify", archive, *words).refused(ExitStatus.USAGE).startswith(said)


# Copies.


def test_an_archive_moves_between_stores_of_different_owners(
    archive: Path, program: Program, tmp_path: Path, rclone_server: S3Server, moto_server: S3Server
) -> None:
    first, second = rclone_server.new_bucket(), moto_server.new_bucket()
    environment = {
        **rclone_server.environment(),
        **{f"TO_{name}": value for name, value in moto_server.environment().items()},
    }
    in_first, in_second = f"s3://{first.bucket}/in/{archive.name}", f"s3://{second.bucket}/{archive.name}"
    endpoints = ("--s3-endpoint", rclone_server.endpoint, "--to-s3-endpoint", moto_server.endpoint)

    up = ("archive", "copy", archive, in_first, "--to-s3-endpoint", rclone_server.endpoint, "--json")
    outcome = program.run(*up, environment=rclone_server.environment()).ok().json
    files = [path for path in archive.rglob("*") if path.is_file()]
    assert outcome == {
        "copied": len(files) - 2,
        "present": 0,
        "bytes": sum(path.stat().st_size for path in files if not path.name.startswith(("SHA", "meta"))),
        "signature": "none",
        "left": [],
    }
    program.run("archive", "copy", in_first, in_second, *endpoints, environment=environment).ok()
    again = program.run("archive", "copy", in_first, in_second, *endpoints, "--json", environment=environment).ok().json
    assert (again["copied"], again["present"]) == (0, outcome["copied"])

    down = ("archive", "copy", in_second, tmp_path / archive.name, "--s3-endpoint", moto_server.endpoint)
    program.run(*down, environment=moto_server.environment()).ok()
    for path in files:
        assert (tmp_path / archive.name / path.relative_to(archive)).read_bytes() == path.read_bytes()

    at_first = ("--s3-endpoint", rclone_server.endpoint)
    said = program.run("archive", "delete", in_first, *at_first, environment=rclone_server.environment())
    assert said.refused(ExitStatus.USAGE).endswith("Add --yes to remove it.")
    removal = ("archive", "delete", in_first, "--yes", *at_first, "--json")
    deleted = program.run(*removal, environment=rclone_server.environment()).ok().json
    assert (deleted["objects"], deleted["left"]) == (len(files), [])
    assert "Contents" not in rclone_server.client().list_objects_v2(Bucket=first.bucket)


def test_a_copy_can_be_encrypted_and_decrypted_again(
    archive: Path, program: Program, tmp_path: Path, identity: tuple[Path, str], signing_key: tuple[Path, Path]
) -> None:
    key, recipient = identity
    sealed, plain = tmp_path / "sealed" / archive.name, tmp_path / "plain" / archive.name
    program.run("archive", "copy", archive, sealed, "--encrypt-to", recipient, "--sign", signing_key[0]).ok()
    public = signing_key[1]
    outcome = program.run("archive", "copy", sealed, plain, "--decrypt", "--identity", key, "--public-key", public).ok()
    assert outcome.err.splitlines()[-1] == (
        "The signature was lost, since what was signed has changed. --sign makes another."
    )
    for path in archive.rglob("*"):
        if path.is_file():
            assert (plain / path.relative_to(archive)).read_bytes() == path.read_bytes()
    program.run("archive", "compare", archive, sealed, "--identity", key).ok()
    said = program.run("archive", "copy", archive, tmp_path / "x", "--decrypt").refused(ExitStatus.USAGE)
    assert said.endswith("is not encrypted. Copy it without --decrypt.")
    both = program.run("archive", "copy", archive, tmp_path / "x", "--decrypt", "--encrypt-to", recipient)
    assert both.refused(ExitStatus.USAGE).startswith("--decrypt and --encrypt-to exclude each other.")
    assert program.run("archive", "copy", sealed, tmp_path / "x", "--decrypt").status == ExitStatus.USAGE


def test_a_copy_of_a_damaged_archive_ends_and_names_the_object(copied: Path, program: Program, tmp_path: Path) -> None:
    path = next(copied.glob("project_*/labels/batch_1.ndjson.gz"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    said = program.run("archive", "copy", copied, tmp_path / "x" / copied.name).refused(ExitStatus.BAD_INPUT)
    assert said.startswith(f"{path.relative_to(copied)} is not what was exported")
    assert program.run("archive", "verify", tmp_path / "x" / copied.name).status == ExitStatus.NOT_FOUND
    program.run("archive", "delete", tmp_path / "x" / copied.name).ok()
    assert list((tmp_path / "x").iterdir()) == []


def test_an_archive_of_gitlab_is_copied_as_it_is(
    copied: Path, program: Program, tmp_path: Path, identity: tuple[Path, str]
) -> None:
    for name in ("manifest.json.gz", "SHA256SUMS"):
        (copied / name).unlink()
    metadata = orjson.loads(gzip.decompress((copied / "metadata.json.gz").read_bytes()))
    for name in ("format_version", "generator", "batched", "export_tag"):
        del metadata[name]
    (copied / "metadata.json.gz").write_bytes(gzip.compress(orjson.dumps(metadata)))
    program.run("archive", "copy", copied, tmp_path / "again" / copied.name).ok()
    program.run("archive", "compare", copied, tmp_path / "again" / copied.name).ok()
    said = program.run("archive", "copy", copied, tmp_path / "x" / copied.name, "--encrypt-to", identity[1])
    assert "has no manifest" in said.refused(ExitStatus.BAD_INPUT)


@pytest.mark.slow
def test_the_howto_says_what_works(
    settled: Prepared, make_instance: MakeInstance, program: Program, tmp_path: Path
) -> None:
    page = "encrypt-and-sign.md"
    assert len(blocks(page)) == 13
    with settled.copied(program, tmp_path / "source") as source:
        ended = run_page(page, tmp_path, [source, make_instance("destination")], group="place")
    assert ended.returncode == 0, ended.stderr
    assert "Signature Verified Successfully" in ended.stdout
    assert "Archives of http://localhost may be signed with sha256:" in ended.stdout
    assert '"entities_mapping":{"place"' in ended.stdout
