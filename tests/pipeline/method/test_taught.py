"""Taught events as a localizer: a folder that is opened, evidence, and everyday events beside."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avel.models.card import CheckpointError
from avel.pipeline.method.decoders import Asked, EventConfig
from avel.pipeline.method.events import Disagreement, Event, Found
from avel.pipeline.method.extract import Features
from avel.pipeline.method.model import DEFAULT_MODEL
from avel.pipeline.method.plan import PipelineConfig, open_localizer, plan_localization
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.stores import pack, unpack
from avel.pipeline.method.taught import TaughtModel, WithEveryday
from avel.pipeline.reasons import InputError
from tests.pipeline.learning.taught_films import features, write_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("taught"))


@pytest.fixture(scope="module")
def model(folder: Path) -> TaughtModel:
    return TaughtModel(folder)


def found(model: TaughtModel, given: Features) -> Found:
    (scores,) = model.score([given], ScoreConfig())
    return model.find(scores, model.decoder)


def test_a_folder_is_opened_as_what_it_is(folder: Path) -> None:
    opened = open_localizer(PipelineConfig(model=folder))
    assert isinstance(opened, TaughtModel)
    assert opened.classes == ("Bark", "Meow")
    assert opened.identity["name"] == "taught"
    assert plan_localization(PipelineConfig(model=folder)).decoder == EventConfig("hysteresis", 0.5)


def test_it_finds_the_seconds_of_an_event(model: TaughtModel) -> None:
    ((bark,), unheard, sounds, *_) = found(model, features([5, 5, 0, 0, 0, 5], [0] * 6))
    assert (bark.label, bark.onset, bark.offset) == ("Bark", 2, 5)
    assert bark.score > 0.9
    assert bark.evidence is not None
    assert bark.evidence.sight == "supports"
    assert bark.evidence.heard > 0
    assert bark.evidence.seen > 0
    assert unheard == sounds == []


def test_what_is_unlike_stays_quiet(model: TaughtModel) -> None:
    assert found(model, features([7] * 5, [8] * 5))[:3] == ([], [], [])


def test_an_event_lacks_neither_sense(model: TaughtModel) -> None:
    assert found(model, features([0, 0, -1, -1, 0, 0], [0] * 6)).events == [
        Event(0, 2, "Bark", pytest.approx(1, abs=0.1)),
        Event(4, 6, "Bark", pytest.approx(1, abs=0.1)),
    ]
    assert found(model, features([0] * 4, [-1] * 4)).events == []


def test_heard_under_another_picture_is_said_to_be_heard(model: TaughtModel) -> None:
    (scores,) = model.score([features([0] * 4, [9] * 4)], ScoreConfig())
    strict = EventConfig("hysteresis", 0.99)
    events, disagreements, *_ = model.find(scores, strict)
    assert events == []
    (heard,) = disagreements
    assert heard == Disagreement(0, 4, "Bark", "heard, not seen")
    assert heard.words == "the picture is unlike its examples"
    assert heard.score > 0.9


def test_heard_without_a_picture(model: TaughtModel) -> None:
    (heard,) = found(model, features([0] * 4, [-1] * 4)).disagreements
    assert heard.words == "there is no picture"


def test_scores_go_through_the_cache(model: TaughtModel) -> None:
    (scores,) = model.score([features([0, 0, 5], [0] * 3)], ScoreConfig())
    again = unpack(SegmentScores, pack(scores))
    assert model.find(again, model.decoder) == model.find(scores, model.decoder)


COUNTED = """
import sys
from pathlib import Path
from avel.pipeline.method.plan import PipelineConfig, open_localizer
from avel.pipeline.method.scores import ScoreConfig
from tests.pipeline.learning.taught_films import features
model = open_localizer(PipelineConfig(model=Path(sys.argv[1])))
(scores,) = model.score([features([0, 0], [0, 0])], ScoreConfig())
print(len(model.find(scores, model.decoder).events), [n for n in ("torch", "av") if n in sys.modules])
"""


def test_it_needs_no_torch(folder: Path) -> None:
    command = [sys.executable, "-c", COUNTED, str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "1 []"


class StubEveryday:
    """Finds one event of each of its names over the whole film."""

    classes = ("Meow", "Rain")
    decoder = EventConfig("hysteresis", 0.32)
    sha256 = "1" * 64
    identity = {"name": "everyday", "sha256": sha256, "knows": "two events"}  # noqa: RUF012

    def __init__(self) -> None:
        self.asked: list[EventConfig] = []

    def score(self, videos: list[Features], config: ScoreConfig) -> list[SegmentScores]:
        return [self._score(len(video.visual)) for video in videos]

    def _score(self, T: int) -> SegmentScores:
        none, each = np.zeros(T, np.float32), np.full((T, 2), 2.0, np.float32)
        classes = np.tile(np.array([0.25, 0.75, 0], np.float32), (T, 1))
        return SegmentScores(
            np.full(T, 0.8, np.float32),
            classes,
            np.ones(T, bool),
            np.zeros((T, 0), np.float32),
            none,
            none,
            float(T),
            (),
            seen=each,
            heard=each + 1,
            sounds=np.ones((T, 7), np.float32),
        )

    def find(self, scores: SegmentScores, config: EventConfig) -> Found:
        self.asked.append(config)
        np.testing.assert_array_equal(scores.heard, 3)
        np.testing.assert_array_equal(scores.seen, 2)
        whole = (0.0, scores.duration)
        return Found(
            [Event(*whole, label, 0.5) for label in self.classes],
            [Disagreement(*whole, label, "seen, not heard") for label in self.classes],
            [],
        )


@pytest.fixture
def both(model: TaughtModel) -> WithEveryday:
    return WithEveryday(model, StubEveryday())  # type: ignore[arg-type]


def test_everyday_events_beside_taught_ones(both: WithEveryday, model: TaughtModel) -> None:
    given = features([5, 5, 0, 0, 0, 5], [0] * 6)
    (scores,) = both.score([given], ScoreConfig())
    events, disagreements, *_ = both.find(scores, both.decoder)
    (own,) = found(model, given).events
    assert [e.label for e in events] == ["Rain", "Bark"]
    assert events[1] == own
    assert events[1].score == pytest.approx(own.score, abs=1e-4)
    assert [d.label for d in disagreements] == ["Rain"]


def beside(model: TaughtModel, heard: list[int]) -> tuple[list[str], list[str]]:
    """Labels of events and of disagreements, of `model` and the everyday stub."""
    both = WithEveryday(model, StubEveryday())  # type: ignore[arg-type]
    (scores,) = both.score([features(heard, [0] * len(heard))], ScoreConfig())
    events, disagreements, *_ = both.find(scores, both.decoder)
    return [e.label for e in events], [d.label for d in disagreements]


def test_what_was_denied_gives_way(tmp_path: Path, model: TaughtModel) -> None:
    told = TaughtModel(write_model(tmp_path, (("Rain", "Bark"),)))
    assert told.gives_way == {("Rain", "Bark")}
    mostly, half = [0, 0, 0, 0, 5, 5], [5, 5, 0, 0, 0, 5]  # 0 barks, and it rains all along
    assert beside(model, mostly) == (["Bark", "Rain"], ["Rain"])
    assert beside(told, mostly) == (["Bark"], [])
    assert beside(told, half) == beside(model, half) == (["Rain", "Bark"], ["Rain"])
    nothing = [5] * 6
    assert beside(told, nothing) == beside(model, nothing) == (["Rain"], ["Rain"])
    meows = [1] * 6
    assert "Rain" in beside(told, meows)[0]  # not the label in its place


def test_what_gives_way_is_part_of_who_answers(tmp_path: Path, model: TaughtModel) -> None:
    told = TaughtModel(write_model(tmp_path, (("Rain", "Bark"),)))
    shas = {WithEveryday(each, StubEveryday()).sha256 for each in (told, model)}  # type: ignore[arg-type]
    assert len(shas) == 2


def test_a_folder_that_an_earlier_avel_wrote_has_nothing_that_gives_way(
    tmp_path: Path, model: TaughtModel
) -> None:
    old = TaughtModel(write_model(tmp_path))
    training = {name: old.card.training[name] for name in ("films", "seconds")}
    old.card = replace(old.card, training=training)
    assert old.gives_way == frozenset()
    assert beside(old, [0] * 6) == beside(model, [0] * 6) == (["Bark", "Rain"], ["Rain"])


def test_scores_of_both_are_probabilities(both: WithEveryday) -> None:
    (scores,) = both.score([features([0, 5, 1], [0, 0, 1])], ScoreConfig())
    assert both.classes == ("Bark", "Meow", "Meow", "Rain")
    assert scores.classes.shape == (3, 5)
    np.testing.assert_allclose(scores.classes.sum(1), 1, atol=1e-5)
    assert (scores.relevance >= 0.8).all()
    assert scores.sounds.shape == (3, 7)
    np.testing.assert_allclose(scores.taught.sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(scores.taught.argmax(1), [0, 2, 1])


def test_the_decoder_of_each_unless_asked(both: WithEveryday) -> None:
    (scores,) = both.score([features([0, 0], [0, 0])], ScoreConfig())
    both.find(scores, both.decoder)
    both.find(scores, EventConfig("hysteresis", 0.9))
    both.find(scores, Asked(threshold=both.decoder.threshold).over(both.decoder))
    both.find(scores, Asked(decoder=both.decoder.decoder).over(both.decoder))
    asked = both._everyday.asked  # type: ignore[attr-defined]
    written_out = both.decoder.threshold
    assert written_out != 0.32
    assert [config.threshold for config in asked] == [0.32, 0.9, written_out, written_out]


def test_both_say_who_they_are(both: WithEveryday, model: TaughtModel) -> None:
    assert both.identity["name"] == "taught and everyday"
    assert both.identity["knows"] == "2 events taught by 2 films, and two events"
    assert both.sha256 not in (model.sha256, StubEveryday.sha256)
    assert both.features == model.features
    assert both.limits == {}


def test_everyday_events_stand_beside_taught_ones_only() -> None:
    with pytest.raises(InputError, match="everyday events stand beside taught ones only"):
        open_localizer(PipelineConfig(model=DEFAULT_MODEL, with_everyday=True))
    with pytest.raises(InputError, match="leave out --with-everyday"):
        open_localizer(PipelineConfig(with_everyday=True))


def test_everyday_events_need_the_features_that_the_taught_ones_were_taught_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that an earlier avel wrote may have other windows of sound, or other views."""
    stub = StubEveryday()
    monkeypatch.setattr("avel.pipeline.method.plan._everyday", lambda config: stub)
    asked = PipelineConfig(model=folder, with_everyday=True)
    recipe = TaughtModel(folder).features
    stub.features = recipe  # type: ignore[attr-defined]
    assert isinstance(open_localizer(asked), WithEveryday)
    stub.features = {**recipe, "version": 99}  # type: ignore[attr-defined]
    with pytest.raises(CheckpointError, match=r"was trained on other features .*99"):
        open_localizer(asked)


def test_a_longer_film_ends_with_its_last_second(model: TaughtModel) -> None:
    given = replace(features([0] * 3, [0] * 3), duration=2.6)
    ((bark,), *_) = found(model, given)
    assert (bark.onset, bark.offset) == (0, 2.6)


def test_it_holds_no_network(folder: Path) -> None:
    from avel.models.checkpoint import load_checkpoint  # slow: loads torch

    with pytest.raises(
        CheckpointError, match="by example and no network to run, evaluate"
    ) as error:
        load_checkpoint(folder / "model.safetensors")
    assert f"`avel localize --model {folder}` finds its events" in str(error.value)
    assert "the card beside it says how often they are right" in str(error.value)
    assert "train one with `avel train`" in str(error.value)


def test_it_looks_at_no_more_than_it_says(model: TaughtModel) -> None:
    """So that features without vectors and maps are enough."""
    whole = features([5, 5, 0, 0, 0, 5], [0] * 6)
    empty = {n: getattr(whole, n)[:, :0] for n in ("visual", "visual_map", "audio")}
    assert set(model.reads) == {"visual_scores", "audio_scores", "visual_mask", "audio_mask"}
    (one,), (other,) = (model.score([f], ScoreConfig()) for f in (whole, replace(whole, **empty)))
    for name, array in pack(one).items():
        np.testing.assert_array_equal(pack(other)[name], array)
