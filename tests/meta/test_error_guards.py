from pathlib import Path

import offline_transfer
from offline_transfer.errors import BadInputError, NotFoundError, OfflineTransferError
from tests.meta import error_guards as guards

SOURCE = Path(offline_transfer.__file__).parent


def error_class(name: str, message: str | None) -> type[OfflineTransferError]:
    # Made by `type` and outside the package, so that other tests do not meet it.
    return type(name, (OfflineTransferError,), {"__doc__": message, "__module__": "elsewhere"})


def test_every_error_has_a_message_of_its_own() -> None:
    assert guards.without_message(guards.error_classes()) == []


def test_an_error_without_a_message_is_noticed() -> None:
    assert guards.without_message([error_class("SilentError", None)]) == [
        "elsewhere.SilentError has no docstring: write the message that people will read, naming the thing and the remedy"
    ]


def test_no_two_errors_have_one_code() -> None:
    assert guards.shared_codes(guards.error_classes()) == []


def test_two_errors_with_one_code_are_noticed() -> None:
    twins = [error_class("TwinError", "One."), error_class("Twin", "Other.")]
    assert guards.shared_codes(twins) == [
        "the code `twin` belongs to elsewhere.Twin and elsewhere.TwinError: rename one, since programs tell errors apart by it"
    ]


def test_every_error_is_given_what_its_message_needs() -> None:
    assert guards.unfilled(guards.error_classes(), SOURCE) == []


def test_an_error_without_what_its_message_needs_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        'def find(details):\n    NotFoundError(kind="group", where="x")\n    NotFoundError(**details)\n'
        '    raise NotFoundError(kind="group")\n'
    )
    assert guards.unfilled([NotFoundError, BadInputError], tmp_path) == [
        "module.py:4: NotFoundError needs where for its message"
    ]


def test_placeholders_are_read_from_the_first_paragraph() -> None:
    assert guards.placeholders(error_class("LongError", "{a:,} of {b.c}.\n\nNot {d}.")) == {"a", "b"}
