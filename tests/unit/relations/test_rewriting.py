"""Texts point to where things are now, address nobody by chance, and stay otherwise as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_transfer.relations.rewriting import Moved, RewriterAt, Rewriting, Unaddressed
from offline_transfer.types import PortableKind

GROUP, PROJECT = PortableKind.GROUP, PortableKind.PROJECT
SOURCE, HERE = "https://old.example", "https://new.example:8443"
MOVED = (
    Moved(GROUP, "team", "staff/crew", 1, 101),
    Moved(PROJECT, "team/app", "staff/crew/App_2", 52, 977),
    Moved(PROJECT, "team/lib", "staff/crew/lib", 53, 978),
    Moved(GROUP, "team/sub", "staff/crew/sub", 2, 102),
    Moved(PROJECT, "team/sub/app.js", "staff/crew/sub/app.js", 54, 979),
)


def at(source: str | None = SOURCE) -> RewriterAt:
    return Rewriting(source, HERE, MOVED).at(PROJECT, "team/app")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://old.example/team/app", "https://new.example:8443/staff/crew/App_2"),
        (
            "http://OLD.example/Team/APP/-/issues/1#note_5",
            "https://new.example:8443/staff/crew/App_2/-/issues/1#note_5",
        ),
        ("(https://old.example:443/team/app.)", "(https://new.example:8443/staff/crew/App_2.)"),
        ("https://old.example/team/app?tab=1", "https://new.example:8443/staff/crew/App_2?tab=1"),
        ("[x](https://old.example/team/app.git)", "[x](https://new.example:8443/staff/crew/App_2.git)"),
        ("https://old.example/team/app.wiki.git", "https://new.example:8443/staff/crew/App_2.wiki.git"),
        ("https://old.example/team/sub/app.js/-/tree/a@b", "https://new.example:8443/staff/crew/sub/app.js/-/tree/a@b"),
        ("https://old.example/team/-/labels", "https://new.example:8443/staff/crew/-/labels"),
        ("https://old.example/groups/team/sub/-/epics/4", "https://new.example:8443/groups/staff/crew/sub/-/epics/4"),
        ("https://old.example/team/app/issues/1", "https://new.example:8443/staff/crew/App_2/issues/1"),
        (
            "<img src='https://old.example/-/project/52/uploads/aa/b.png'>",
            "<img src='https://new.example:8443/-/project/977/uploads/aa/b.png'>",
        ),
        ("https://a.example/?u=https://old.example/team", "https://a.example/?u=https://new.example:8443/staff/crew"),
        ("`git clone https://old.example/team/lib.git`", "`git clone https://new.example:8443/staff/crew/lib.git`"),
        ("見てhttps://old.example/team/lib", "見てhttps://new.example:8443/staff/crew/lib"),
    ],
)
def test_a_url_of_what_came_along_leads_to_where_it_is_now(before: str, after: str) -> None:
    assert at().rewrite(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "https://old.example",
        "https://old.example/",
        "https://old.example/other/app",
        "https://old.example/team/application",
        "https://old.example/team/app-2",
        "https://old.example/team/app%20x",
        "https://old.example/team/appü",
        "https://old.example/team/left-behind",
        "https://old.example/team/sub/left-behind/-/issues/1",
        "https://old.example/groups/team/left-behind/-/epics/4",
        "https://old.example/-/project/5/uploads/aa/b.png",
        "https://old.example.evil/team/app",
        "https://not-old.example/team/app",
        "https://oldXexample/team/app",
        "https://hoſt/team/app",
        "https://old.example:8080/team/app",
        "https://name:secret@old.example/team/app",
        "ftp://old.example/team/app",
        "git@old.example:team/app.git",
    ],
)
def test_any_other_url_stays(text: str) -> None:
    assert at().rewrite(text) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("team/app#1, TEAM/lib!2", "staff/crew/App_2#1, staff/crew/lib!2"),
        ("(team/lib@deadbeef...cafe1234)", "(staff/crew/lib@deadbeef...cafe1234)"),
        ('team/lib~bug team/lib~"a b" team/lib%"v 1" team/lib%2', 'staff/crew/lib~bug staff/crew/lib~"a b" '
         'staff/crew/lib%"v 1" staff/crew/lib%2'),
        ("team/lib$3 team/lib^alert#4 team/sub&5 team/lib>", "staff/crew/lib$3 staff/crew/lib^alert#4 staff/crew/sub&5 "
         "staff/crew/lib>"),
        ("[issue:team/lib/7] [work_item:team/lib/8] [epic:team/9]", "[issue:staff/crew/lib/7] [work_item:staff/crew/lib/8] "
         "[epic:staff/crew/9]"),
        ("team&1 team#1", "staff/crew&1 staff/crew#1"),
        ("app#1", "App_2#1"),
        ("team/lib#1+ and team/lib!2+s", "staff/crew/lib#1+ and staff/crew/lib!2+s"),
    ],
)  # fmt: skip
def test_a_reference_with_a_path_has_the_path_of_now(before: str, after: str) -> None:
    assert at().rewrite(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "#1 !2 ~bug %v1 &4 $5",
        "lib#1",
        "team/app",
        "team/app #1",
        "team/app#one team/app#1a team/app@main team/app@dead",
        "upteam/app#1 my/team/app#1 team/app/x#1 ./team/app#1 üteam/app#1",
        "https://example.com/team/app#1",
        "[x](team/app#1)",
        "`team/app#1`",
        "```\nteam/app#1\n```",
        "~~~ruby\nteam/app#1\n\n`\n~~~",
        "team/left-behind#1 left-behind#1 sub#1",
    ],
)
def test_anything_else_that_looks_like_a_reference_stays(text: str) -> None:
    assert at().rewrite(text) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@root", "`@root`"),
        ("Thanks (@ann-marie.k), @bob!", "Thanks (`@ann-marie.k`), `@bob`!"),
        ("- [ ] tell @team/sub.", "- [ ] tell `@team/sub`."),
        ("**@root** \"@a\" é@b", "**`@root`** \"`@a`\" é`@b`"),
        ("one ` and @root", "one ` and ``@root``"),
        ("one ` and `` and @root", "one ` and `` and ```@root```"),
        ("` `` ``` ```` @root, @a@@b", "` `` ``` ```` \\@root, \\@a\\@\\@b"),
        ("`a`@root`b`", "`a` `@root` `b`"),
        ("`a\n\n@root`", "`a\n\n``@root`` `"),
        ("\\`@root\\`", "\\` ``@root``\\`"),
    ],
)  # fmt: skip
def test_a_mention_becomes_code(before: str, after: str) -> None:
    assert at().rewrite(before) == after
    assert Unaddressed().rewrite(before) == after
    assert Unaddressed().rewrite(after) == after


def test_where_code_needs_too_many_backticks_a_mention_is_escaped_and_the_text_grows_little() -> None:
    runs = " ".join("`" * length for length in range(1, 301))
    rewritten = f"{runs}\n\n" + "\\@a " * 10_000
    assert at().rewrite(f"{runs}\n\n" + "@a " * 10_000) == rewritten
    assert Unaddressed().rewrite(rewritten) == rewritten


@pytest.mark.parametrize(
    "text",
    [
        "`@root` and ``@root ` @root``",
        "```\n@root\n```",
        "> ```\n> @root\n> ```",
        "~~~\n@root",
        "mail@example.com",
        "\\@root",
        "https://example.com/@root/x",
        "[x](/@root)",
        "@",
        "@ root @-",
    ],
)
def test_what_addresses_nobody_stays(text: str) -> None:
    assert at().rewrite(text) == text
    assert Unaddressed().rewrite(text) == text


def test_an_alias_stands_for_no_host() -> None:
    text = "https://old/team/app team/app#1"
    assert at("old").rewrite(text) == "https://old/team/app staff/crew/App_2#1"
    assert at(None).rewrite(text) == "https://old/team/app staff/crew/App_2#1"


@pytest.mark.parametrize(
    "source", ["https://o.*d(+[.example", "https://[::1", "https://old.example:99999", "javascript:x", "https://"]
)
def test_a_hostile_hostname_matches_nothing_else(source: str) -> None:
    text = "https://old.example/team/app https://ooood(([.example/team/app"
    assert at(source).rewrite(text) == text


def test_a_port_and_an_address_count() -> None:
    moved = [Moved(PROJECT, "team/app", "x/y")]
    text = "https://[2001:db8::1]:8443/team/app http://[2001:db8::1]:8443/team/app https://[2001:db8::1]/team/app"
    rewritten = Rewriting("https://[2001:DB8::1]:8443", HERE, moved).at(PROJECT, "team/app").rewrite(text)
    assert rewritten == f"{HERE}/x/y {HERE}/x/y https://[2001:db8::1]/team/app"


def test_projects_that_were_side_by_side_need_a_path_when_they_are_not() -> None:
    moved = [Moved(PROJECT, "team/app", "one/app"), Moved(PROJECT, "team/lib", "two/lib")]
    rewriting = Rewriting(SOURCE, HERE, moved)
    assert rewriting.at(PROJECT, "team/app").rewrite("lib#1 app#2") == "two/lib#1 app#2"
    assert rewriting.at(GROUP, "team").rewrite("lib#1") == "two/lib#1"


def test_paths_that_change_places_are_rewritten_once() -> None:
    moved = [Moved(GROUP, "a", "b"), Moved(GROUP, "b", "a")]
    text = "https://old.example/a https://old.example/b a&1 b&2"
    once = Rewriting(SOURCE, SOURCE, moved).at(GROUP, "a").rewrite(text)
    assert once == "https://old.example/b https://old.example/a b&1 a&2"


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        (MOVED, True),
        ([Moved(GROUP, "a", "a", 1, 1), Moved(PROJECT, "a/b", "a/b", 2, 2)], True),
        ([Moved(GROUP, "a", "b"), Moved(GROUP, "b", "a")], False),
        ([Moved(GROUP, "x", "x/x"), Moved(PROJECT, "x/p", "x/x/p")], False),
        ([Moved(PROJECT, "a/b", "c/d"), Moved(GROUP, "e", "A/B/e")], False),
        ([Moved(PROJECT, "a/p", "b/q"), Moved(PROJECT, "a/q", "b/r")], False),
        ([Moved(PROJECT, "a/b", "c/d", 1, 2), Moved(PROJECT, "a/e", "c/e", 2, 3)], False),
    ],
)
def test_it_says_whether_doing_it_again_could_lead_astray(moved: list[Moved], expected: bool) -> None:
    assert Rewriting(SOURCE, SOURCE, moved).is_repeatable is expected


WORDS = st.sampled_from(
    [
        "@root", "@", "`", "``", "```", "~~~", "\n", "\n\n", " ", "\\", "(", "](", ")", "[", "<", ">", ".", "/", "-", "ü", "a", "1",
        "team/app#1", "team", "/app", "#1", "https://old.example", "https://old.example/team/app", "/team", "http", "://", ":",
        "\r\n", "\t", "> ", "    ", "[issue:", "]", "src=\"", "👩🏽‍🚀", "\x00", "\u2028",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map("".join))


@given(TEXTS)
def test_a_rewritten_text_addresses_nobody(text: str) -> None:
    once = at().rewrite(text)
    assert Unaddressed().rewrite(once) == once


@given(TEXTS)
def test_what_is_repeatable_is_the_same_when_it_was_done_again(text: str) -> None:
    rewriter = Rewriting(SOURCE, SOURCE, MOVED).at(PROJECT, "team/app")
    assert rewriter.rewriting.is_repeatable
    assert rewriter.rewrite(rewriter.rewrite(text)) == rewriter.rewrite(text)


@given(TEXTS)
def test_where_nothing_moved_only_mentions_change(text: str) -> None:
    same = [Moved(item.kind, item.source_path, item.source_path, item.source_id, item.source_id) for item in MOVED]
    quoted = text.replace("http", "https").replace("httpss", "https")
    assert Rewriting(SOURCE, SOURCE, same).at(PROJECT, "team/app").rewrite(quoted) == Unaddressed().rewrite(quoted)


@pytest.mark.parametrize(
    "piece",
    [
        "http://old.example/", "https://old.example/team/app/", "`", "@", "@a.", "a/", "team/app#1 ", "\n", "~~~\n", "[issue:",
        "](a", ".", "@a/.", "`a\n", "src='", "<a", "1", "a@f", "`\n\n", "> ```\n",
    ],
)  # fmt: skip
def test_a_long_text_is_rewritten_in_time_linear_in_it(piece: str) -> None:
    # With the square of the length it would take hours.
    text = piece * (300_000 // len(piece))
    rewritten = at().rewrite(text)
    assert len(rewritten) >= len(text)
    assert Unaddressed().rewrite(rewritten) == rewritten
