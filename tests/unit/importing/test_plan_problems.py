from offline_transfer.importing.planning.plan import Presence
from offline_transfer.importing.planning.problems import BLOCKING, ProblemKind
from tests.meta import doc_guards

PAGE = (doc_guards.REPOSITORY / "docs" / "reference" / "json.md").read_text("utf-8")


def test_every_kind_of_problem_is_in_the_reference_and_those_that_block_come_first() -> None:
    listed = [name.strip("`") for name in doc_guards.first_cells(PAGE, "### Problems") if name != "kind"]
    kinds = [kind.value for kind in ProblemKind]
    assert listed[-len(kinds) :] == kinds
    assert kinds[: len(BLOCKING)] == [kind.value for kind in ProblemKind if kind in BLOCKING]
    assert len(BLOCKING) == 11


def test_every_presence_is_in_the_reference() -> None:
    assert doc_guards.unmentioned(list(Presence), PAGE, "the presence") == []
