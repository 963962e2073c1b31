import dataclasses
import json
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperArgument, TyperCommand

from docs import api_page, generate
from offline_transfer.archive.metadata import Metadata
from offline_transfer.cli.main import run
from offline_transfer.errors import ExitStatus
from offline_transfer.forge.application_settings import NAMES
from offline_transfer.relations.attributes import DropReason
from offline_transfer.relations.loader import tree
from offline_transfer.settings import Settings, environment_names
from offline_transfer.storage import typed
from offline_transfer.transfers.accounting import Fail, Skip
from offline_transfer.types import PortableKind
from offline_transfer.verify.findings import NOTES, Finding, FindingKind
from tests.meta import doc_guards as guards

DOCS = guards.REPOSITORY / "docs"
JSON_PAGE = (DOCS / "reference" / "json.md").read_text("utf-8")
MAKEFILE = (guards.REPOSITORY / "Makefile").read_text("utf-8")
PYPROJECT = (guards.REPOSITORY / "pyproject.toml").read_text("utf-8")
PROJECT_FIXTURE = guards.REPOSITORY / "tests" / "fixtures" / "project" / "small"


def reference(name: str) -> str:
    return (DOCS / "reference" / name).read_text("utf-8")


def test_the_generated_pages_are_current() -> None:
    assert generate.stale(generate.REFERENCE) == [], "run `make docs`"


def test_a_stale_page_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0
    (tmp_path / "errors.md").write_text("# Errors\n")
    (tmp_path / "settings.md").unlink()
    assert generate.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == "".join(
        f"{tmp_path / name} is stale: run `make docs`\n" for name in ("settings.md", "errors.md")
    )


def test_only_check_is_understood(tmp_path: Path) -> None:
    assert generate.main(["--chekc"], tmp_path) == 2
    assert list(tmp_path.iterdir()) == []


def test_every_command_is_in_the_reference() -> None:
    names = [name for name, _ in generate.leaves()]
    assert guards.unmentioned(names, reference("commands.md"), "the command") == []
    assert names == list(generate.WORDS["commands"])


def test_every_exit_status_is_explained() -> None:
    assert list(generate.WORDS["statuses"]) == [status.name for status in ExitStatus]
    assert guards.unmentioned(generate.WORDS["statuses"], reference("commands.md"), "the exit status") == []


def test_every_setting_is_in_the_reference() -> None:
    names = [*Settings.model_fields, *(name for field in Settings.model_fields for name in environment_names(field))]
    assert guards.unmentioned(names, reference("settings.md"), "the setting") == []


def test_every_application_setting_is_in_the_reference() -> None:
    assert guards.unmentioned(NAMES, reference("application-settings.md"), "the setting") == []


def test_every_variable_of_a_store_is_in_the_reference() -> None:
    source = Path(typed.__file__).read_text("utf-8")
    names = set(re.findall(r'"((?:AWS|GOOGLE|AZURE)_\w+|HTTPS?_PROXY|NO_PROXY)"', source))
    assert len(names) > 8
    assert guards.unmentioned(names, reference("settings.md"), "the variable") == []


def test_every_error_is_in_the_reference() -> None:
    codes = [found.code() for found in generate.error_classes()]
    assert guards.unmentioned(codes, reference("errors.md"), "the error") == []


def test_every_endpoint_is_in_the_reference() -> None:
    names = api_page.endpoints()
    assert len(names) > 8
    assert guards.unmentioned(names, reference("api.md"), "the endpoint") == []


@pytest.mark.parametrize("kind", PortableKind)
def test_every_relation_is_in_the_reference(kind: PortableKind) -> None:
    section = reference("relations.md").split(f"## The tree of a {kind}", 1)[1].split("\n## ", 1)[0]
    paths = [node.path for node in tree(kind).root.walk() if node.path]
    assert guards.unmentioned([*paths, *tree(kind).files], section, "the relation") == []


def test_what_the_reference_lacks_is_noticed() -> None:
    assert guards.unmentioned(["tree", "trees"], "`tree`, trees", "the command") == [
        "the command `trees` is not in the reference: describe it there"
    ]


def test_every_command_argument_and_option_has_help() -> None:
    assert guards.without_help(generate.leaves()) == []


def test_a_command_without_help_is_noticed() -> None:
    (_, silent), *_ = generate.leaves()
    argument = next(item for item in silent.params if isinstance(item, TyperArgument))
    bare = TyperCommand("bare", params=[TyperArgument(param_decls=["x"], type_descriptor=argument.type_descriptor)])
    assert guards.without_help([("bare", bare)]) == [
        "`bare` has no help: give its function a docstring",
        "`bare`: `x` has no help: say what it is",
    ]


@pytest.mark.parametrize("page", guards.pages(), ids=lambda page: str(page.relative_to(guards.REPOSITORY)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert guards.broken_links(page) == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# Every *word*\n\n```\n# not this\n```\n## `archive` it\n")
    page = tmp_path / "a.md"
    page.write_text(
        "# A\n[1](b.md) [2](b.md#every-word) [3](b.md#archive-it) [4](#a) [5](https://example.com/x) `[6](c.md)`\n"
        "[7](c.md) [8](b.md#not-this) [9](#b)\n"
    )
    assert guards.broken_links(page) == [
        "a.md: there is no `c.md`: correct the link",
        "a.md: `b.md` has no heading `#not-this`: correct the link",
        "a.md: `a.md` has no heading `#b`: correct the link",
    ]


@pytest.mark.parametrize("page", guards.pages(), ids=lambda page: str(page.relative_to(guards.REPOSITORY)))
def test_every_command_that_is_shown_would_be_accepted(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not guards.written_by_hand(text) or guards.wrong_commands(text) == []
    assert guards.wrong_verbs(text, MAKEFILE) == []


def test_commands_that_errors_name_exist() -> None:
    assert guards.wrong_commands("\n".join(found.template() for found in generate.error_classes())) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```sh\n.venv/bin/offline-transfer exprot a --to b\n```", "there is no command `exprot a --to b`"),
        ("```sh\n.venv/bin/offline-transfer dump a\n```", "Missing option '--output'"),
        ("```sh\nA=1 offline-transfer db url --now | cat\n```", "No such option: --now"),
        ("```console\n$ offline-transfer tree \\\n  a b\n```", "Got unexpected extra argument(s) (b)"),
        ("see `offline-transfer archive verfiy`", "there is no command `verfiy`"),
        ("see `offline-transfer tree --all`", "there is no option `--all`"),
    ],
)
def test_a_command_that_would_be_refused_is_noticed(text: str, complaint: str) -> None:
    (found,) = guards.wrong_commands(text)
    assert f": {complaint}: correct" in found


def test_commands_that_would_be_accepted_are_not_complained_about() -> None:
    text = (
        "```sh\nx=$(offline-transfer export a --to b --json | cat) && offline-transfer tree > c\n"
        "offline-transfer --version\n```\n"
        "`offline-transfer`, `offline-transfer archive`, `offline-transfer export --to`\n```\noffline-transfer nonsense\n```\n"
    )
    assert guards.wrong_commands(text) == []


def test_a_verb_that_make_does_not_have_is_noticed() -> None:
    text = "```sh\nmake demo # now\nmake PYTHON=python3.12 tset\n```\n`make docs`, `make dosc`"
    assert guards.wrong_verbs(text, MAKEFILE) == [
        "there is no `make tset`: correct the page",
        "there is no `make dosc`: correct the page",
    ]


def test_every_dependency_has_a_reason() -> None:
    page = (DOCS / "decisions" / "0008-dependencies.md").read_text("utf-8")
    listed = [*guards.first_cells(page, "## To run"), *guards.first_cells(page, "## To develop")]
    assert sorted(listed) == guards.dependencies(PYPROJECT)


def test_every_directory_of_tests_is_explained() -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")
    tests = guards.REPOSITORY / "tests"
    there = {f"tests/{path.relative_to(tests).parts[0]}" for path in tests.glob("*/**/test_*.py")}
    assert sorted(guards.first_cells(page, "## Tests")) == sorted(there)


def test_dependencies_are_read_without_extras_and_versions() -> None:
    text = '[project]\ndependencies = ["b[x]>=1"]\n[project.optional-dependencies]\ndev = ["A-c", "a.d == 2"]\n'
    assert guards.dependencies(text) == ["a-c", "a.d", "b"]


@pytest.mark.parametrize(
    ("heading", "members"),
    [("### Skipped", Skip), ("### Failed", Fail), ("### Dropped", DropReason), ("### Kinds", FindingKind)],
)
def test_every_reason_is_explained(heading: str, members: type[StrEnum]) -> None:
    assert guards.first_cells(JSON_PAGE, heading) == [member.value for member in members]


def test_notes_are_told_from_faults() -> None:
    section = JSON_PAGE.split("### Kinds", 1)[1]
    assert re.findall(r"^\| `(\w+)` \| note: ", section, re.MULTILINE) == [
        kind.value for kind in FindingKind if kind in NOTES
    ]


def test_every_key_of_a_finding_is_explained() -> None:
    names = [field.name for field in dataclasses.fields(Finding)]
    assert sorted(guards.first_cells(JSON_PAGE, "## Findings")) == sorted(names)


def test_the_cells_of_the_next_section_are_not_taken() -> None:
    page = "\n## A\n\n| `x` | y |\n| `z` | `y` |\n\n### B\n\n| `w` | |\n"
    assert guards.first_cells(page, "## A") == ["x", "z"]


class Output:
    """What commands print with `--json`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
        self._capsys = capsys
        self._data_dir = data_dir

    def of(self, *words: str, status: ExitStatus = ExitStatus.OK) -> dict[str, Any]:
        """The object that a command prints."""
        assert run([*words, "--json"]) == status, self._capsys.readouterr().err
        printed: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return printed

    def of_instance(self, *words: str, status: ExitStatus = ExitStatus.OK) -> dict[str, Any]:
        """The object that a command prints which works on an instance."""
        return self.of(*words, "--data-dir", str(self._data_dir), status=status)


@pytest.fixture
def output(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Output:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Output(capsys, tmp_path / "instance")


def assert_keys(printed: dict[str, Any], heading: str, *, but: Sequence[str] = ()) -> None:
    """The object has the keys of the page, less those of other commands."""
    assert sorted(printed) == sorted(set(guards.first_cells(JSON_PAGE, heading)) - set(but))


def test_commands_print_the_keys_that_are_described(output: Output, tmp_path: Path) -> None:
    loaded = output.of_instance("load", str(PROJECT_FIXTURE), "--namespace", "acme", "--path", "kettle")
    assert_keys(loaded, "## `load` and `import`")
    assert_keys(loaded["entities"][0], "### Entities")
    assert_keys(loaded["relations"][0], "## Counts")
    assert_keys(loaded["dropped_attributes"][0], "### Dropped attributes")
    tree = output.of_instance("tree")
    assert_keys(tree, "## `tree`")
    assert sorted(tree["relations"][0]) == ["entity", "path", "records"]

    exported = output.of_instance("export", "acme", "--to", str(tmp_path))
    assert_keys(exported, "## `export`")
    assert_keys(exported["relations"][0], "## Counts")
    archive = str(tmp_path / exported["export_prefix"])
    inspected = output.of("archive", "inspect", archive)
    metadata = [field.name for field in dataclasses.fields(Metadata)]
    assert_keys(
        {key: value for key, value in inspected.items() if key not in [*metadata, "export_tag"]}, "## `archive inspect`"
    )
    assert sorted(inspected["relations"][0]) == ["bytes", "entity", "objects", "paths", "records", "relation"]
    assert_keys(output.of("archive", "verify", archive), "## `archive verify`")
    compared = output.of("archive", "compare", archive, archive)
    assert_keys(compared, "## `archive compare`")
    assert sorted(compared["paths"][0]) == ["entity", "equal", "first", "path", "second"]

    (tmp_path / exported["export_prefix"] / "project_1" / "labels" / "batch_1.ndjson.gz").unlink()
    damaged = output.of("archive", "verify", archive, status=ExitStatus.BAD_INPUT)
    assert set(damaged["findings"][0]) <= set(guards.first_cells(JSON_PAGE, "## Findings"))


def test_dumps_print_the_keys_that_are_described(output: Output, tmp_path: Path) -> None:
    output.of_instance("load", str(PROJECT_FIXTURE), "--namespace", "acme", "--path", "kettle")
    dumped = output.of_instance("dump", "acme/kettle", "--output", str(tmp_path / "kettle.tar.gz"))
    assert_keys(dumped, "## `dump`")
    assert sorted(dumped["relations"][0]) == ["entity", "path", "records"]


def test_failures_have_the_keys_that_are_described(output: Output, tmp_path: Path) -> None:
    export = tmp_path / "export" / "tree"
    (export / "project").mkdir(parents=True)
    (export / "project.json").write_text("{}")
    (export / "project" / "labels.ndjson").write_text('{"title": "a", "color": "#000000"}\nnonsense\n')
    loaded = output.of_instance(
        "load", str(tmp_path / "export"), "--namespace", "acme", status=ExitStatus.WITH_FAILURES
    )
    assert_keys(loaded["failures"][0], "### Failures")
    assert_keys(output.of_instance("tree")["incomplete"][0], "### Incomplete")


def test_the_other_commands_print_the_keys_that_are_described(output: Output, tmp_path: Path) -> None:
    sections = {
        "db": guards.first_cells(JSON_PAGE, "## `db`"),
        "fixtures": guards.first_cells(JSON_PAGE, "## `fixtures`"),
    }
    migrated = output.of_instance("db", "migrate")
    to_json = output.of("fixtures", "to-json", str(PROJECT_FIXTURE), str(tmp_path / "project.json"))
    to_tree = output.of("fixtures", "to-tree", str(tmp_path / "project.json"), str(tmp_path / "made"))
    assert [*migrated, "url", "outcome"] == sections["db"]
    assert [*to_tree, *to_json] == sections["fixtures"]
    refused = output.of("archive", "inspect", str(tmp_path), status=ExitStatus.NOT_FOUND)
    assert_keys(refused, "## Errors")
    assert sorted(refused["error"]) == ["code", "message"]
