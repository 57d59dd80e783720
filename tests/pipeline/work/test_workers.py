"""A worker that dies costs the job it held, and nothing else."""

import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from avel.pipeline.media.segment import SegmentConfig
from avel.pipeline.method.harvest import Outcome, harvest
from avel.pipeline.method.plan import plan_features
from avel.pipeline.reasons import Reason
from avel.pipeline.work.runtime import RuntimeConfig
from avel.pipeline.work.workers import Crashed, map_unordered
from tests.films import clicks, regular, write_film


def square(number: int) -> int:
    if number == 13:
        os._exit(1)  # as a codec does that writes where it must not
    return number * number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_carry_their_number(workers: int) -> None:
    found = dict(map_unordered(square, [(n,) for n in range(6)], workers))
    assert found == {n: n * n for n in range(6)}


def test_a_dead_worker_costs_one_job() -> None:
    found = dict(map_unordered(square, [(n,) for n in (1, 2, 13, 3, 4)], 2))
    assert isinstance(found.pop(2), Crashed)
    assert found == {0: 1, 1: 4, 3: 9, 4: 16}


def run(paths: list[Path], cache: Path, extractor) -> list[Outcome]:  # type: ignore[no-untyped-def]
    plan = plan_features(
        SimpleNamespace(cells={}, recipe=extractor.recipe, load=lambda _: extractor)
    )
    runtime = RuntimeConfig(cache_dir=cache, workers=1, batch_cells=4)
    return list(harvest(paths, plan.stores(cache), plan, runtime, "cpu"))


@pytest.fixture(scope="module")
def extractor():  # type: ignore[no-untyped-def]
    from avel.extractors import choose

    return choose("audioclip-tiny").load()


def test_copies_share_their_outcome(tmp_path: Path, extractor) -> None:  # type: ignore[no-untyped-def]
    """Two names of one content: decoded once; if it fails, it fails for both."""
    good = write_film(
        tmp_path / "a.mp4", frame_times=regular(50), samples=clicks(88_200, [9]), audio_codec="aac"
    )
    (tmp_path / "b.mp4").write_bytes(good.read_bytes())
    for name in ("c.mp4", "d.mp4"):
        (tmp_path / name).write_text("no video")
    outcomes = {
        o.path.name: o for o in run(sorted(tmp_path.glob("*.mp4")), tmp_path / "cache", extractor)
    }
    assert outcomes["a.mp4"].key == outcomes["b.mp4"].key
    assert [outcomes[n].cells for n in ("a.mp4", "b.mp4")] == [2, 2]
    assert [outcomes[n].reason for n in ("a.mp4", "b.mp4")] == [None, None]
    assert [outcomes[n].reason for n in ("c.mp4", "d.mp4")] == [Reason.DECODE_ERROR] * 2


@pytest.mark.parametrize(
    ("error", "reason"), [(RuntimeError("odd"), "DECODE_ERROR"), (MemoryError(), "OOM")]
)
def test_an_unforeseen_error_in_a_long_video_stops_nothing(
    tmp_path: Path, extractor, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:  # type: ignore[no-untyped-def]
    from avel.pipeline.method import harvest as module

    films = [
        write_film(
            tmp_path / name,
            frame_times=regular(25 * seconds),
            samples=clicks(44_100 * seconds, [9]),
            audio_codec="aac",
        )
        for name, seconds in (("long.mp4", 5), ("short.mp4", 1))
    ]
    real = module.segment_video

    def breaks(path: Path, config: SegmentConfig, **options):  # type: ignore[no-untyped-def]
        for number, segments in enumerate(real(path, config, window_cells=2, timeout_seconds=60.0)):
            if number == 2:
                raise error
            yield segments

    monkeypatch.setattr(module, "segment_video", breaks)
    outcomes = {o.path.name: o for o in run(films, tmp_path / "cache", extractor)}
    assert outcomes["long.mp4"].reason == reason
    assert str(films[0]) in outcomes["long.mp4"].message
    assert outcomes["short.mp4"].cells == 1


def test_nan_features_are_refused(
    tmp_path: Path, extractor, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    video = write_film(
        tmp_path / "a.mp4", frame_times=regular(50), samples=clicks(88_200, [9]), audio_codec="aac"
    )
    real = type(extractor).__call__

    def spoiled(self, frames, samples):  # type: ignore[no-untyped-def]
        features = {name: value.clone() for name, value in real(self, frames, samples).items()}
        features["audio"][1] = float("nan")
        return features

    monkeypatch.setattr(type(extractor), "__call__", spoiled)
    (outcome,) = run([video], tmp_path / "cache", extractor)
    assert outcome.reason == Reason.NAN_FEATURE
    assert "audio of cell 1 is not finite" in outcome.message


def test_numbers_do_not_depend_on_the_company(tmp_path: Path, extractor) -> None:  # type: ignore[no-untyped-def]
    """Bit for bit: a video alone, and the same among others in the same batches."""
    from avel.pipeline.method.recipes import features_recipe, open_store

    films = [
        write_film(
            tmp_path / f"{n}.mp4",
            frame_times=regular(25 * (n + 1)),
            samples=clicks(44_100 * (n + 1), [n]),
            audio_codec="aac",
        )
        for n in range(3)
    ]
    recipe = features_recipe(SegmentConfig(), extractor.recipe)
    run(films, tmp_path / "together", extractor)
    together = open_store(tmp_path / "together", recipe)
    for number, path in enumerate(films):
        (outcome,) = run([path], tmp_path / f"alone{number}", extractor)
        alone = open_store(tmp_path / f"alone{number}", recipe).get(outcome.key)
        other = together.get(outcome.key)
        assert {k: v.tobytes() for k, v in alone.items()} == {
            k: v.tobytes() for k, v in other.items()
        }


def signalled(number: int) -> int:
    os.kill(os.getpid(), number)
    return number


def test_workers_leave_stopping_to_the_parent() -> None:
    """A signal to the whole group must not kill a worker that is writing its result."""
    jobs = [(signal.SIGTERM,), (signal.SIGINT,)] * 4
    assert dict(map_unordered(signalled, jobs, 2)) == {n: job[0] for n, job in enumerate(jobs)}
