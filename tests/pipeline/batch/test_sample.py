"""A few files tried: which, for how long, and what is known of all of them then."""

from pathlib import Path

import pytest

from avel.pipeline.batch.sample import Speed, Tried, encoder_speed, spread, try_files
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.plan import plan_features
from avel.pipeline.reasons import InputError, MediaError, Reason
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.method.stubs import ScriptedDecoders, StubEncoder, cells, file, stub_plan

WHOLE = 16 * 16 * 3 + 2 * 4_000 + 2
"""Bytes of a cell with its masks."""


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list]:
    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders", ScriptedDecoders)
    monkeypatch.setattr(ScriptedDecoders, "scripts", {})
    return ScriptedDecoders.scripts


def tried(paths: list[Path], tmp_path: Path, **options: object) -> list[Tried | MediaError]:
    runtime = RuntimeConfig(cache_dir=tmp_path / "cache", **options)  # type: ignore[arg-type]
    found = list(try_files(paths, stub_plan(StubEncoder()), runtime))
    assert not (tmp_path / "cache").exists()
    return found


@pytest.mark.parametrize(
    ("count", "places"), [(1, [2]), (2, [3, 0]), (3, [1, 2, 4]), (9, [1, 3, 2, 0, 4])]
)
def test_small_and_large_files_are_tried(count: int, places: list[int]) -> None:
    assert spread([40, 10, 30, 20, 50], count) == places
    assert spread([], 3) == []


def test_a_whole_file(tmp_path: Path, scripts: dict) -> None:
    scripts["a"] = [cells(2), cells(1, duration=3.0), "end"]
    (found,) = tried([file(tmp_path, "a", "x" * 500)], tmp_path)
    assert isinstance(found, Tried)
    assert (found.num_bytes, found.media_seconds, found.decode_seconds) == (500, 3, 0.25)
    assert 3 * WHOLE <= found.segments_bytes < 3 * WHOLE + 500
    assert found.read_seconds > 0


def test_of_a_long_file_only_the_beginning(tmp_path: Path, scripts: dict) -> None:
    """It promises 99 seconds; five are decoded, none would be kept."""
    scripts["a"] = [cells(3), cells(2), MediaError(Reason.DECODE_ERROR, "never asked for")]
    (found,) = tried([file(tmp_path, "a")], tmp_path, window_cells=4)
    assert isinstance(found, Tried)
    assert (found.media_seconds, found.segments_bytes, len(found.segments.samples)) == (99, 0, 5)


def test_nothing_is_kept_where_none_is_to_be(tmp_path: Path, scripts: dict) -> None:
    scripts["a"] = [cells(2, duration=2.0), "end"]
    (found,) = tried([file(tmp_path, "a")], tmp_path, keep_segments=False)
    assert isinstance(found, Tried)
    assert found.segments_bytes == 0


def test_a_file_that_fails_is_a_reason(tmp_path: Path, scripts: dict) -> None:
    scripts["bad"] = [MediaError(Reason.DECODE_ERROR, "no frame")]
    scripts["a"] = [cells(1, duration=1.0), "end"]
    paths = [file(tmp_path, "bad"), tmp_path / "gone", file(tmp_path, "a")]
    bad, gone, good = tried(paths, tmp_path)
    assert isinstance(bad, MediaError)
    assert isinstance(gone, MediaError)
    assert (bad.reason, gone.reason) == (Reason.DECODE_ERROR, Reason.MISSING_FILE)
    assert isinstance(good, Tried)


def test_the_encoder_is_timed_over_full_batches(tmp_path: Path, scripts: dict) -> None:
    """Once to warm it, then so many that a batch that is not full counts for little."""
    scripts["a"] = [cells(2, duration=2.0), "end"]
    sample = tried([file(tmp_path, "a")], tmp_path)
    encoder = StubEncoder()
    runtime = RuntimeConfig(cache_dir=tmp_path / "cache", batch_cells=4)
    speed = encoder_speed(stub_plan(encoder), runtime, sample)  # type: ignore[arg-type]
    assert encoder.batches == [4] * 4
    assert speed.seconds > 0
    assert speed.load_seconds > 0
    assert speed.num_bytes >= 3 * 4 + 3 * 2 + 4 + 2, "of each second's features"


@pytest.mark.parametrize(
    ("kept", "num_bytes"),
    [
        (Kept(), 3 * 4 + 3 * 2 + 4),
        (Kept(("visual", "audio")), 3 * 4 + 4),
        (Kept(("visual_map",)), 3 * 2),
        (Kept(("visual_map",), "int8"), 3 + 4),
    ],
)
def test_features_are_as_large_as_what_is_kept_of_them(
    tmp_path: Path, scripts: dict, kept: Kept, num_bytes: int
) -> None:
    """Beside masks and, for all of a video, what is no array."""
    scripts["a"] = [cells(10, duration=10.0), "end"]
    sample = tried([file(tmp_path, "a")], tmp_path)
    plan = plan_features(StubEncoder(), kept=kept)  # type: ignore[arg-type]
    runtime = RuntimeConfig(cache_dir=tmp_path / "cache", batch_cells=4)
    speed = encoder_speed(plan, runtime, sample)  # type: ignore[arg-type]
    rest = speed.num_bytes - num_bytes - 2
    assert 0 < rest < 6


def test_what_the_encoder_does_not_give_is_named_before_a_run(
    tmp_path: Path, scripts: dict
) -> None:
    scripts["a"] = [cells(2, duration=2.0), "end"]
    sample = tried([file(tmp_path, "a")], tmp_path)
    plan = plan_features(StubEncoder(), kept=Kept(("faces",)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"--arrays faces: this encoder gives no 'faces'"):
        encoder_speed(plan, RuntimeConfig(cache_dir=tmp_path), sample)  # type: ignore[arg-type]


def test_an_encoder_that_fails_on_all_is_its_error(tmp_path: Path, scripts: dict) -> None:
    def fault(frames: object) -> None:
        raise RuntimeError("no kernel")

    scripts["a"] = [cells(2, duration=2.0), "end"]
    sample = tried([file(tmp_path, "a")], tmp_path)
    runtime = RuntimeConfig(cache_dir=tmp_path / "cache", batch_cells=4)
    with pytest.raises(MediaError, match="no kernel"):
        encoder_speed(stub_plan(StubEncoder(fault)), runtime, sample)  # type: ignore[arg-type]
    assert Speed(1, 2, 3, 4).num_bytes == 4
