"""A whole batch: parts, what is tried again, what is left out."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from avel.pipeline.batch.extraction import BatchConfig, Extraction
from avel.pipeline.batch.lots import Part
from avel.pipeline.reasons import EnvironmentProblem, InputError, MediaError, Reason
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.method.stubs import ScriptedDecoders, StubEncoder, cells, file, stub_plan

CRASH = MediaError(Reason.WORKER_CRASH, "2.mp4: the decoder died twice (SIGSEGV)")
DAMAGED = MediaError(Reason.DECODE_ERROR, "3.mp4: no frame")


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of six, of which the third kills its decoder and the fourth is damaged."""
    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders", ScriptedDecoders)
    good = {f"{n}.mp4": [cells(1, n, duration=1.0), "end"] for n in range(6)}
    scripts = {**good, "2.mp4": [CRASH], "3.mp4": [DAMAGED]}
    monkeypatch.setattr(ScriptedDecoders, "scripts", scripts)
    monkeypatch.setattr(ScriptedDecoders, "started", [])
    folder = tmp_path / "films"
    folder.mkdir()
    for name in good:
        file(folder, name)
    return folder


def run(films: Path, **options: object) -> dict[str, str]:
    """What became of each, by its name."""
    cache = films.parent / "cache"
    runtime = RuntimeConfig(cache_dir=cache, workers=2, batch_cells=4)
    config = BatchConfig(**options)  # type: ignore[arg-type]
    work = Extraction([str(films)], stub_plan(StubEncoder()), runtime, config)
    work.check()
    ScriptedDecoders.started.clear()
    made = {True: "cached", False: "extracted"}
    return {o.path.name: str(o.reason or made[o.cached]) for o in work.here()}


def test_failures_are_what_another_run_does_again(films: Path) -> None:
    first = run(films)
    assert Counter(first.values()) == {"extracted": 4, "WORKER_CRASH": 1, "DECODE_ERROR": 1}
    assert run(films, retried=frozenset(Reason)) == {
        "2.mp4": "WORKER_CRASH",
        "3.mp4": "DECODE_ERROR",
    }
    assert sorted(ScriptedDecoders.started) == ["2.mp4", "3.mp4"], "asked for, so tried again"
    assert run(films, retried=frozenset({Reason.DECODE_ERROR})) == {"3.mp4": "DECODE_ERROR"}


def test_what_harms_is_left_out_until_asked_for(films: Path) -> None:
    run(films)
    assert run(films)["2.mp4"] == "WORKER_CRASH"
    assert ScriptedDecoders.started == ["3.mp4"]
    assert run(films, skipped=frozenset(Reason))["3.mp4"] == "DECODE_ERROR"
    assert ScriptedDecoders.started == []
    assert run(films, skipped=frozenset())["3.mp4"] == "DECODE_ERROR"
    assert sorted(ScriptedDecoders.started) == ["2.mp4", "3.mp4"]


def test_nothing_to_try_again_is_said(films: Path) -> None:
    with pytest.raises(InputError, match=r"--retry-failed: none of 6 files has failed before"):
        run(films, retried=frozenset(Reason))
    run(films)
    with pytest.raises(InputError, match=r"none of 6 files .* features for OOM; leave it out"):
        run(films, retried=frozenset({Reason.OOM}))


def test_a_plan_says_how_much_room_a_run_needs(films: Path, tmp_path: Path) -> None:
    """Until it has begun: then less is needed than was planned."""
    runtime = RuntimeConfig(cache_dir=tmp_path / "cache")
    work = Extraction([str(films)], stub_plan(StubEncoder()), runtime, BatchConfig())
    report = tmp_path / "night"
    report.mkdir()
    own = {"fingerprint": work.stores.features.fingerprint}
    planned = {**own, "expected": {"features_bytes": {"low": 1e21}}}
    (report / "plan.json").write_text(json.dumps(planned))
    with pytest.raises(EnvironmentProblem, match=r"at least 1000000000000\.0 GB are needed"):
        work.check(report)
    work.check()
    (report / "videos.jsonl").touch()
    (report / "run.json").write_text(json.dumps(own))
    work.check(report)


def test_only_what_this_run_has_features_of_needs_no_room(
    films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many others the cache holds."""
    run(films)
    full = SimpleNamespace(free=1)
    monkeypatch.setattr("shutil.disk_usage", lambda path: full)
    runtime = RuntimeConfig(cache_dir=films.parent / "cache")
    Extraction([str(films)], stub_plan(StubEncoder()), runtime, BatchConfig()).check()
    (films / "more.mkv").write_bytes(bytes(3_000_000))
    work = Extraction([str(films)], stub_plan(StubEncoder()), runtime, BatchConfig())
    with pytest.raises(EnvironmentProblem, match=r"GB are needed"):
        work.check()


def test_a_loop_that_begins_when_all_is_tried_again_does_nothing(films: Path) -> None:
    """The others were quicker: that is no fault of the run."""
    runtime = RuntimeConfig(cache_dir=films.parent / "cache", workers=2, batch_cells=4)
    config = BatchConfig(retried=frozenset(Reason))
    work = Extraction([str(films)], stub_plan(StubEncoder()), runtime, config)
    assert list(work.here()) == []


def test_what_a_folder_leaves_out_is_said_once(
    films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (films / "notes.pdf").write_text("x")
    run(films)
    assert capsys.readouterr().err.count("1 file left out: .pdf (1)") == 1


def test_parts_are_all_of_it(films: Path) -> None:
    parts = [run(films, part=Part(number, 4)) for number in (1, 2, 3, 4)]
    assert [len(part) for part in parts] == [2, 2, 1, 1]
    assert sorted(name for part in parts for name in part) == [f"{n}.mp4" for n in range(6)]


def test_a_part_makes_no_claims(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it works where the file system has no hard links."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    assert len(run(films, part=Part(1, 1))) == 6


@pytest.mark.parametrize(
    ("most", "asked", "kept", "expected"),
    [
        (6, False, True, True),
        (5, False, True, False),
        (5, True, True, True),
        (6, True, False, False),
    ],
)
def test_cells_of_many_videos_are_cached_only_if_asked(
    films: Path,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    asked: bool,
    kept: bool,
    expected: bool,
) -> None:
    monkeypatch.setattr("avel.pipeline.batch.extraction.MANY", most)
    runtime = RuntimeConfig(cache_dir=films.parent / "cache", workers=2, keep_segments=kept)
    config = BatchConfig(many_segments=asked, part=Part(1, 2))  # the whole list counts
    work = Extraction([str(films)], stub_plan(StubEncoder()), runtime, config)
    list(work.here())
    assert bool(len(work.stores.segments)) is expected
    assert work.spares_segments is (kept and not expected)


def test_a_gpu_that_does_not_exist_is_said_before_any_work(films: Path) -> None:
    cache = films.parent / "cache"
    runtime = RuntimeConfig(cache_dir=cache, workers=2, device="cuda:99")
    work = Extraction([str(films)], stub_plan(StubEncoder()), runtime, BatchConfig())
    rule = r"device 'cuda:99' cannot be used \(.+\); use --device cpu, or see `avel doctor`"
    with pytest.raises(EnvironmentProblem, match=rule):
        work.check()
    assert ScriptedDecoders.started == []
