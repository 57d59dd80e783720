"""What the cache has of many files, without reading one."""

from pathlib import Path

import pytest

from avel.pipeline.batch.look import look
from avel.pipeline.method.harvest import harvest
from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.work.failures import Failure, failures_of, folder_of
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.method.stubs import ScriptedDecoders, StubEncoder, cells, file, stub_plan


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In which a is done, b has failed, and c has killed its decoder."""
    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders", ScriptedDecoders)
    crash = MediaError(Reason.WORKER_CRASH, "c: died")
    scripts = {"a": [cells(2), "end"], "b": [MediaError(Reason.DECODE_ERROR, "b")], "c": [crash]}
    monkeypatch.setattr(ScriptedDecoders, "scripts", scripts)
    paths = [file(tmp_path, name, name * 10) for name in "abc"]
    root, plan = tmp_path / "cache", stub_plan(StubEncoder())
    stores = plan.stores(root)
    folder_of(root, stores.features.fingerprint).mkdir(parents=True)
    failures = failures_of(root, stores.features.fingerprint)
    for outcome in harvest(paths, stores, plan, RuntimeConfig(cache_dir=root)):
        if outcome.reason:
            failures.add(Failure(outcome.path, outcome.key or "", outcome.reason, "died"))
    return root


def test_each_file_is_told_by_what_is_to_be_done(cache: Path, tmp_path: Path) -> None:
    new, empty = file(tmp_path, "d", "d" * 70), tmp_path / "gone"
    seen = look([*(tmp_path / n for n in "abc"), new, empty], stub_plan(StubEncoder()), cache)
    assert (seen.cached, seen.left_out) == (1, 1)
    assert seen.todo == [(10, tmp_path / "b"), (70, new)]
    assert (seen.num_bytes, seen.todo_bytes, seen.unread, seen.undecoded) == (100, 80, 70, 80)
    assert len(seen.unreadable) == 1
    assert "gone" in seen.unreadable[0]


def test_cells_that_are_cached_need_no_decoder(cache: Path, tmp_path: Path) -> None:
    other = StubEncoder()
    other.recipe = {"extractor": "other", "options": {}}
    seen = look([tmp_path / "a", tmp_path / "b"], stub_plan(other), cache)
    assert (seen.todo_bytes, seen.undecoded, seen.unread) == (20, 10, 0)


def test_a_file_that_was_changed_is_new(cache: Path, tmp_path: Path) -> None:
    file(tmp_path, "a", "changed")
    seen = look([tmp_path / "a"], stub_plan(StubEncoder()), cache)
    assert (seen.cached, seen.unread) == (0, 7)


def test_nothing_is_made(tmp_path: Path) -> None:
    seen = look([file(tmp_path, "a")], stub_plan(StubEncoder()), tmp_path / "none")
    assert len(seen.todo) == 1
    assert not (tmp_path / "none").exists()
