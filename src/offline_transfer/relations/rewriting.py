"""What an import does to the texts of groups and projects that it brings along.

A user whom a text mentions by the name at the source may be somebody else here, so mentions become code, when a text is read. And
texts point to each other by the addresses and full paths that they had at the source; when all have their places, they point to
where things are now. Nothing else is touched: neither URLs of what did not come along, nor references inside a project, whose
numbers stay. URLs are rewritten in code, too; references and mentions mean nothing there.

GitLab's references pipeline rewrites URLs of a project in its own texts, and its importers make code of mentions. That references
with a path, and URLs of all that the same import brings, are rewritten is ours.

Whatever a text says, the time that it takes grows with its length and no faster.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol
from urllib.parse import urlsplit

from offline_transfer.relations import markdown
from offline_transfer.types import PortableKind

DEEPEST: Final = 32
"""How many parts of the path of a URL are looked at; full paths have no more."""

_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
_ENDINGS: Final = ("", ".git", ".wiki.git", ".atom")
_LONGEST_ENDING: Final = 16
_URL_PATH: Final = re.compile(rf"(?:/[\w.%~+@-]++){{1,{DEEPEST}}}+")
_NUMBER: Final = r"[0-9]++(?!\w)"
_SIGIL: Final = rf"[#!$&]{_NUMBER}|\^alert\#{_NUMBER}|[%~][\w\"]|@[0-9a-f]{{7,40}}+(?!\w)|\*iteration:|>"
_LINK: Final = r"(?P<link>https?://[^\s<>\"'`()\[\]{}|\\^]++|\]\([^\s()<>`]++|(?:href|src)=[\"'][^\s\"'<>`]++)"
_MENTION: Final = r"(?<![A-Za-z0-9_\\])(?P<mention>@\w++(?:[./@-]++\w++)*+)"
_PATH: Final = rf"(?<![\w./@-])(?P<path>[\w./-]++)(?={_SIGIL})"
_TYPED: Final = r"(?:(?<=\[epic:)|(?<=\[issue:)|(?<=\[work_item:))(?P<typed>[\w./-]++)(?=\])"

_LONGEST_FENCE: Final = 4
"""Who fills a text with runs of backticks of every length would have a longer one put around each of a million mentions."""

_BLANK: Final = re.compile(r"[ \n]")

_MENTIONS: Final = re.compile(rf"{_LINK}|{_MENTION}")
_REFERENCES: Final = re.compile(rf"{_LINK}|{_PATH}|{_TYPED}")
"""What a text holds beside code: links, in which nothing else counts, and either mentions or references with a path."""
_REFERENCE: Final = re.compile(rf"{_SIGIL}|\[(?:epic|issue|work_item):")
"""What every reference with a path has in it: it is found much faster."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A group or project that came along: its path and id at the source, and here."""

    kind: PortableKind
    source_path: str
    path: str
    source_id: int | None = None
    id: int | None = None


class Rewriter(Protocol):
    """What is done to the texts of one group or project."""

    def rewrite(self, text: str) -> str:
        """The text as it is to be; the same where nothing in it changes."""


class Unaddressed:
    """Makes code of mentions and changes nothing else. Doing it again changes nothing more."""

    def rewrite(self, text: str) -> str:
        """See `Rewriter`."""
        return unaddressed(text)


def unaddressed(text: str) -> str:
    """The text with mentions as code. Doing it again changes nothing more."""
    if "@" not in text:
        return text
    code = markdown.code(text)
    pieces: list[str] = []
    done = 0
    for start, end in _words_with_at(text, code):
        for found in _MENTIONS.finditer(text, start, end):
            pieces += text[done : found.start()], _as_code(found, code.fence)
            done = found.end()
    return "".join([*pieces, text[done:]]) if pieces else text


def _words_with_at(text: str, code: markdown.Code) -> Iterator[tuple[int, int]]:
    """Where in a text, except in code, an `@` stands with whatever is around it up to the next blanks.

    Most of a text is passed over without looking at it. It is looked at once, however often one is in it.
    """
    done = 0
    for start, end in [*code.spans, (len(text), len(text))]:
        while (place := text.find("@", done, start)) >= 0:
            blank = max(text.rfind(" ", done, place), text.rfind("\n", done, place))
            following = _BLANK.search(text, place, start)
            until = start if following is None else following.start()
            yield max(blank + 1, done), until
            done = until
        done = end


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    is_group: bool


class Rewriting:
    """Rewrites texts of one source for one destination.

    `source` is the address of the source (`https://gitlab.example.com`); an alias stands for no host, and then URLs stay as they
    are. `destination` is the address of this instance.
    """

    def __init__(self, source: str | None, destination: str, moved: Iterable[Moved]) -> None:
        everything = tuple(moved)
        self._destination: Final = destination.rstrip("/")
        self._host: Final = _host_pattern(source or "")
        self._places: Final = {
            item.source_path.lower(): _Place(item.path, item.kind is PortableKind.GROUP) for item in everything
        }
        self._urls: Final = dict(_url_places(everything))
        self._longest: Final = max(map(len, self._urls), default=0) + _LONGEST_ENDING

    @cached_property
    def moves_paths(self) -> bool:
        """Whether anything has another path here than at the source, so that references with a path change."""
        return any(source != place.path.lower() for source, place in self._places.items())

    @cached_property
    def is_repeatable(self) -> bool:
        """Whether a text may be rewritten again: nothing is now where something else was."""
        now = [part for place in self._places.values() for part in _itself_and_above(place.path.lower())]
        by_id = {key: place.path for key, place in self._urls.items() if key.startswith("-/")}
        names = {source.rpartition("/")[2]: _name(place.path) for source, place in self._places.items()}
        renamed = {name for before, name in names.items() if before != name}
        return (
            all(self._places[path].path.lower() == path for path in now if path in self._places)
            and all(by_id.get(path, path) == path for path in by_id.values())
            and renamed.isdisjoint(names)
        )

    @property
    def pattern(self) -> str | None:
        """What every text has in it that may point elsewhere, as a regular expression of PostgreSQL; None where none does."""
        url = [] if self._host is None else ["://"]
        path = [r"[A-Za-z0-9_.-][#!$&%~^*>@]", r"\[(epic|issue|work_item):"] if self.moves_paths else []
        return "|".join(url + path) or None

    def at(self, kind: PortableKind, source_path: str) -> "RewriterAt":
        """The rewriter for the texts of one group or project."""
        place = self.place(source_path)
        now = source_path if place is None else place.path
        if kind is PortableKind.PROJECT:
            return RewriterAt(self, source_path.rpartition("/")[0], now.rpartition("/")[0])
        return RewriterAt(self, source_path, now)

    def place(self, path: str) -> _Place | None:
        """Where the group or project of a full path at the source is now."""
        return self._places.get(path.lower()) if path.isascii() else None

    def urls(self, text: str) -> str:
        """The text with its URLs rewritten, whatever stands around them."""
        if self._host is None or "://" not in text:
            return text
        pieces, done = [], 0
        for found in self._host.finditer(text):
            place = self._url_place(text, found.end())
            if place is not None and found.start() >= done:
                path, end = place
                pieces += [text[done : found.start()], self._destination, "/", path]
                done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    def _url_place(self, text: str, start: int) -> tuple[str, int] | None:
        """Where the path of a URL leads now, and the end of what that replaces: the longest path that came along."""
        found = _URL_PATH.match(text, start, start + self._longest)
        if found is None:
            return None
        path = found[0].rstrip(".")
        end = len(path)
        while end > 0:
            rest = path[end:]
            for ending in _ENDINGS if not rest else _ENDINGS[:1]:
                key = path[1 : end - len(ending)] if path.endswith(ending, 0, end) else ""
                place = self._urls.get(key.lower()) if key.isascii() else None
                # What else lies in a group is a group or project that did not come along.
                if place is not None and (not place.is_group or not rest or rest == "/-" or rest.startswith("/-/")):
                    return place.path, start + 1 + len(key)
            end = path.rfind("/", 0, end)
        return None


@dataclass(frozen=True, slots=True)
class RewriterAt:
    """Rewrites the texts of one group or project.

    In the group `namespace` lie the projects that are referred to without a path; it is the group `now` here.
    """

    rewriting: Rewriting
    namespace: str
    now: str

    def rewrite(self, text: str) -> str:
        """See `Rewriter`: all that an import does to a text."""
        return self.point(unaddressed(text))

    def point(self, text: str) -> str:
        """A text without mentions that points to where things are. Once is enough: it may then name a path that something else
        had at the source.
        """
        text = self.rewriting.urls(text)
        if self.rewriting.moves_paths and _REFERENCE.search(text):
            return _pointing(text, self._reference)
        return text

    def _reference(self, found: re.Match[str]) -> str:
        if found.lastgroup == "path":
            return self.path(found[0])
        if found.lastgroup == "typed":
            above, slash, number = found[0].rpartition("/")
            return f"{self.path(above)}{slash}{number}"
        return found[0]

    def path(self, path: str) -> str:
        """What the path in front of a reference is now; the name alone does for projects side by side."""
        if "/" not in path and self.namespace:
            sibling = self.rewriting.place(f"{self.namespace}/{path}")
            if sibling is not None and not sibling.is_group:
                namespace, _, name = sibling.path.rpartition("/")
                return _renamed(path, name if namespace == self.now else sibling.path)
        place = self.rewriting.place(path)
        return path if place is None else _renamed(path, place.path)


def _itself_and_above(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2].lower()


def _renamed(path: str, now: str) -> str:
    return path if path.lower() == now.lower() else now


def _pointing(text: str, replace: Callable[[re.Match[str]], str]) -> str:
    """The text with its references replaced, except in code."""
    pieces: list[str] = []
    done = 0
    for start, end in [*markdown.code(text).spans, (len(text), len(text))]:
        for found in _REFERENCES.finditer(text, done, start):
            pieces += text[done : found.start()], replace(found)
            done = found.end()
        pieces.append(text[done:end])
        done = end
    return "".join(pieces)


def _as_code(found: re.Match[str], fence: str) -> str:
    """A mention between as many backticks as no others can join. Where these are too many, backslashes keep it from being one."""
    if found.lastgroup != "mention":
        return found[0]
    if len(fence) > _LONGEST_FENCE:
        return found[0].replace("@", r"\@")
    text = found.string
    before = " " if found.start() > 0 and text[found.start() - 1] == "`" else ""
    after = " " if text.startswith("`", found.end()) else ""
    return f"{before}{fence}{found[0]}{fence}{after}"


def _host_pattern(source: str) -> re.Pattern[str] | None:
    """Finds the beginning of a URL of the source, up to its path; None where the source is no address."""
    try:
        address = urlsplit(source)
        host, port = address.hostname, address.port
    except ValueError:
        return None
    if address.scheme not in _DEFAULT_PORTS or not host:
        return None
    name = re.escape(f"[{host}]" if ":" in host else host)
    if port is None or port == _DEFAULT_PORTS[address.scheme]:
        anywhere = "|".join(f"{scheme}://{name}(?::{default})?" for scheme, default in _DEFAULT_PORTS.items())
    else:
        anywhere = f"https?://{name}:{port}"
    return re.compile(rf"(?<![a-z0-9+.-])(?:{anywhere})(?=/)", re.IGNORECASE | re.ASCII)


def _url_places(moved: Iterable[Moved]) -> Iterator[tuple[str, _Place]]:
    """The paths of URLs that lead to something that came along, in lower case: by its path, and by its id as uploads have it."""
    for item in moved:
        is_group = item.kind is PortableKind.GROUP
        yield item.source_path.lower(), _Place(item.path, is_group)
        if is_group:
            yield f"groups/{item.source_path.lower()}", _Place(f"groups/{item.path}", is_group)
        if item.source_id is not None and item.id is not None:
            by_id = f"-/{item.kind}/{item.id}"
            yield f"-/{item.kind}/{item.source_id}", _Place(by_id, False)
