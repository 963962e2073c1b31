"""Users whom the records of a project name: nobody becomes a row of a relation, somebody stands for them."""

from tests.support.pipelines import NO_RECORD, Failed, Portable, lines_of


def test_each_user_gets_somebody_who_stands_for_them(project: Portable) -> None:
    ada = {"id": 7, "username": "ada", "name": "Ada", "public_email": "ada@example.com"}
    batch = project.batch("user_contributions")
    found = lines_of("user_contributions", ada, {"id": 8}, NO_RECORD, {"username": "nobody"})
    for _ in range(2):
        count = project.run_batch(batch, found).paths["user_contributions"]
        assert (count.source, count.imported, count.failed) == (4, 3, 1)
        assert project.instance.rows("users", "username", "name", user_type=15) == [
            ("ada", "Ada"),
            ("source_user_8", "Source user 8"),
        ]
        (failure,) = project.failures("user_contributions")
        assert failure == Failed(
            "UserContributionsPipeline", "extractor", "not_json", failure.message, "user_contributions", 2
        )
        project.lose_end(batch)


def test_who_was_named_before_anything_was_known_of_them_gets_their_name(project: Portable) -> None:
    project.work.rows.users.resolve({9})
    project.run(lines_of("user_contributions", {"id": 9, "username": "eve", "name": "Eve"}))
    names = project.instance.rows("import_source_users", "source_username", "source_name", source_user_identifier="9")
    assert names == [("eve", "Eve")]
