"""The whole method on made-up cells: top down through the stores, each stage only where it must."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.cache.fingerprint import fingerprint
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Found, find
from avel.pipeline.method.extract import Features
from avel.pipeline.method.harvest import harvest
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.plan import LocalizationPlan, plan_features
from avel.pipeline.method.run import localize, read_features
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.reasons import InputError, MediaError, Reason
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.method.stubs import CUT, ScriptedDecoders, StubEncoder, cells, file


class StubLocalizer:
    """Hears a bell in segments whose picture is bright; counts what it is asked."""

    classes = ("bell", "bark")
    sha256 = "0" * 64
    identity = {"name": "stub", "sha256": sha256, "knows": "bright pictures"}  # noqa: RUF012
    decoder = EventConfig()
    segment = SegmentConfig(**CUT)
    features: Mapping[str, Any] = features_recipe(segment, StubEncoder.recipe)
    limits: Mapping[str, float] = {}
    reads = None

    def __init__(self) -> None:
        self.encoder_of, self.asked, self.scored = StubEncoder(), 0, 0

    def encoder(self, weights: Sequence[Path]) -> Any:
        self.asked += 1
        return self.encoder_of

    def to(self, device: str) -> None:
        assert device == "cpu"

    def find(self, scores: SegmentScores, config: EventConfig) -> Found:
        return find(scores, self.classes, config)

    def score(self, videos: Sequence[Features], config: ScoreConfig) -> list[SegmentScores]:
        self.scored += len(videos)
        return [self._score(video) for video in videos]

    def _score(self, video: Features) -> SegmentScores:
        T = len(video.visual)
        classes, none = np.array([[0.9, 0.1, 0]] * T, np.float32), np.zeros(T, np.float32)
        bright = (video.visual[:, 0] > 100).astype(np.float32)
        attention = np.ones((T, 1), np.float32)
        there = video.visual_mask & video.audio_mask
        return SegmentScores(
            bright, classes, there, attention, none, none, video.duration, video.flags
        )


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list]:
    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders", ScriptedDecoders)
    monkeypatch.setattr(ScriptedDecoders, "scripts", {})
    monkeypatch.setattr(ScriptedDecoders, "started", [])
    return ScriptedDecoders.scripts


def planned(localizer: StubLocalizer) -> LocalizationPlan:
    return LocalizationPlan(
        localizer.segment,
        localizer.features,
        lambda: localizer.encoder(()),
        localizer,
        localizer.decoder,
        ScoreConfig(),
    )


def run(paths: list[Path], cache: Path, localizer: StubLocalizer) -> list[Any]:
    runtime = RuntimeConfig(cache_dir=cache, device="cpu", workers=2)
    return list(localize(paths, planned(localizer), runtime))


def test_events_are_where_the_localizer_hears_them(tmp_path: Path, scripts: dict) -> None:
    scripts["a"] = [cells(2, 0), cells(3, 200), cells(1, 0, duration=6.0), "end"]
    (result,) = run([file(tmp_path, "a")], tmp_path / "cache", StubLocalizer())
    assert [(e.label, e.onset, e.offset) for e in result.events] == [("bell", 2.0, 5.0)]
    assert result.relevance == (0, 0, 1, 1, 1, 0)
    assert (result.status, result.segments, result.duration) == ("ok", 6, 6.0)


def test_what_is_cached_is_looked_for_from_the_end(tmp_path: Path, scripts: dict) -> None:
    """Scores alone answer; without them features; without these the cells."""
    scripts["a"] = [cells(2, 200, duration=2.0), "end"]
    path, cache = file(tmp_path, "a"), tmp_path / "cache"
    first = run([path], cache, StubLocalizer())
    for missing, encoders, scored in (
        ([], 0, 0),
        (["scores"], 0, 1),
        (["scores", "features"], 1, 1),
    ):
        for stage in missing:
            for shard in (cache / stage).rglob("*.h5"):
                shard.unlink()
        again = StubLocalizer()
        assert run([path], cache, again)[0].document() == first[0].document()
        assert (again.asked, again.scored) == (encoders, scored)
        assert ScriptedDecoders.started == ["a"]


def test_another_threshold_scores_nothing_anew(tmp_path: Path, scripts: dict) -> None:
    scripts["a"] = [cells(2, 200, duration=2.0), "end"]
    path, localizer = file(tmp_path, "a"), StubLocalizer()
    run([path], tmp_path / "cache", localizer)
    plan = planned(localizer)
    strict = LocalizationPlan(**{**vars(plan), "decoder": EventConfig("ungated")})
    runtime = RuntimeConfig(cache_dir=tmp_path / "cache", device="cpu")
    (result,) = localize([path], strict, runtime)
    assert result.decoder["name"] == "ungated"
    assert localizer.scored == 1


def test_a_file_that_fails_is_a_result(tmp_path: Path, scripts: dict) -> None:
    scripts["bad"] = [MediaError(Reason.DECODE_ERROR, "bad: no video")]
    scripts["good"] = [cells(1, 200, duration=1.0), "end"]
    paths = [file(tmp_path, "bad"), tmp_path / "none", file(tmp_path, "good")]
    results = {Path(r.file).name: r for r in run(paths, tmp_path / "cache", StubLocalizer())}
    assert {name: r.status for name, r in results.items()} == {
        "bad": "failed",
        "none": "failed",
        "good": "ok",
    }
    assert results["bad"].reasons == ("DECODE_ERROR",)
    assert results["none"].reasons == ("MISSING_FILE",)
    assert results["bad"].model == StubLocalizer.identity


def test_the_list_is_not_held(tmp_path: Path, scripts: dict) -> None:
    """Results come while later files are not even looked at."""
    asked = []

    def paths():  # type: ignore[no-untyped-def]
        for n in range(200):
            scripts[str(n)] = [cells(1, 200, duration=1.0), "end"]
            asked.append(n)
            yield file(tmp_path, str(n))

    runtime = RuntimeConfig(cache_dir=tmp_path / "cache", device="cpu", batch_cells=1)
    results = localize(paths(), planned(StubLocalizer()), runtime)
    next(results)
    assert len(asked) < 60
    results.close()


def test_damage_is_named_when_it_is_met(
    tmp_path: Path, scripts: dict, caplog: pytest.LogCaptureFixture
) -> None:
    scripts["a"] = [cells(2, 200, duration=2.0), "end"]
    path, cache = file(tmp_path, "a"), tmp_path / "cache"
    run([path], cache, StubLocalizer())
    for shard in (cache / "scores").rglob("*.h5"):
        data = bytearray(shard.read_bytes())
        data[len(data) // 2 :] = b"\x55" * (len(data) - len(data) // 2)
        shard.write_bytes(bytes(data))
    (result,) = run([path], cache, StubLocalizer())
    assert [(e.onset, e.offset) for e in result.events] == [(0.0, 2.0)]
    assert "damaged, computed again" in caplog.text


class Reader(StubLocalizer):
    """Looks at the picture's vector alone."""

    reads = ("visual", "visual_mask", "audio_mask")  # type: ignore[assignment]


def kept_before(path: Path, cache: Path, kept: Kept) -> None:
    """Features of a film that were extracted with `--arrays`."""
    plan = plan_features(StubEncoder(), kept=kept)  # type: ignore[arg-type]
    stores = plan.stores(cache)
    runtime = RuntimeConfig(cache_dir=cache, workers=2, batch_cells=4, keep_segments=False)
    (outcome,) = harvest([path], stores, plan, runtime)
    assert outcome.reason is None


def test_features_kept_in_part_are_enough_for_who_reads_no_more(
    tmp_path: Path, scripts: dict
) -> None:
    scripts["a"] = [cells(2, 200, duration=2.0), "end"]
    path, cache = file(tmp_path, "a"), tmp_path / "cache"
    whole = run([path], tmp_path / "other", StubLocalizer())[0].document()
    kept_before(path, cache, Kept(("visual", "audio")))
    ScriptedDecoders.started.clear()
    localizer = Reader()
    (result,) = run([path], cache, localizer)
    assert result.document() == whole
    assert (localizer.asked, ScriptedDecoders.started) == (0, [])
    assert not list((cache / "features" / fingerprint(Reader.features)).glob("*"))


def test_features_kept_in_part_are_made_whole_for_who_reads_all(
    tmp_path: Path, scripts: dict
) -> None:
    """The film is there, so nobody has to be refused."""
    scripts["a"] = [cells(2, 200, duration=2.0), "end"]
    path, cache = file(tmp_path, "a"), tmp_path / "cache"
    kept_before(path, cache, Kept(("visual", "audio")))
    ScriptedDecoders.started.clear()
    (result,) = run([path], cache, StubLocalizer())
    assert result.status == "ok"
    assert ScriptedDecoders.started == ["a"]
    assert list((cache / "features" / fingerprint(StubLocalizer.features)).glob("*.h5"))


def test_reading_what_was_not_kept(tmp_path: Path, scripts: dict) -> None:
    scripts["a"] = [cells(2, 200, duration=2.0), "end"]
    kept, path = Kept(("visual", "audio")), file(tmp_path, "a")
    kept_before(path, tmp_path / "cache", kept)
    stores = plan_features(StubEncoder(), kept=kept).stores(tmp_path / "cache")  # type: ignore[arg-type]
    key = stores.features.keys()[0]
    assert read_features(stores.features, key, Reader.reads).visual.shape == (2, 3)
    with pytest.raises(InputError, match="have no visual_map, which what reads them needs; run"):
        read_features(stores.features, key)


def test_a_map_in_int8_is_read_as_floats(tmp_path: Path, scripts: dict) -> None:
    scripts["a"] = [cells(2, 200, duration=2.0), "end"]
    kept = Kept((), "int8")
    kept_before(file(tmp_path, "a"), tmp_path / "cache", kept)
    store = plan_features(StubEncoder(), kept=kept).stores(tmp_path / "cache").features  # type: ignore[arg-type]
    for names in (None, ("visual_map", "visual_mask", "audio_mask")):
        found = read_features(store, store.keys()[0], names)
        np.testing.assert_array_equal(found.visual_map, np.full((2, 1, 3), 200, np.float16))
