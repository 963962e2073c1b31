"""Shows on standard error how long work gets on."""

from offline_transfer.cli import output


class Watch:
    """A line that says what is being worked on, and how many records are done."""

    def __init__(self, first: str) -> None:
        self._progress = output.progress()
        self._task = self._progress.add_task(first, total=None)
        self._records = 0

    def __enter__(self) -> "Watch":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def report(self, entity: str, relation: str, records: int) -> None:
        """Called after each object."""
        self._records += records
        self.say(entity, relation)
        self._progress.update(self._task, completed=self._records)

    def say(self, entity: str, relation: str) -> None:
        """Called before a relation of an entity is looked at."""
        self._progress.update(self._task, description=output.printable(f"{entity}: {relation}"))

    def exported(self, entity: str, relation: str, *, records: int, size: int) -> None:
        """Called after each object that was written."""
        del size
        self.report(entity, relation, records)
