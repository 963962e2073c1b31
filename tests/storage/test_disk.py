"""What only a directory can get wrong: links, modes, crashes, full and read-only disks."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from offline_transfer.errors import ExitStatus
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import (
    InvalidLocationError,
    InvalidObjectKeyError,
    KeyConflictError,
    ObjectCutError,
    ObjectNotFoundError,
    StorageAccessDeniedError,
    StoreNotFoundError,
    UnsafeEntryError,
)
from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import BLOCK_BYTES, ObjectInfo

NOBODY: Final = 65534
SCRIPTS: Final = Path(__file__).with_name("disk_scripts")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An existing directory for a store, with an object in it."""
    root = tmp_path / "root"
    DiskStore(root).put("folder/key", from_bytes(b"contents"))
    return root


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory beside the store that must stay as it is."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    return outside


def everything(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_objects_are_plain_files_below_the_root(root: Path) -> None:
    DiskStore(root).put("top", from_bytes(b"1"))
    assert everything(root) == ["folder", "folder/key", "top"]
    assert (root / "folder/key").read_bytes() == b"contents"


def test_describes_itself_by_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert DiskStore(Path("store")).describe() == f"{tmp_path}/store"


def test_directories_and_files_are_for_the_owner_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        DiskStore(tmp_path / "root").put("a/b/key", from_bytes(b"1"))
    finally:
        os.umask(previous)
    paths = ("root", "root/a", "root/a/b", "root/a/b/key")
    assert [stat.S_IMODE((tmp_path / path).stat().st_mode) for path in paths] == [0o700, 0o700, 0o700, 0o600]


def test_what_is_written_is_durable_before_and_after_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, rename = os.fsync, os.rename

    def recorded_fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path)
        calls.append(f"fsync {'a partial file' if path.suffix == '.partial' else path}")
        fsync(descriptor)

    def recorded_rename(old: str, new: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        calls.append(f"rename to {new}")
        rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "rename", recorded_rename)
    DiskStore(tmp_path / "root").put("a/key", from_bytes(b"1"))
    assert calls == ["fsync .", "fsync root", "fsync a partial file", "rename to key", "fsync root/a"]


def test_reading_creates_and_changes_nothing(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "absent")
    with pytest.raises(ObjectNotFoundError):
        store.size("key")
    with pytest.raises(ObjectNotFoundError):
        next(store.blocks("key"))
    with pytest.raises(StoreNotFoundError, match=f"^{tmp_path}/absent does not exist"):
        next(store.list())
    store.delete("key")
    assert everything(tmp_path) == []


def test_a_file_is_no_store(root: Path) -> None:
    store = DiskStore(root / "folder/key")
    for call in (lambda: store.put("a", from_bytes(b"")), lambda: store.size("a"), lambda: next(store.list())):
        with pytest.raises(InvalidLocationError, match=f"^{root}/folder/key is not a directory. A place is"):
            call()


def test_the_way_to_the_root_may_lead_over_links(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert b"".join(DiskStore(tmp_path / "link").blocks("folder/key")) == b"contents"


def test_a_linked_file_is_not_read(root: Path, outside: Path) -> None:
    (root / "link").symlink_to(outside / "secret")
    store = DiskStore(root)
    with pytest.raises(UnsafeEntryError) as raised:
        next(store.blocks("link"))
    assert str(raised.value) == (
        f"'link' of link in {root} is a symbolic link, and only regular files and directories are accepted. "
        "Replace it by the file itself."
    )
    with pytest.raises(UnsafeEntryError):
        store.size("link")
    with pytest.raises(UnsafeEntryError):
        store.delete("link")


def test_a_link_to_an_object_of_the_store_itself_is_not_read(root: Path) -> None:
    (root / "link").symlink_to("folder/key")
    with pytest.raises(UnsafeEntryError):
        next(DiskStore(root).blocks("link"))


def test_a_linked_directory_is_not_entered(root: Path, outside: Path) -> None:
    (root / "link").symlink_to(outside)
    store = DiskStore(root)
    for call in (
        lambda: next(store.blocks("link/secret")),
        lambda: store.size("link/secret"),
        lambda: store.delete("link/secret"),
        lambda: store.put("link/new", from_bytes(b"1")),
        lambda: store.put("link/deeper/new", from_bytes(b"1")),
        lambda: next(store.list("link")),
    ):
        with pytest.raises(UnsafeEntryError, match=r"'link' of link.* is a symbolic link"):
            call()
    assert everything(outside) == ["secret"]


def test_writing_replaces_a_link_and_not_what_it_leads_to(root: Path, outside: Path) -> None:
    (root / "link").symlink_to(outside / "secret")
    DiskStore(root).put("link", from_bytes(b"new"))
    assert not (root / "link").is_symlink()
    assert (outside / "secret").read_bytes() == b"secret"


def test_a_listing_stops_at_a_link(root: Path, outside: Path) -> None:
    (root / "folder/link").symlink_to(outside)
    with pytest.raises(UnsafeEntryError, match=r"^folder/link in .* is a symbolic link"):
        list(DiskStore(root).list())


def test_a_pipe_is_neither_read_nor_listed_nor_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    store = DiskStore(root)
    for call in (lambda: next(store.blocks("pipe")), lambda: store.size("pipe"), lambda: list(store.list())):
        with pytest.raises(UnsafeEntryError, match="a device, pipe or socket"):
            call()


def test_a_directory_is_no_object(root: Path) -> None:
    store = DiskStore(root)
    with pytest.raises(ObjectNotFoundError):
        next(store.blocks("folder"))
    store.delete("folder")
    assert everything(root) == ["folder", "folder/key"]


def test_a_key_cannot_be_object_and_directory(root: Path) -> None:
    store = DiskStore(root)
    with pytest.raises(KeyConflictError) as upon_directory:
        store.put("folder", from_bytes(b"1"))
    with pytest.raises(KeyConflictError) as below_file:
        store.put("folder/key/below", from_bytes(b"1"))
    assert str(upon_directory.value).startswith(f"folder cannot be written to {root}: a directory of that name is in")
    assert str(below_file.value).startswith(f"folder/key/below cannot be written to {root}: a file of that name is in")
    assert upon_directory.value.exit_status is ExitStatus.CONFLICT
    assert everything(root) == ["folder", "folder/key"]


@pytest.mark.parametrize("name", [b"line\nfeed", b"not \xff UTF-8", b"back\\slash"])
def test_a_listing_stops_at_a_name_that_no_key_can_have(root: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(root / "folder") + b"/" + name)).write_bytes(b"1")
    with pytest.raises(InvalidObjectKeyError):
        list(DiskStore(root).list("folder"))


def test_names_of_255_bytes_have_room_for_the_partial_file(root: Path) -> None:
    name = "ü" * 127 + "u"
    DiskStore(root).put(name, from_bytes(b"1"))
    assert (root / name).read_bytes() == b"1"


def test_a_file_that_shrinks_while_it_is_read_is_cut(root: Path) -> None:
    store = DiskStore(root)
    store.put("key", from_bytes(b"1" * 3 * BLOCK_BYTES))
    blocks = store.blocks("key")
    next(blocks)
    os.truncate(root / "key", BLOCK_BYTES + 5)
    assert next(blocks) == b"1" * 5
    with pytest.raises(ObjectCutError, match=f"^key in {root} ended after 1048581 of 3145728 bytes"):
        next(blocks)


def test_a_killed_writer_leaves_a_partial_file_that_is_never_listed(root: Path) -> None:
    ended = run_script("killed.py", root)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    left = [name for name in everything(root) if name.endswith(".partial")]
    assert [(len(left), left[0].startswith("folder/key."), (root / left[0]).stat().st_size)] == [(1, True, 1_000_000)]
    store = DiskStore(root)
    assert list(store.list()) == [ObjectInfo("folder/key", 8)]
    assert b"".join(store.blocks("folder/key")) == b"contents"
    with pytest.raises(InvalidObjectKeyError):
        next(store.blocks(left[0]))
    store.put("folder/key", from_bytes(b"new"))
    assert b"".join(store.blocks("folder/key")) == b"new"
    # One that is so young may have a writer that is just about to lock it.
    assert store.sweep() == 0
    os.utime(root / left[0], (0, 0))
    assert store.sweep() == 1
    assert everything(root) == ["folder", "folder/key"]


def test_a_file_whose_writer_lives_is_not_swept_however_old_it_is(root: Path) -> None:
    store = DiskStore(root)

    def slowly() -> Iterator[bytes]:
        yield b"first, "
        (begun,) = root.rglob("*.partial")
        os.utime(begun, (0, 0))
        assert store.sweep() == 0
        yield b"then"

    store.put("folder/key", slowly)
    assert b"".join(store.blocks("folder/key")) == b"first, then"


def test_nothing_is_swept_where_nothing_is(root: Path) -> None:
    assert DiskStore(root / "absent").sweep() == 0


FULL_MESSAGE: Final = (
    "There is no room for folder/large in {root}. "
    "Free space there, raise its quota or limit on file sizes, or choose another place."
)
FULL: Final = {
    "error": "StorageFullError",
    "retryable": False,
    "files": ["folder/old"],
    "old": "old",
}


def test_a_file_that_reaches_its_limit_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    assert output_of("full.py", tmp_path, "limit") == FULL | {"message": FULL_MESSAGE.format(root=tmp_path)}


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    """On a disk of its own where this process may mount one; elsewhere a limit stands in for it."""
    kind = "disk" if may_mount() else "limit"
    assert output_of("full.py", tmp_path, kind) == FULL | {"message": FULL_MESSAGE.format(root=tmp_path)}


def test_a_read_only_directory_can_be_read_and_refuses_writes() -> None:
    with read_only_directory() as root, unprivileged():
        store = DiskStore(root)
        assert [b"".join(store.blocks(info.key)) for info in store.list()] == [b"contents"]
        for call in (
            lambda: store.put("folder/key", from_bytes(b"new")),
            lambda: store.put("other/key", from_bytes(b"new")),
            lambda: store.delete("folder/key"),
        ):
            with pytest.raises(StorageAccessDeniedError, match=f"^{root} refused access to (folder|other)/key. Check"):
                call()
        assert everything(root) == ["folder", "folder/key"]


def test_a_read_only_disk_can_be_read_and_refuses_writes(tmp_path: Path) -> None:
    """Where this process may mount one; elsewhere the test before this one says the most that can be said."""
    if not may_mount():
        return
    refusal = (
        f"{tmp_path} is read-only, so folder/key cannot be changed. Choose another place, or mount it for writing."
    )
    assert output_of("read_only.py", tmp_path) == {"read": "contents", "refusals": [refusal, refusal]}


def test_a_directory_that_may_not_be_entered_is_refused() -> None:
    with read_only_directory() as root:
        (root / "folder").chmod(0)
        with unprivileged(), pytest.raises(StorageAccessDeniedError):
            list(DiskStore(root).list())


@contextmanager
def read_only_directory() -> Iterator[Path]:
    """A directory with one object that everybody may read and nobody but root may change."""
    # Not below pytest's directory, which is closed to other users.
    root = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    try:
        (root / "folder").mkdir()
        (root / "folder/key").write_bytes(b"contents")
        for path, mode in ((root / "folder/key", 0o444), (root / "folder", 0o555), (root, 0o555)):
            path.chmod(mode)
        yield root
    finally:
        root.chmod(0o700)
        (root / "folder").chmod(0o700)
        shutil.rmtree(root)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write everywhere, so it becomes somebody else for a moment."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def may_mount() -> bool:
    """Whether a process of ours gets mounts of its own, for disks that are full or read-only."""
    command = [*own_mounts(), "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def own_mounts() -> list[str]:
    return ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]


def run_script(name: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    prefix = own_mounts() if name == "read_only.py" or "disk" in arguments else []
    command = [*prefix, sys.executable, str(SCRIPTS / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def output_of(name: str, *arguments: object) -> dict[str, Any]:
    ended = run_script(name, *arguments)
    assert ended.returncode == 0, ended.stderr
    output: dict[str, Any] = json.loads(ended.stdout)
    return output
