"""Names that a shell would run."""

import ast
from pathlib import Path
from typing import Final

from tests.attacks.making import bundles, tars
from tests.attacks.victim import Victim
from tests.support.environment import REPOSITORY

SHELLS: Final = frozenset({"system", "popen", "spawnl", "spawnlp", "execlp", "getoutput", "getstatusoutput"})


class TestA06Commands:
    """A6: a name in an archive becomes part of a command line.

    It happened to GitLab's project import, where the size of a file was asked of a shell (CVE-2022-2185).
    Defence: no shell, ever. Git is the one program that is called, with fixed arguments, within a directory of ours; what
    an archive names reaches it as an open file, or on its standard input.
    """

    def test_names_of_files_and_branches_are_not_run(self, victim: Victim, tmp_path: Path) -> None:
        marker = tmp_path / "owned"
        words = (f"$(touch {marker.name})", f"`touch {marker.name}`", f";touch {marker.name}", "--help", "|id", "a'b")
        taken = victim.takes(tars.stored(tmp_path / "uploads", *words))
        assert taken.counts("uploads") == (7, 7, 0, 0)
        refs = [f"refs/heads/{name}".encode() for name in ("$(touch_owned)", "`id`", ";id", "a|b", "a&b")]
        taken = victim.takes(bundles.with_refs(tmp_path / "refs", *refs, default_branch=f"$(touch {marker})"))
        assert taken.counts("repository") == (6, 6, 0, 0)
        assert list(tmp_path.rglob("owned")) == []

    def test_nothing_in_the_program_calls_a_shell(self) -> None:
        found = []
        for path in sorted((REPOSITORY / "src").rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in SHELLS or any(word.arg == "shell" for word in node.keywords):
                    found.append(f"{path.relative_to(REPOSITORY)}:{node.lineno}")
        assert found == []
