"""Many videos into the cache: each costs only itself, nothing is done twice, nothing is held."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from torch import Tensor

from avel.cache.errors import CacheError
from avel.cache.stream import ItemStream
from avel.extractors import choose
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.extract import ARRAYS, Features
from avel.pipeline.method.harvest import harvest
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.meter import Meter
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.method.plan import plan_features
from avel.pipeline.method.stores import unpack
from avel.pipeline.reasons import InputError, MediaError, Reason
from avel.pipeline.work.runtime import RuntimeConfig
from tests.films import LOSSLESS, clicks, regular, write_film
from tests.pipeline.method.stubs import (
    ClassesEncoder,
    ScriptedDecoders,
    StubEncoder,
    cells,
    file,
    stub_plan,
)
from tests.torchcodec import torchcodec  # noqa: F401 - a fixture


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list]:
    """What each file's decoder will say."""
    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders", ScriptedDecoders)
    monkeypatch.setattr(ScriptedDecoders, "scripts", {})
    monkeypatch.setattr(ScriptedDecoders, "started", [])
    return ScriptedDecoders.scripts


def run(paths: list[Path], cache: Path, encoder: StubEncoder, **options: object) -> list[Outcome]:
    plan = stub_plan(encoder)
    settings = {"cache_dir": cache, "workers": 2, "batch_cells": 4, **options}
    runtime = RuntimeConfig(**settings)  # type: ignore[arg-type]
    return list(harvest(paths, plan.stores(cache), plan, runtime))


def stored(cache: Path, outcome: Outcome) -> Features:
    arrays = stub_plan(StubEncoder()).stores(cache).features.get(outcome.key or "")
    assert arrays is not None
    return unpack(Features, arrays)


def test_features_are_those_of_their_own_cells(tmp_path: Path, scripts: dict) -> None:
    """Batches mix cells of several videos; none gets another's numbers."""
    lengths = {"a": 3, "b": 6, "c": 1}
    for value, (name, count) in enumerate(lengths.items(), 1):
        scripts[name] = [cells(count, value, duration=float(count)), "end"]
    outcomes = run([file(tmp_path, name) for name in lengths], tmp_path / "cache", StubEncoder())
    assert {o.path.name: o.cells for o in outcomes} == lengths
    for value, name in enumerate(lengths, 1):
        found = stored(tmp_path / "cache", next(o for o in outcomes if o.path.name == name))
        np.testing.assert_array_equal(found.visual, np.full((lengths[name], 3), value))
        np.testing.assert_array_equal(found.audio, np.full((lengths[name], 1), value))
        assert found.duration == lengths[name]


def test_a_second_run_needs_neither_decoder_nor_encoder(tmp_path: Path, scripts: dict) -> None:
    scripts["a"] = [cells(2, duration=2.0), "end"]
    path, first, second = file(tmp_path, "a"), StubEncoder(), StubEncoder()
    run([path], tmp_path / "cache", first)
    (outcome,) = run([path], tmp_path / "cache", second)
    assert (outcome.cached, outcome.cells) == (True, 2)
    assert ScriptedDecoders.started == ["a"]
    assert (first.loads, second.loads) == (1, 0)


def test_kept_cells_spare_the_decoder(tmp_path: Path, scripts: dict) -> None:
    """Another encoder on the same cut: the cells are in the cache, also where none are added."""
    scripts["a"] = [cells(2, 5, duration=2.0), "end"]
    path, other = file(tmp_path, "a"), StubEncoder()
    run([path], tmp_path / "cache", StubEncoder())
    other.recipe = {"extractor": "other", "options": {}}
    (outcome,) = run([path], tmp_path / "cache", other)
    assert (outcome.cached, outcome.cells) == (False, 2)
    assert ScriptedDecoders.started == ["a"]
    third = StubEncoder()
    third.recipe = {"extractor": "third", "options": {}}
    (outcome,) = run([path], tmp_path / "cache", third, keep_segments=False)
    assert (outcome.cached, outcome.cells) == (False, 2)
    assert ScriptedDecoders.started == ["a"]


def test_what_is_known_needs_no_features(tmp_path: Path, scripts: dict) -> None:
    plan = stub_plan(StubEncoder())
    runtime, stores = RuntimeConfig(cache_dir=tmp_path / "cache"), plan.stores(tmp_path / "cache")
    (outcome,) = harvest([file(tmp_path, "a")], stores, plan, runtime, known=lambda key: True)
    assert outcome.cached
    assert ScriptedDecoders.started == []


def test_long_videos_are_streamed_window_by_window(tmp_path: Path, scripts: dict) -> None:
    """Longer than a window: the same item as in one piece, with progress, and no cells kept."""
    windows = [cells(3, value) for value in (1, 2)] + [cells(1, 3, duration=7.0)]
    scripts["long"], scripts["whole"] = [*windows, "end"], [*windows, "end"]
    seen: list[tuple[str, int, float]] = []
    root = tmp_path / "caches"
    plan = stub_plan(StubEncoder())
    for cache, window in (("long", 4), ("whole", 64)):
        runtime = RuntimeConfig(cache_dir=root / cache, window_cells=window, batch_cells=4)
        (outcome,) = harvest(
            [file(tmp_path, cache, "one content")],
            plan.stores(root / cache),
            plan,
            runtime,
            watch=lambda path, count, promised: seen.append((path.name, count, promised)),
        )
        assert outcome.cells == 7
    assert seen == [("long", 6, 99.0), ("long", 7, 99.0)]
    long, whole = (plan.stores(root / name) for name in ("long", "whole"))
    assert len(long.segments) == 0
    assert len(whole.segments) == 1
    (key,) = long.features.keys()
    one, other = long.features.get(key), whole.features.get(key)
    assert one is not None
    assert other is not None
    assert {n: a.tobytes() for n, a in one.items()} == {n: a.tobytes() for n, a in other.items()}
    assert not list(root.rglob("*.part"))


def test_a_video_that_breaks_off_costs_itself(tmp_path: Path, scripts: dict) -> None:
    error = MediaError(Reason.DECODE_ERROR, "long: broken")
    scripts["long"] = [cells(3), cells(3), cells(3), error]
    scripts["short"] = [cells(2, duration=2.0), "end"]
    paths = [file(tmp_path, name) for name in ("long", "short")]
    outcomes = {
        o.path.name: o for o in run(paths, tmp_path / "cache", StubEncoder(), window_cells=4)
    }
    assert (outcomes["long"].reason, outcomes["long"].message) == ("DECODE_ERROR", "long: broken")
    assert outcomes["short"].cells == 2
    assert not list((tmp_path / "cache").rglob("*.part"))
    assert len(stub_plan(StubEncoder()).stores(tmp_path / "cache").features) == 1


def test_copies_share_their_outcome(tmp_path: Path, scripts: dict) -> None:
    """Names of one content: decoded once; if it fails, it fails for all, later ones too."""
    bad = MediaError(Reason.DECODE_ERROR, "c: no video")
    scripts["a"], scripts["c"] = [cells(2, duration=2.0), "end"], [bad]
    names = {"a": "one", "b": "one", "c": "two", "d": "two", "e": "two"}
    paths = [file(tmp_path, name, content) for name, content in names.items()]
    outcomes = {o.path.name: o for o in run(paths, tmp_path / "cache", StubEncoder())}
    assert [outcomes[n].cells for n in ("a", "b")] == [2, 2]
    assert [outcomes[n].cached for n in ("a", "b")] == [False, True]
    assert [outcomes[n].reason for n in ("c", "d", "e")] == [Reason.DECODE_ERROR] * 3
    assert outcomes["c"].message == "c: no video"
    for path in paths[3:]:  # named by its own file, with what is known of the first
        said = f"{path}: has the same content as a file that failed (c: no video)"
        assert outcomes[path.name].message == said
    assert ScriptedDecoders.started == ["a", "c"]


def test_files_that_cannot_be_read_are_outcomes(tmp_path: Path, scripts: dict) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    found = run([tmp_path / "none.mp4", tmp_path, empty], tmp_path / "cache", StubEncoder())
    assert [o.reason for o in found] == ["MISSING_FILE", "MISSING_FILE", "EMPTY"]
    assert "is not a file" in found[0].message
    assert "has 0 bytes; copy it again" in found[2].message


def test_an_encoder_error_is_that_videos_outcome(tmp_path: Path, scripts: dict) -> None:
    def fault(frames: Tensor) -> None:
        if (frames == 13).any():
            raise RuntimeError("shapes\ncannot be multiplied")

    for name, value in (("a", 1), ("b", 13), ("c", 3)):
        scripts[name] = [cells(3, value, duration=3.0), "end"]
    paths = [file(tmp_path, name) for name in ("a", "b", "c")]
    outcomes = {o.path.name: o for o in run(paths, tmp_path / "cache", StubEncoder(fault))}
    assert outcomes["b"].reason == Reason.ENCODE_ERROR
    assert "encoder failed: RuntimeError: shapes cannot be multiplied" in outcomes["b"].message
    assert str(paths[1]) in outcomes["b"].message
    for name, value in (("a", 1), ("c", 3)):
        assert stored(tmp_path / "cache", outcomes[name]).visual[:, 0].tolist() == [value] * 3


def test_a_batch_that_does_not_fit_is_halved(tmp_path: Path, scripts: dict) -> None:
    def fault(frames: Tensor) -> None:
        if len(frames) > 2:
            raise MemoryError

    scripts["a"] = [cells(5, 4, duration=5.0), "end"]
    encoder = StubEncoder(fault)
    (outcome,) = run([file(tmp_path, "a")], tmp_path / "cache", encoder, batch_cells=8)
    assert outcome.cells == 5
    assert encoder.batches == [8, 4, 2, 2, 2]
    assert stored(tmp_path / "cache", outcome).visual[:, 0].tolist() == [4] * 5


def test_one_cell_that_does_not_fit_is_named(tmp_path: Path, scripts: dict) -> None:
    def fault(frames: Tensor) -> None:
        raise MemoryError("no room")

    scripts["a"] = [cells(2, duration=2.0), "end"]
    (outcome,) = run([file(tmp_path, "a")], tmp_path / "cache", StubEncoder(fault))
    assert outcome.reason == Reason.OOM
    assert "one segment does not fit into the encoder's memory: no room" in outcome.message


def test_features_that_are_not_finite_are_refused(tmp_path: Path, scripts: dict) -> None:
    class Spoiled(StubEncoder):
        def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
            features = super().embed_sound(samples)
            features["audio"][samples[:, 0] == 13] = float("nan")
            return features

    scripts["a"] = [cells(2, 1), cells(1, 13), cells(1, 1, duration=4.0), "end"]
    (outcome,) = run([file(tmp_path, "a")], tmp_path / "cache", Spoiled(), batch_cells=1)
    assert outcome.reason == Reason.NAN_FEATURE
    assert "audio of cell 2 is not finite" in outcome.message


def test_stopping_keeps_what_is_finished(tmp_path: Path, scripts: dict) -> None:
    for name in ("a", "b", "c"):
        scripts[name] = [cells(4, duration=4.0), "end"]
    plan = stub_plan(StubEncoder())
    runtime = RuntimeConfig(cache_dir=tmp_path / "cache", workers=1, batch_cells=4)
    paths = [file(tmp_path, name) for name in ("a", "b", "c")]
    outcomes = harvest(paths, plan.stores(tmp_path / "cache"), plan, runtime)
    first = next(outcomes)
    outcomes.close()
    assert first.key in plan.stores(tmp_path / "cache").features


def test_numbers_do_not_depend_on_the_company(tmp_path: Path) -> None:
    """Real files and encoder, bit for bit: a video alone, and the same in mixed batches."""
    films = [
        write_film(
            tmp_path / f"{n}.mp4",
            frame_times=regular(25 * (n + 1)),
            samples=clicks(44_100 * (n + 1), [n]),
            audio_codec="aac",
        )
        for n in range(2)
    ]
    plan = plan_features(choose("audioclip-tiny"))
    assert plan.segment == SegmentConfig()
    stores = {name: plan.stores(tmp_path / name) for name in ("together", "alone")}
    keys = []
    for name, lots in (("together", [films]), ("alone", [[film] for film in films])):
        for lot in lots:
            runtime = RuntimeConfig(cache_dir=tmp_path / name, workers=2, batch_cells=2)
            outcomes = list(harvest(lot, stores[name], plan, runtime))
            assert {o.reason for o in outcomes} == {None}
            keys += [o.key for o in outcomes]
    for key in set(keys):
        one, other = (stores[name].features.get(key) for name in stores)
        assert one is not None
        assert other is not None
        assert all(np.array_equal(one[n], other[n]) for n in one)


def test_unreadable_files_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights, as a user without them meets them: the superuser who runs tests has them all."""
    secret = file(tmp_path, "secret.mp4")

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr("avel.cache.fingerprint.file_sha256", deny)
    (outcome,) = run([secret], tmp_path / "cache", StubEncoder())
    assert outcome.reason == Reason.PERMISSION
    assert "may not be read; check its rights" in outcome.message


# Sound with context, and views.


def test_streamed_whole_and_from_cached_cells_are_the_same_bits(tmp_path: Path) -> None:
    """A long video's windows through the decoder's children, the whole video, and its cells."""
    samples = (1000 * np.sin(np.arange(9 * 44_100) / 50)).astype(np.int16)[None]
    film = write_film(
        tmp_path / "v.mkv", frame_times=regular(90, 10), samples=samples, size=(96, 48), **LOSSLESS
    )
    cut = {"sound_seconds": [2, 5], "views": 2}
    plan = plan_features(ClassesEncoder(), cut)  # type: ignore[arg-type]
    found = {}
    for name, window, kept in (
        ("long", 2, False),
        ("whole", 64, True),
        ("whole", 64, True),
        ("cells", 64, True),
    ):
        if name == "cells":
            shutil.copytree(tmp_path / "whole" / "segments", tmp_path / "cells" / "segments")
        runtime = RuntimeConfig(
            cache_dir=tmp_path / name, window_cells=window, batch_cells=4, keep_segments=kept
        )
        stores = plan.stores(tmp_path / name)
        ((outcome),) = harvest([film], stores, plan, runtime)
        assert outcome.reason is None
        again = name in found
        assert outcome.cached is again
        arrays = stores.features.get(outcome.key or "")
        assert arrays is not None
        found[name] = unpack(Features, arrays)
    assert found["whole"].audio.shape == (9, 4)
    assert found["whole"].audio_scores.shape == (9, 2, 3)  # type: ignore[union-attr]
    assert found["whole"].visual_scores.shape == (9, 3, 2)  # type: ignore[union-attr]
    for name in ("long", "cells"):
        for key in ARRAYS:
            np.testing.assert_array_equal(getattr(found[name], key), getattr(found["whole"], key))
    assert plan.features["upstream"]["config"]["sound_seconds"] == [2, 5]


def test_each_outcome_says_what_it_took(
    tmp_path: Path, scripts: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second for each look at the clock: encoding is shared by cells, and none is lost."""
    clock = iter(range(1000))
    meter = Meter(lambda: float(next(clock)))
    monkeypatch.setattr("avel.pipeline.method.harvest.Meter", lambda: meter)
    scripts["a"], scripts["b"] = [cells(1, 1), "end"], [cells(3, 2), "end"]
    scripts["bad"] = [MediaError(Reason.DECODE_ERROR, "no frame")]
    copy = file(tmp_path, "copy", "a")
    paths = [file(tmp_path, name) for name in ("a", "b", "bad")]
    found = {o.path.name: o for o in run([*paths, copy], tmp_path / "cache", StubEncoder())}
    assert found["copy"].cached
    assert (found["copy"].decode_seconds, found["copy"].num_bytes) == (0, 0), "it cost nothing"
    assert {found[name].decode_seconds for name in ("a", "b", "bad")} == {0.25}
    assert found["bad"].encode_seconds == 0
    a, b = found["a"].encode_seconds, found["b"].encode_seconds
    assert 0 < a < b, "three cells beside one"
    assert sum(o.waited_seconds for o in found.values()) > 0
    kept = stub_plan(StubEncoder()).stores(tmp_path / "cache").features.get(found["b"].key or "")
    assert kept is not None
    assert found["b"].num_bytes == sum(array.nbytes for array in kept.values())


def test_a_long_videos_bytes_are_counted_too(tmp_path: Path, scripts: dict) -> None:
    scripts["long"] = [cells(3), cells(3), cells(1, duration=7.0), "end"]
    path = file(tmp_path, "long")
    (outcome,) = run([path], tmp_path / "cache", StubEncoder(), window_cells=4)
    each = 3 * 4 + 3 * 2 + 4 + 1 + 1  # visual, its map, audio, two masks
    assert outcome.num_bytes == 7 * each


def test_what_is_kept_is_the_same_streamed_and_in_one_piece(tmp_path: Path, scripts: dict) -> None:
    windows = [cells(3, value) for value in (1, 2)] + [cells(1, 3, duration=7.0)]
    for kept in (Kept(("visual", "audio")), Kept((), "int8")):
        plan, found = plan_features(StubEncoder(), kept=kept), []  # type: ignore[arg-type]
        for window in (4, 64):
            scripts["v"] = [*windows, "end"]
            cache = tmp_path / f"{kept.map_dtype}{window}"
            runtime = RuntimeConfig(cache_dir=cache, window_cells=window, batch_cells=4)
            stores = plan.stores(cache)
            (outcome,) = harvest([file(tmp_path, "v")], stores, plan, runtime)
            (again,) = harvest([file(tmp_path, "v")], stores, plan, runtime)
            assert (outcome.cells, again.cached, again.cells) == (7, True, 7)
            found.append(stores.features.get(outcome.key or ""))
        streamed, whole = found
        assert streamed is not None
        assert whole is not None
        assert set(streamed) == set(whole)
        assert ("visual_map" in whole) is (kept.map_dtype == "int8")
        for name in whole:
            np.testing.assert_array_equal(streamed[name], whole[name])
        np.testing.assert_array_equal(whole["visual"][:, 0], [1, 1, 1, 2, 2, 2, 3])


def test_an_array_that_the_encoder_does_not_give(tmp_path: Path, scripts: dict) -> None:
    scripts["v"] = [cells(1, 1, duration=1.0), "end"]
    plan = plan_features(StubEncoder(), kept=Kept(("visual", "faces")))  # type: ignore[arg-type]
    runtime = RuntimeConfig(cache_dir=tmp_path / "cache", batch_cells=4)
    with pytest.raises(InputError, match="this encoder gives no 'faces'; it gives visual, visual_"):
        list(harvest([file(tmp_path, "v")], plan.stores(tmp_path / "cache"), plan, runtime))


@pytest.mark.usefixtures("torchcodec")
def test_cells_of_torchcodec_have_features_of_their_own(tmp_path: Path) -> None:
    """On its CPU device: another store, and nearly the same numbers."""
    shades = [np.full((48, 64, 3), 20 * n, np.uint8) for n in range(8)]
    film = write_film(
        tmp_path / "film.mp4",
        frame_times=regular(8, 4),
        frames=shades,
        codec="libx264",
        pixel_format="yuv420p",
        options={"crf": "10"},
    )
    runtime = RuntimeConfig(cache_dir=tmp_path / "cache", workers=1, device="cpu")
    found = []
    for settings in ({}, {"torchcodec": True}):
        plan = plan_features(StubEncoder(), settings)  # type: ignore[arg-type]
        stores = plan.stores(runtime.cache_dir)
        (outcome,) = harvest([film], stores, plan, runtime)
        arrays = stores.features.get(outcome.key or "")
        assert arrays is not None
        found.append((stores.features.fingerprint, unpack(Features, arrays)))
    (first, ours), (second, theirs) = found
    assert first != second
    assert theirs.notes == ()
    np.testing.assert_allclose(theirs.visual, ours.visual, atol=2)
    assert len(set(ours.visual[:, 0].round())) == len(ours.visual) == 2


# Long videos are written by a thread, beside the encoder.


class Watched(StubEncoder):
    """Says when it encodes its n-th batch."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number, self.reached = number, Event()

    def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
        found = super().embed_sight(frames)
        if len(self.batches) >= self.number:
            self.reached.set()
        return found


def test_the_encoder_goes_on_while_a_window_is_written(
    tmp_path: Path, scripts: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first window is not written before the third is encoded: else this would stand still."""
    encoder, append, waited = Watched(3), ItemStream.append, []

    def slow(self: ItemStream, arrays: dict) -> None:
        waited.append(encoder.reached.wait(60))
        append(self, arrays)

    monkeypatch.setattr(ItemStream, "append", slow)
    scripts["film"] = [*[cells(4, n) for n in (1, 2, 3, 4)], "end"]
    (outcome,) = run([file(tmp_path, "film")], tmp_path / "c", encoder, window_cells=4)
    assert all(waited)
    assert (outcome.cells, outcome.num_bytes > 0) == (16, True)
    assert stored(tmp_path / "c", outcome).visual[:, 0].tolist() == [
        n for n in (1, 2, 3, 4) for _ in range(4)
    ]


def long_and_short(folder: Path, scripts: dict) -> list[Path]:
    scripts["short"] = [cells(4, 9, duration=4.0), "end"]
    scripts["long"] = [*[cells(4, n) for n in range(1, 9)], "end"]
    return [file(folder, "short"), file(folder, "long")]


@pytest.mark.parametrize("number", [1, 3, 8])
def test_a_full_disk_is_the_callers_and_publishes_no_half(
    tmp_path: Path, scripts: dict, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    append, left = ItemStream.append, [number]

    def full(self: ItemStream, arrays: dict) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise CacheError("the disk is full")
        append(self, arrays)

    monkeypatch.setattr(ItemStream, "append", full)
    files, cache = long_and_short(tmp_path, scripts), tmp_path / "cache"
    with pytest.raises(CacheError, match="the disk is full"):
        run(files, cache, StubEncoder(), window_cells=4)
    features = stub_plan(StubEncoder()).stores(cache).features
    assert len(features) == 1  # the short one, which was finished
    assert not list(features.folder.glob(".*.part"))
    monkeypatch.setattr(ItemStream, "append", append)
    again = run(files, cache, StubEncoder(), window_cells=4)
    assert [(o.path.name, o.cached) for o in again] == [("short", True), ("long", False)]


def test_an_interrupt_leaves_nothing_of_what_is_not_whole(tmp_path: Path, scripts: dict) -> None:
    files, cache = long_and_short(tmp_path, scripts), tmp_path / "cache"
    plan = stub_plan(StubEncoder())
    runtime = RuntimeConfig(cache_dir=cache, workers=2, batch_cells=4, window_cells=4)
    outcomes = harvest(files, plan.stores(cache), plan, runtime)
    assert next(outcomes).path.name == "short"
    outcomes.close()
    features = plan.stores(cache).features
    assert len(features) == 1
    assert not list(features.folder.glob(".*.part"))


def test_a_copy_that_comes_while_its_twin_is_being_published(
    tmp_path: Path, scripts: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for that, and is not made again."""
    finish, copy_came = ItemStream.finish, Event()

    def slow(self: ItemStream, rest: dict) -> None:
        assert copy_came.wait(60)
        finish(self, rest)

    monkeypatch.setattr(ItemStream, "finish", slow)
    scripts["long"] = [*[cells(4, n) for n in (1, 2)], "end"]
    scripts["other"] = [cells(4, 5, duration=4.0), "end"]
    first, copy = file(tmp_path, "long"), file(tmp_path, "copy", "long")
    other = file(tmp_path, "other")

    def files() -> Iterator[Path]:
        yield first
        yield from [other] * 12  # hashing runs ahead of what is asked for
        yield copy
        copy_came.set()

    plan = stub_plan(StubEncoder())
    cache = tmp_path / "cache"
    runtime = RuntimeConfig(cache_dir=cache, workers=2, batch_cells=4, window_cells=4)
    found = list(harvest(files(), plan.stores(cache), plan, runtime))
    of_it = {o.path.name: o.cached for o in found if o.path in (first, copy)}
    assert of_it == {"long": False, "copy": True}
    assert ScriptedDecoders.started.count("long") == 1
    assert "copy" not in ScriptedDecoders.started
