"""Which keys are taken for those of which sources, with commands."""

import re
from pathlib import Path

import pytest

from offline_transfer.errors import ExitStatus
from tests.acceptance.conftest import Prepared
from tests.acceptance.program import Instance, Program

SOURCE = "https://gitlab.example.com"


@pytest.fixture
def key(program: Program, tmp_path: Path) -> Path:
    """A public key."""
    program.run("keygen", "--signing", "--output", tmp_path / "source.key").ok()
    return tmp_path / "source.key.pub"


def test_a_key_is_taken_shown_and_removed(destination: Instance, key: Path) -> None:
    added = destination.run("trust", "add", "https://GitLab.example.com:443/", key).ok().out
    match = re.fullmatch(rf"Archives of {SOURCE} may be signed with (sha256:[0-9a-f]{{64}})\n", added)
    assert match is not None
    (listed,) = destination.json("trust", "list")["keys"]
    assert sorted(listed) == ["created_at", "fingerprint", "source_hostname"]
    assert (listed["source_hostname"], listed["fingerprint"]) == (SOURCE, match[1])
    assert match[1] in destination.run("trust", "list").ok().out
    assert destination.json("trust", "add", SOURCE, key) == listed
    removed = destination.run("trust", "remove", SOURCE, match[1]).ok().out
    assert removed == f"{match[1]} is no key of {SOURCE} any more\n"
    assert destination.json("trust", "list") == {"keys": []}


def test_what_cannot_be_taken_is_refused(destination: Instance, key: Path, tmp_path: Path) -> None:
    said = destination.run("trust", "add", "https://gitlab.example.com/group", key).refused(ExitStatus.BAD_INPUT)
    assert said.startswith(
        "The source hostname is not valid: a URL may have a scheme (http or https), a host and a port"
    )
    (tmp_path / "nonsense").write_text("nonsense")
    said = destination.run("trust", "add", SOURCE, tmp_path / "nonsense").refused(ExitStatus.USAGE)
    assert said.startswith(f"{tmp_path}/nonsense holds no public key: it is not PEM, or was cut off.")
    said = destination.run("trust", "remove", SOURCE, "sha256:00").refused(ExitStatus.NOT_FOUND)
    assert said == f"No key sha256:00 is taken for one of {SOURCE}. `offline-transfer trust list` shows which are."


def test_an_instance_takes_what_a_source_has_signed_that_it_knows(
    settled: Prepared, destination: Instance, program: Program, key: Path, tmp_path: Path
) -> None:
    sign = key.with_suffix("")
    with settled.copied(program, tmp_path / "source") as source:
        exported = source.json("export", "place", "--to", tmp_path / "disk", "--sign", sign)
    archive = tmp_path / "disk" / exported["export_prefix"]
    words = ("import", archive, "--all", "")
    destination.run("settings", "set", "offline_transfer_signature_policy", "known").ok()
    said = destination.run(*words).refused(ExitStatus.BAD_INPUT)
    assert "none of the keys that this instance knows has signed it." in said
    assert said.endswith("then `offline-transfer trust add http://localhost FILE`.")
    program.run("keygen", "--signing", "--output", tmp_path / "other.key").ok()
    said = destination.run(*words, "--require-signature", tmp_path / "other.key.pub").refused(ExitStatus.BAD_INPUT)
    assert "does not have the signature that is asked for" in said
    assert destination.paths() == []

    fingerprint = destination.json("trust", "add", "http://localhost", key)["fingerprint"]
    both = ("--require-signature", tmp_path / "other.key.pub", "--require-signature", key)
    number = destination.json(*words, *both)["import"]
    report = destination.run("report", number).ok().json
    assert (report["origin"], report["signed_by"]) == ("signed_known", fingerprint)

    (archive / "SHA256SUMS.sig").unlink()
    said = destination.run("import", archive, "--entity", "place/inner/app=place").refused(ExitStatus.BAD_INPUT)
    assert "has no signature, and this instance takes signed archives alone." in said
