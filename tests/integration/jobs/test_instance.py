"""What an instance says of itself."""

import pytest

from offline_transfer.storage.errors import ObjectNotFoundError
from tests.integration.jobs.scene import Scene


def test_messages_do_not_say_where_the_files_of_the_instance_lie(scene: Scene) -> None:
    said = r"^There is no object uploads/gone in the files of this instance\."
    with pytest.raises(ObjectNotFoundError, match=said):
        scene.instance.files.size("uploads/gone")
