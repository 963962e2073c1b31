"""How the texts of records get into those of the records that they belong to."""

from collections.abc import Iterator

import pytest

from offline_transfer.relations.nesting import SUMMARY, HeldTooMuchError, Nest, Nesting, Row

EMOJI, DIFF, NOTE, ISSUE = range(4)

NESTS = (
    Nest(is_single=False, below=(), tail=(b"",)),
    Nest(is_single=True, below=(), tail=(b"",)),
    # What a shared record says is not the same for each, so the tail comes with the row.
    Nest(is_single=False, below=(EMOJI, DIFF), tail=None),
    Nest(is_single=False, below=(NOTE,), tail=(b',"notes":[', b"]}")),
)


def rows(*given: Row) -> Iterator[Row]:
    return iter(given)


def note(above: int, key: int, author: str) -> Row:
    tail = f',"author":{{"name":"{author}"}},"emoji":[\x02],"diff":\x02}}'
    return NOTE, above, key, b'{"note":"%d"' % key, tail.encode()


def test_records_go_into_the_gaps_of_those_above_them_and_gaps_may_stay_empty() -> None:
    nesting = Nesting(NESTS, limit=None)
    lines = nesting.lines(
        rows(
            (EMOJI, 7, None, b'{"name":"tea"}', None),
            (EMOJI, 7, None, b'{"name":"cup"}', None),
            (DIFF, 8, None, b'{"diff":"+"}', None),
            note(1, 7, "Ada"),
            note(1, 8, "Bob"),
            (ISSUE, None, 2, b'{"title":"bare"', None),
            (ISSUE, None, 1, b'{"title":"full"', None),
            (SUMMARY, None, None, b"[]", None),
        )
    )
    assert list(lines) == [
        b'{"title":"bare","notes":[]}',
        b'{"title":"full","notes":['
        b'{"note":"7","author":{"name":"Ada"},"emoji":[{"name":"tea"},{"name":"cup"}],"diff":null},'
        b'{"note":"8","author":{"name":"Bob"},"emoji":[],"diff":{"diff":"+"}}]}',
    ]
    assert nesting.summary == b"[]"


def test_a_record_whose_record_above_does_not_come_is_not_lost_in_silence() -> None:
    lines = Nesting(NESTS, limit=None).lines(rows(note(5, 7, "Ada"), (ISSUE, None, 1, b'{"title":"other"', None)))
    with pytest.raises(RuntimeError, match="belong to no record"):
        list(lines)


def test_beyond_the_limit_nothing_is_held_and_the_rows_are_read_to_their_end() -> None:
    given = rows(note(1, 7, "Ada"), note(1, 8, "Bob"), (ISSUE, None, 1, b'{"title":"full"', None))
    with pytest.raises(HeldTooMuchError):
        next(Nesting(NESTS, limit=100).lines(given))
    assert list(given) == []
