"""The contract of whoever scores segments: a trained or taught model, and words alone."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from avel.cache.fingerprint import fingerprint
from avel.extractors import PairChoice, choose
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.everyday import DECODER, Everyday
from avel.pipeline.method.extract import Features
from avel.pipeline.method.localizer import Localizer
from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel
from avel.pipeline.method.openvocab import TOGETHER, OpenVocabulary
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.method.taught import TaughtModel
from avel.pipeline.synth.script import class_names
from tests.extractors.made import mn_file
from tests.pipeline.learning.taught_films import write_model
from tests.pipeline.method.towers import pair


def taught() -> Localizer:
    """Two events of made films; its features have the recipe of an encoder that comes with avel."""
    with TemporaryDirectory() as folder:
        model = TaughtModel(write_model(Path(folder)))
        assert len(model.sha256) == 64  # read before the file is gone
    return model


def made(*kinds: str) -> PairChoice:
    """A tower of sight made on the spot, and who hears."""
    return pair(Path(tempfile.mkdtemp()), *kinds)


LOCALIZERS: dict[str, Callable[[], Localizer]] = {
    "trained": lambda: TrainedModel(DEFAULT_MODEL),
    "taught": taught,
    "words": lambda: OpenVocabulary(tuple(class_names()[:3]), choose("audioclip-tiny")),
    "tower and classes": lambda: OpenVocabulary(("dog", "church bell", "a barking dog"), made()),
    "sigmoid and classes": lambda: OpenVocabulary(("dog", "church bell"), made("siglip")),
    "tower and words": lambda: OpenVocabulary(
        tuple(class_names()[:3]), made("clip", "audioclip-tiny")
    ),
    "everyday": lambda: Everyday(weights=[mn_file(Path(tempfile.mkdtemp()))]),
}


@pytest.fixture(params=list(LOCALIZERS), scope="module")
def localizer(request: pytest.FixtureRequest) -> Localizer:
    return LOCALIZERS[request.param]()


def features(T: int, seed: int = 0) -> Features:
    """Of the tiny encoder's shapes, with scores of classes; the third segment has no sound."""
    rng = np.random.default_rng(seed)
    there = np.ones(T, bool)
    heard = np.arange(T) != 2
    return Features(
        rng.standard_normal((T, 128)).astype(np.float32),
        rng.standard_normal((T, 49, 512)).astype(np.float16),
        rng.standard_normal((T, 128)).astype(np.float32) * heard[:, None],
        there,
        heard,
        T - 0.4,
        ("TRUNCATED",),
        2 * rng.standard_normal((T, 3, 1000)).astype(np.float32),
        rng.standard_normal((T, 2, 527)).astype(np.float32) * heard[:, None, None],
    )


def assert_close(a: SegmentScores, b: SegmentScores) -> None:
    for name in ("relevance", "classes", "attention", "visual_distance", "audio_distance"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), atol=1e-5)
    np.testing.assert_array_equal(a.present, b.present)
    assert (a.duration, a.flags) == (b.duration, b.flags)


@pytest.mark.parametrize("T", [1, 9, 10, 23])
def test_scores_are_of_every_segment(localizer: Localizer, T: int) -> None:
    given = features(T)
    (found,) = localizer.score([given], ScoreConfig())
    K = len(localizer.classes)
    assert found.relevance.shape == (T,)
    assert found.classes.shape == (T, K + 1)
    assert found.attention.shape in ((T, 49), (T, 0))  # no map in what it knows
    assert ((found.relevance >= 0) & (found.relevance <= 1)).all()
    np.testing.assert_allclose(found.classes.sum(1), 1, atol=1e-4)
    if found.attention.size:
        np.testing.assert_allclose(found.attention.sum(1), 1, atol=1e-3)
    np.testing.assert_array_equal(found.present, given.visual_mask & given.audio_mask)
    assert (found.duration, found.flags) == (T - 0.4, ("TRUNCATED",))


def test_company_changes_nothing(localizer: Localizer) -> None:
    """Videos of other lengths in the same batches: every video's scores are its own."""
    videos = [features(T, seed) for seed, T in enumerate((3, 17, 10))]
    together = localizer.score(videos, ScoreConfig())
    for video, scores in zip(videos, together, strict=True):
        assert_close(localizer.score([video], ScoreConfig())[0], scores)


def test_other_features_are_other_scores(localizer: Localizer) -> None:
    one, other = localizer.score([features(10, 1), features(10, 2)], ScoreConfig())
    assert not np.allclose(one.classes, other.classes)


def test_it_says_who_it_is(localizer: Localizer) -> None:
    assert len(localizer.sha256) == 64
    assert set(localizer.identity) == {"name", "sha256", "knows"}
    assert localizer.identity["sha256"] == localizer.sha256
    assert localizer.decoder in (EventConfig(), EventConfig("hysteresis"), DECODER, TOGETHER)
    assert set(localizer.limits) in ({"visual", "audio"}, set())
    assert json.loads(json.dumps(localizer.identity)) == localizer.identity


def test_what_it_finds_lies_in_the_video(localizer: Localizer) -> None:
    (scores,) = localizer.score([features(12)], ScoreConfig())
    found = localizer.find(scores, EventConfig(localizer.decoder.decoder, 0.001))
    for each in [*found.events, *found.disagreements, *found.sounds]:
        assert 0 <= each.onset < each.offset <= 11.6
    assert {event.label for event in found.events} <= set(localizer.classes)


def test_its_encoder_makes_the_features_that_it_reads(localizer: Localizer) -> None:
    encoder = localizer.encoder(())
    made = features_recipe(localizer.segment, encoder.recipe)
    assert fingerprint(made) == fingerprint(localizer.features)


def test_it_goes_to_a_device(localizer: Localizer) -> None:
    (before,) = localizer.score([features(12)], ScoreConfig())
    assert before.relevance.any()
    localizer.to("cpu")
    (after,) = localizer.score([features(12)], ScoreConfig())
    assert_close(before, after)


def test_a_trained_model_scores_where_it_was_sent() -> None:
    """A device that holds no values cannot give any."""
    model = TrainedModel(DEFAULT_MODEL)
    model.to("meta")
    with pytest.raises((NotImplementedError, RuntimeError)):
        model.score([features(2)], ScoreConfig())


@pytest.mark.needs_cuda
def test_the_gpu_says_the_same(localizer: Localizer) -> None:
    (here,) = localizer.score([features(23)], ScoreConfig())
    localizer.to("cuda")
    (there,) = localizer.score([features(23)], ScoreConfig())
    localizer.to("cpu")
    np.testing.assert_allclose(here.relevance, there.relevance, atol=1e-3)
    np.testing.assert_allclose(here.classes, there.classes, atol=1e-3)


def test_other_things_have_other_identities() -> None:
    marks = {make().sha256 for make in LOCALIZERS.values()}
    marks.add(OpenVocabulary((class_names()[0],), choose("audioclip-tiny")).sha256)
    assert len(marks) == len(LOCALIZERS) + 1


PLANNED = """
import sys
from pathlib import Path
from avel.pipeline.method.plan import PipelineConfig, plan_localization
plan = plan_localization(PipelineConfig(model=Path("synthetic")))
plan.stores(Path(sys.argv[1]))
plan.localizer.identity, plan.localizer.limits, plan.decoder
print([name for name in ("torch", "open_clip", "av") if name in sys.modules])
"""


def test_a_plan_loads_no_network_and_no_torch(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PLANNED, str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_features_longer_than_a_window_are_averaged_where_windows_overlap() -> None:
    """Scores of a long video, from its parts: cells of one window alone are that window's."""
    localizer = TrainedModel(DEFAULT_MODEL)
    given = features(15)
    (whole,) = localizer.score([given], ScoreConfig(overlap_cells=5))
    names = ("visual", "visual_map", "audio", "visual_mask", "audio_mask")
    parts = [
        replace(given, **{name: getattr(given, name)[part] for name in names})
        for part in (slice(0, 10), slice(5, 15))
    ]
    first, second = localizer.score(parts, ScoreConfig())
    np.testing.assert_allclose(whole.relevance[:5], first.relevance[:5], atol=1e-5)
    np.testing.assert_allclose(whole.relevance[10:], second.relevance[5:], atol=1e-5)
    both = (first.relevance[5:] + second.relevance[:5]) / 2
    np.testing.assert_allclose(whole.relevance[5:10], both, atol=1e-5)
