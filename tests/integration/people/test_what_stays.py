"""What an instance knows of its people and does not tell: addresses, passwords, tokens, credentials."""

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select, text

from offline_transfer.db import Database
from offline_transfer.forge import tokens
from offline_transfer.forge.tokens import Scope
from offline_transfer.forge.users import User
from tests.support.fill import fill_every_relation
from tests.support.instances import Instance


def contents(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Everything in an archive, unpacked."""
    for path in sorted(directory.rglob("*")):
        if path.is_dir():
            continue
        name = str(path.relative_to(directory))
        if ".tar." in name:
            with tarfile.open(path) as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    assert file is not None
                    yield f"{name}: {member.name}", file.read()
        else:
            content = path.read_bytes()
            yield name, gzip.decompress(content) if name.endswith(".gz") else content


def found(directory: Path, *words: str) -> set[str]:
    """Which of the words occur anywhere, in a name or inside."""
    return {word for name, content in contents(directory) for word in words if word.encode() in content or word in name}


def test_what_people_keep_to_themselves_is_in_no_object(database: Database, tmp_path: Path) -> None:
    instance = Instance(database, tmp_path / "instance")
    fill_every_relation(database, instance.repositories, instance.files)
    with database.session() as session:
        session.execute(
            text("UPDATE users SET email = 'hidden-' || id || '@private.example', encrypted_password = 'hushed'")
        )
        session.execute(
            text(
                "UPDATE users SET public_email = 'shown@public.example' WHERE id = (SELECT min(author_id) FROM issues)"
            )
        )
        user = session.scalars(select(User).order_by(User.id)).first()
        assert user is not None
        made = tokens.create(session, user, scopes=[Scope.API])
    exported = instance.export(tmp_path / "archives", "fill")
    kept = ("private.example", "hidden-", "hushed", made.text[6:], tokens.digest(made.text))
    # That the search finds what people show says that it would find the others.
    assert found(exported.directory, *kept, "shown@public.example") == {"shown@public.example"}
