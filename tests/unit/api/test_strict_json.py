import json

import pytest

from offline_transfer.api import strict_json
from offline_transfer.api.errors import InvalidJsonError


def refused(body: bytes) -> str:
    with pytest.raises(InvalidJsonError) as caught:
        strict_json.parse(body)
    return str(caught.value.details["problem"])


def test_what_is_json_is_parsed() -> None:
    value = {"a": [1, -2.5, 1e10, True, None, "ä\t\U0001f600"], "b": {"c": {}}}
    assert strict_json.parse(json.dumps(value).encode()) == value
    assert strict_json.parse(json.dumps(value, ensure_ascii=False).encode()) == value


def test_the_request_of_the_worker_document_would_lose_a_group() -> None:
    body = b"""{
      "bucket": "offline-transfer-export",
      "entities": [
        {
          "full_path": "gitlab-org",
          "full_path": "flightjs/Flight"
        }
      ]
    }"""
    assert refused(body) == "the key `full_path` is given twice in one object"


def test_one_key_in_two_objects_is_no_repetition() -> None:
    assert strict_json.parse(b'[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]


def test_keys_that_are_written_differently_and_mean_the_same_are_a_repetition() -> None:
    assert refused(rb'{"a": 1, "\u0061": 2}') == "the key `a` is given twice in one object"


def test_a_strange_key_is_shown_and_not_obeyed() -> None:
    assert refused(b'{"\\u001b[2J\xc3\xa4": 1, "\\u001b[2J\xc3\xa4": 2}') == (
        r"the key `\x1b[2J\xe4` is given twice in one object"
    )
    assert refused(b'{"%s": 1, "%s": 2}' % (b"k" * 5000, b"k" * 5000)) == (
        f"the key `{'k' * 200}...` is given twice in one object"
    )


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'"\xff"', "it is not UTF-8 (byte 2)"),
        (b'"\xed\xa0\x80"', "it is not UTF-8 (byte 2)"),
        (b"\xef\xbb\xbf{}", "Unexpected UTF-8 BOM (decode using utf-8-sig) (line 1, column 1)"),
        (b"", "Expecting value (line 1, column 1)"),
        (b"{}{}", "Extra data (line 1, column 3)"),
        (b'{"a": 1,}', "Illegal trailing comma before end of object (line 1, column 8)"),
        (b"{'a': 1}", "Expecting property name enclosed in double quotes (line 1, column 2)"),
        (b'"a\nb"', "Invalid control character at (line 1, column 3)"),
        (b"NaN", "NaN is no JSON number"),
        (b"[-Infinity]", "-Infinity is no JSON number"),
        (b"1e999", "a number is too large or too long"),
        (b"0." + b"1" * 1000, "a number is too large or too long"),
        (b"9" * 65, "a number has more than 64 digits"),
        (b"9" * 100_000, "a number has more than 64 digits"),
        (rb'"a\u0000"', r"a text holds \u0000"),
        (rb'{"a\u0000": 1}', r"a text holds \u0000"),
        (rb'"\ud800"', "a text holds half of a surrogate pair"),
        (rb'{"\udfff": 1}', "a text holds half of a surrogate pair"),
        (b"[" * 17 + b"]" * 17, "it is nested deeper than 16 levels"),
        (b"[" * 100_000, "it is nested deeper than 16 levels"),
        (b'{"a":' * 100_000, "it is nested deeper than 16 levels"),
    ],
)
def test_what_is_not_quite_json_is_refused(body: bytes, problem: str) -> None:
    if problem.startswith("Illegal trailing comma"):
        # Python 3.13 says it better than those before it.
        assert refused(body) in (problem, "Expecting property name enclosed in double quotes (line 1, column 9)")
    else:
        assert refused(body) == problem


def test_what_is_at_the_limits_is_accepted() -> None:
    assert strict_json.parse(b"9" * 64) == int("9" * 64)
    assert strict_json.parse(b"[" * 16 + b"]" * 16) is not None
    assert strict_json.parse(rb'"\ud83d\ude00"') == "\U0001f600"
