"""What the jobs of an export are about."""

from offline_transfer import queue
from offline_transfer.exporting import names
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.jobs import registration, subjects
from offline_transfer.transfers.models import ExportBatch, OfflineExport, RelationExport
from tests.integration.jobs.scene import Scene


def test_jobs_of_an_export_say_which_export_relation_and_batch(scene: Scene) -> None:
    with scene.database.session() as session:
        group = Namespace(name="Group", path="group", type="Group")
        export = OfflineExport(batch_size=1)
        session.add_all([group, export])
        session.flush()
        own, issues = (
            RelationExport(offline_export_id=export.id, group_id=group.id, relation=relation)
            for relation in ("self", "issues")
        )
        session.add_all([own, issues])
        session.flush()
        batch = ExportBatch(export_id=issues.id, batch_number=7, record_ids=[])
        session.add(batch)
        session.flush()
        entity = f"group_{group.id}"
        assert subjects.of_export(session, offline_export_id=5) == {"export": 5}
        assert subjects.of_relation(session, export_id=own.id) == {"export": export.id, "entity": entity}
        assert subjects.of_batch(session, batch_id=batch.id) == {
            "export": export.id,
            "entity": entity,
            "relation": "issues",
            "batch": 7,
        }
        assert subjects.of_relation(session, export_id=0) == subjects.of_batch(session, batch_id=0) == {}


def test_every_job_of_an_export_has_a_function_a_context_and_a_subject() -> None:
    registration.register_all()
    known = {name for name in vars(names).values() if isinstance(name, str) and name in queue.names()}
    named = {value for key, value in vars(names).items() if key.isupper()}
    assert known == named
    assert [
        name for name in sorted(named) if queue.find(name).context is None or queue.find(name).subject is None
    ] == []
