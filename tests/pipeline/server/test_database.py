import sqlite3
import threading
from pathlib import Path

import pytest

from avel.pipeline.reasons import EnvironmentProblem
from avel.pipeline.server.database import FILE, Database, changes_after, newest, set_fact
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import add


def test_all_of_a_block_or_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path)

    def half() -> None:
        with database.writing() as write:
            set_fact(write, "a", "1")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        half()
    assert database.fact("a") is None
    with database.writing() as write:
        set_fact(write, "a", "2")
    assert Database(tmp_path).fact("a") == "2"


def test_it_is_safe_from_a_crash(tmp_path: Path) -> None:
    database = Database(tmp_path)
    assert database.value("PRAGMA journal_mode") == "wal"
    assert database.value("PRAGMA synchronous") == 2


def test_tables_of_another_version_are_not_touched(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(EnvironmentProblem, match=r"version 99 of its tables, this one has 3"):
        Database(tmp_path)


def test_a_file_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all, but long enough to look" * 100)
    with pytest.raises(EnvironmentProblem, match="the table of jobs cannot be opened"):
        Database(tmp_path)


def test_threads_share_it(tmp_path: Path) -> None:
    database = Database(tmp_path)

    def count() -> None:
        for _ in range(20):
            with database.writing() as write:
                set_fact(write, "n", str(int(database.fact("n") or 0) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.fact("n") == "80"


def test_every_change_has_a_growing_number_and_the_newest_of_each_stays(site: Site) -> None:
    video = add(site)
    before = newest(site.database)
    job = site.jobs.take("w")
    assert job is not None
    site.jobs.progress(job.id, "w", "decoding", 1.0, 10.0)
    site.jobs.progress(job.id, "w", "decoding", 2.0, 10.0)
    told = changes_after(site.database, before, 100)
    assert [(row["kind"], row["id"]) for row in told] == [("video", video), ("job", job.id)]
    assert newest(site.database) > before + 1
    everything = changes_after(site.database, 0, 100)
    assert len(everything) == 2


def test_a_longer_lease_is_no_change(site: Site) -> None:
    add(site)
    job = site.jobs.take("w")
    assert job is not None
    before = newest(site.database)
    assert site.jobs.beat(job.id, "w")
    assert newest(site.database) == before


def test_what_is_gone_is_said(site: Site) -> None:
    video = add(site)
    site.videos.delete(video)
    told = changes_after(site.database, 0, 100)
    assert [(row["kind"], row["id"]) for row in told] == [("gone", video)]


def fill(database: Database) -> None:
    """No page more has room."""
    pages = database.value("PRAGMA page_count")
    database.value(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_said_and_the_next_goes_well(tmp_path: Path) -> None:
    database = Database(tmp_path)
    fill(database)

    def store(size: int) -> None:
        with database.writing() as write:
            set_fact(write, "a", "1")
            set_fact(write, "b", "x" * size)

    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
            store(100_000)
        assert database.fact("a") is None
    store(10)
    assert database.fact("a") == "1"


def test_a_commit_that_fails_leaves_nothing_begun(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.value("PRAGMA foreign_keys = ON")

    def store(other: int) -> None:
        with database.writing() as write:
            write.execute("CREATE TABLE IF NOT EXISTS one (n INTEGER PRIMARY KEY)")
            write.execute(
                "CREATE TABLE IF NOT EXISTS two (n REFERENCES one DEFERRABLE INITIALLY DEFERRED)"
            )
            write.execute("INSERT OR IGNORE INTO one VALUES (1)")
            write.execute("INSERT INTO two VALUES (?)", (other,))

    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY constraint failed"):
        store(2)  # which the end of the transaction alone finds out
    store(1)
    assert database.value("SELECT count(*) FROM two") == 1
