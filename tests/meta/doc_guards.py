"""What must hold for the documents. Each guard returns what is wrong as sentences that say what to do."""

import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import typer
from typer.core import TyperCommand, TyperGroup

from docs import generate
from offline_transfer.cli.main import app

REPOSITORY: Final = Path(__file__).parents[2]
PROGRAM: Final = generate.PROGRAM

_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NOT_IN_ANCHORS: Final = re.compile(r"[^\w\- ]")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")
_OPERATOR: Final = re.compile(r"[();<>|&]+")
_VERB: Final = re.compile(r"^([a-z-]+):", re.MULTILINE)
_FIRST_CELL: Final = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_REQUIREMENT: Final = re.compile(r"[A-Za-z0-9_.-]+")


def pages() -> list[Path]:
    """Every page of the project."""
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def written_by_hand(text: str) -> bool:
    """Whether somebody wrote a page; the others are made from the code that they would be compared with."""
    return generate.NOTICE not in text


def broken_links(page: Path) -> list[str]:
    """Links of a page that lead nowhere: to no file, or to no heading in it."""
    found = []
    for link in _LINK.findall(_without_code(page.read_text("utf-8"))):
        name, _, anchor = link.partition("#")
        if "://" in name:
            continue
        target = (page.parent / name).resolve() if name else page
        if not target.exists():
            found.append(f"{page.name}: there is no `{name}`: correct the link")
        elif anchor and anchor not in anchors(target.read_text("utf-8")):
            found.append(f"{page.name}: `{name or page.name}` has no heading `#{anchor}`: correct the link")
    return found


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, by GitLab's and GitHub's rule."""
    return {
        _NOT_IN_ANCHORS.sub("", heading.replace("`", "").lower()).strip().replace(" ", "-")
        for heading in _HEADING.findall(_FENCE.sub("", text))
    }


def unmentioned(names: Iterable[str], text: str, what: str) -> list[str]:
    """Names that a page should have as code and has not."""
    return [f"{what} `{name}` is not in the reference: describe it there" for name in names if f"`{name}`" not in text]


def without_help(commands: Iterable[tuple[str, TyperCommand]]) -> list[str]:
    """Commands, arguments and options that say nothing about themselves."""
    found = []
    for name, command in commands:
        if not command.help:
            found.append(f"`{name}` has no help: give its function a docstring")
        found += [
            f"`{name}`: `{item.name}` has no help: say what it is"
            for item in command.params
            if not getattr(item, "help", None)
        ]
    return found


def wrong_commands(text: str) -> list[str]:
    """Commands of ours in a page that the command line would refuse, in blocks and between words."""
    found = []
    # A line of which the program is no part may be a part of something longer, such as a text in quotes.
    for line in filter(lambda line: PROGRAM in line, _shell_lines(text)):
        for words in _calls_in(line):
            if problem := _refused(words):
                found.append(f"`{' '.join(words)}`: {problem}: correct the page")
    for code in _CODE.findall(_FENCE.sub("", text)):
        if problem := _mistaken(code):
            found.append(f"`{code}`: {problem}: correct it")
    return found


def wrong_verbs(text: str, makefile: str) -> list[str]:
    """Verbs of make in a page that the Makefile does not have."""
    known = set(_VERB.findall(makefile))
    lines = [*_shell_lines(text), *_CODE.findall(_FENCE.sub("", text))]
    verbs = [verb for line in lines if line.startswith("make ") for verb in shlex.split(line, comments=True)[1:]]
    return [
        f"there is no `make {verb}`: correct the page"
        for verb in verbs
        if not _ASSIGNMENT.match(verb) and verb not in known
    ]


def dependencies(pyproject: str) -> list[str]:
    """What the project needs, to run and to develop."""
    project = tomllib.loads(pyproject)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return sorted(match[0].lower() for item in wanted if (match := _REQUIREMENT.match(item)))


def first_cells(text: str, heading: str) -> list[str]:
    """The code in the first cells of the tables below a heading, up to the next heading of any level."""
    section = text.split(f"\n{heading}\n", 1)[1]
    return _FIRST_CELL.findall(re.split(r"^#", section, maxsplit=1, flags=re.MULTILINE)[0])


def _without_code(text: str) -> str:
    return _CODE.sub("", _FENCE.sub("", text))


def _shell_lines(text: str) -> Iterator[str]:
    for language, block in _FENCE.findall(text):
        if language in ("sh", "console", "bash"):
            yield from (line.removeprefix("$ ").strip() for line in block.replace("\\\n", " ").splitlines())


def _calls_in(line: str) -> Iterator[list[str]]:
    """The calls of the program in a line of a shell, without its name."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if not _OPERATOR.fullmatch(word):
            words.append(word)
            continue
        while words and _ASSIGNMENT.match(words[0]):
            words.pop(0)
        if words and words[0].rpartition("/")[2] == PROGRAM:
            yield words[1:]
        words = []


def _refused(words: Sequence[str]) -> str | None:
    """Why the command line would refuse these words; nothing is run."""
    command, rest, name = _command(words)
    if isinstance(command, TyperGroup):
        return None if rest in ([], ["--help"], ["--version"]) else f"there is no command `{' '.join(words)}`"
    if "--help" in rest:
        return None
    try:
        command.make_context(name, list(rest))
    except typer.TyperException as error:
        return error.format_message().rstrip(".")
    return None


def _mistaken(code: str) -> str | None:
    """What is wrong with a command that stands between words, where arguments may be left out."""
    words = code.split()
    if words[0].rpartition("/")[2] != PROGRAM or len(words) == 1:
        return None
    command, rest, _ = _command(words[1:])
    if isinstance(command, TyperGroup):
        return None if not rest or rest[0].startswith("--") else f"there is no command `{rest[0]}`"
    known = {option for item in command.params for option in item.opts} | {"--help"}
    strange = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
    return f"there is no option `{strange[0]}`" if strange else None


def _command(words: Sequence[str]) -> tuple[TyperCommand | TyperGroup, list[str], str]:
    """The command that words lead to, the words that are left, and the name of the command."""
    current = typer.main.get_command(app)
    rest, name = list(words), PROGRAM
    while isinstance(current, TyperGroup) and rest and rest[0] in current.commands:
        name = rest.pop(0)
        current = current.commands[name]
    assert isinstance(current, TyperCommand | TyperGroup)
    return current, rest, name
