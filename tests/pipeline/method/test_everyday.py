"""The everyday model: made scores through the table that comes with it, what it lacks, and real clips."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avel.configs.events import EVERYDAY, ConfigError
from avel.extractors import EXTRACTORS
from avel.extractors.weights.files import MissingWeights, WeightsError
from avel.models.everyday import UNHEARD, Rule
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import find_events
from avel.pipeline.method.everyday import DECODER, Everyday
from avel.pipeline.method.extract import Features
from avel.pipeline.method.plan import PipelineConfig, open_localizer, plan_localization
from avel.pipeline.method.run import localize
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig
from tests.extractors.made import mn_file
from tests.outside import outside

SOUNDS = EXTRACTORS["mn04"].audio_classes
SIGHTS = EXTRACTORS["efficientnet-lite0"].visual_classes
AVE = (
    "Accordion",
    "Acoustic guitar",
    "Baby cry, infant cry",
    "Banjo",
    "Bark",
    "Bus",
    "Cat",
    "Chainsaw",
    "Church bell",
    "Clock",
    "Female speech, woman speaking",
    "Fixed-wing aircraft, airplane",
    "Flute",
    "Frying (food)",
    "Goat",
    "Helicopter",
    "Horse",
    "Male speech, man speaking",
    "Mandolin",
    "Motorcycle",
    "Race car, auto racing",
    "Rodents, rats, mice",
    "Shofar",
    "Toilet flush",
    "Train horn",
    "Truck",
    "Ukulele",
    "Violin, fiddle",
)
"""The classes of the AVE dataset (Tian et al., ECCV 2018)."""
REAL = Path(__file__).resolve().parents[4] / "shared"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mn_file(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def everyday(weights: Path) -> Everyday:
    return Everyday(weights=[weights])


def features(heard: dict[str, float], seen: dict[str, float], T: int = 3) -> Features:
    """Cells in which some sounds have a logit and some sights a share, alike in every window."""
    audio = np.full((T, 2, len(SOUNDS)), -8, np.float32)
    visual = np.log(np.full((T, 3, len(SIGHTS)), 1e-6, np.float32))
    for name, logit in heard.items():
        audio[..., SOUNDS.index(name)] = logit
    visual[..., SIGHTS.index("web site")] = np.log(0.3)  # as if a screen without an event
    for name, share in seen.items():
        visual[..., SIGHTS.index(name)] = np.log(share)
    none, there = np.zeros((T, 0), np.float32), np.ones(T, bool)
    empty = np.zeros((T, 0, 0), np.float16)
    return Features(
        none, empty, none, there, there, float(T), (), visual, audio, np.full(T, -10, np.float32)
    )


def scored(model: Everyday, given: Features) -> SegmentScores:
    return model.score([given], ScoreConfig())[0]


def labels(model: Everyday, given: Features) -> list[str]:
    return [event.label for event in model.find(scored(model, given), DECODER).events]


def test_a_dog_that_barks_in_the_picture(everyday: Everyday) -> None:
    given = features({"Bark": 1, "Dog": 2}, {"beagle": 0.6})
    assert labels(everyday, given) == ["Bark"]
    (event,) = everyday.find(scored(everyday, given), DECODER).events
    assert (event.onset, event.offset) == (0, 3)


def test_what_is_not_there_is_not_seen(everyday: Everyday) -> None:
    """A cell without a picture has logits of zero: hundreds of kinds of dog among the rest."""
    given = features({"Dog": 2}, {})
    absent = replace(
        given,
        visual_mask=np.array([True, False, True]),
        visual_scores=given.visual_scores * np.array([1, 0, 1], np.float32)[:, None, None],
    )
    scores = scored(everyday, absent)
    np.testing.assert_array_equal(scores.seen[1], 0)
    assert np.abs(scores.seen[0]).max() > 4
    assert scores.relevance[1] == 0


def test_a_dog_that_barks_beside_a_violin(everyday: Everyday) -> None:
    found = everyday.find(
        scored(everyday, features({"Bark": 1, "Dog": 2}, {"violin": 0.9})), DECODER
    )
    assert found.events == []
    assert ("Bark", "heard, not seen", "no dog in the picture") in {
        (d.label, d.kind, d.words) for d in found.disagreements
    }
    assert ("Violin, fiddle", "seen, not heard") in {(d.label, d.kind) for d in found.disagreements}
    assert {"Bark", "Dog"} <= {sound.label for sound in found.sounds}


def test_a_speaker_with_a_face_and_one_without(everyday: Everyday) -> None:
    speech = features({"Male speech, man speaking": -0.9}, {})
    face = replace(speech, faces=np.full(3, 6, np.float32))
    assert labels(everyday, speech) == []
    assert labels(everyday, face) == ["Male speech, man speaking"]


def test_the_threshold_is_a_probability(everyday: Everyday) -> None:
    scores = scored(everyday, features({"Dog": -2}, {"beagle": 0.6}))
    (event,) = everyday.find(scores, EventConfig("hysteresis", 0.3)).events
    assert 0.3 < event.score < 0.9
    strict = EventConfig("hysteresis", event.score + 1e-3)
    assert everyday.find(scores, strict).events == []


def test_relevance_is_that_of_the_likeliest_event(everyday: Everyday) -> None:
    scores = scored(everyday, features({"Dog": 1}, {"beagle": 0.6}))
    (event,) = everyday.find(scores, DECODER).events
    np.testing.assert_allclose(scores.relevance, event.score, atol=1e-5)
    assert {everyday.classes[k] for k in scores.classes.argmax(1)} == {"Bark"}
    np.testing.assert_allclose(scores.classes.sum(1), 1, atol=1e-5)


def test_without_sound_nothing_is_heard(everyday: Everyday) -> None:
    given = features({}, {"beagle": 0.9})
    silent = replace(given, audio_mask=np.zeros(3, bool), audio_scores=np.zeros((3, 2, 527), "f4"))
    scores = scored(everyday, silent)
    assert (scores.heard <= UNHEARD).all()
    found = everyday.find(scores, DECODER)
    assert (found.events, found.sounds) == ([], [])
    assert not scores.relevance.any()


def test_without_a_picture_nothing_is_seen(everyday: Everyday) -> None:
    given = features({"Bark": 2}, {})
    blind = replace(
        given, visual_mask=np.zeros(3, bool), visual_scores=np.zeros((3, 3, 1000), "f4")
    )
    found = everyday.find(scored(everyday, blind), DECODER)
    assert found.events == []
    assert [(d.label, d.words) for d in found.disagreements] == [("Bark", "there is no picture")]


def test_the_table_that_comes_with_it_holds_the_classes_of_ave(everyday: Everyday) -> None:
    assert len(everyday.classes) >= 100
    assert set(AVE) <= set(everyday.classes)


def test_the_identity_follows_the_table_and_the_rule(
    everyday: Everyday, weights: Path, tmp_path: Path
) -> None:
    other = tmp_path / "mine.yaml"
    other.write_text(EVERYDAY.read_text("utf-8").replace("Bow-wow: 1", "Bow-wow: 0.9", 1))
    marks = {
        everyday.sha256,
        Everyday(other, [weights]).sha256,
        Everyday(weights=[weights], rule=Rule(support=2.9)).sha256,
    }
    assert len(marks) == 3
    assert Everyday(weights=[weights]).sha256 == everyday.sha256


def test_a_table_of_ones_own(weights: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("events:\n  Pug: {heard: {Bark: 1}, seen: {pug: 1}}\n")
    model = Everyday(mine, [weights])
    assert model.classes == ("Pug",)
    assert labels(model, features({"Bark": 1}, {"pug": 0.6})) == ["Pug"]
    assert labels(model, features({"Bark": 1}, {"beagle": 0.6})) == []


def test_a_sound_that_only_another_network_knows(weights: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("events:\n  Odd: {heard: {Barkk: 1}}\n")
    with pytest.raises(ConfigError, match=r"event .Odd.: heard: unknown class .Barkk..*.Bark."):
        Everyday(mine, [weights])


def test_a_table_goes_with_the_everyday_model_alone(tmp_path: Path) -> None:
    config = PipelineConfig(model=Path("synthetic"), table=tmp_path / "t.yaml")
    with pytest.raises(ValueError, match=r"table of events .*t.yaml.* goes with the everyday"):
        open_localizer(config)


MINE = """
events:
  Dog: {heard: {Bark: 1}, seen: {beagle: 1}}
  Train: {heard: {Train horn: 1}, seen: {electric locomotive: 1}, sight: cannot tell}
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of the right name: nothing is read in it but its hash."""
    for name in ("AVEL_WEIGHTS_DIR", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "weights"))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mn04_as_mAP_432.pt").write_text("ears")
    return tmp_path / "weights"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    return path


def test_it_is_the_default_and_has_a_name(kept: Path) -> None:
    default = plan_localization(PipelineConfig()).localizer
    by_name = plan_localization(PipelineConfig(model=Path("everyday"))).localizer
    assert isinstance(default, Everyday)
    assert default.identity == by_name.identity
    assert default.identity["name"] == "everyday"
    assert (
        f"{len(default.classes)} everyday events, by sounds of AudioSet"
        in default.identity["knows"]
    )
    assert default.decoder == EventConfig("hysteresis", 0.32)
    assert default.limits == {}


def test_its_features_depend_on_the_weights_and_not_on_the_table(kept: Path, mine: Path) -> None:
    before = Everyday().features
    assert Everyday(mine).features == before
    (kept / "mn04_as_mAP_432.pt").write_text("other ears")
    assert Everyday().features != before


@pytest.mark.parametrize("name", ["gate", "argmax", "ungated"])
def test_another_decoder_is_the_fields_own(kept: Path, mine: Path, name: str) -> None:
    """Over the same scores, without evidence, rather than hysteresis under another's name."""
    model, how = Everyday(mine), EventConfig(name, 0.5)  # type: ignore[arg-type]
    scores = scored(model, features({"Bark": 3}, {"beagle": 0.9}))
    assert model.find(scores, model.decoder).events[0].evidence is not None
    found = model.find(scores, how)
    assert found.events == find_events(scores, model.classes, how)
    assert all(event.evidence is None for event in found.events)
    assert found.events[0].label == "Dog"
    assert found.sounds == model.find(scores, EventConfig("hysteresis", 0.5)).sounds


def test_missing_weights_say_what_gets_them(no_weights: None) -> None:
    with pytest.raises(MissingWeights, match=r"mn04_as_mAP_432.pt: not found .* `avel weights fetch everyday` \(4 MB, licence MIT\); or use another model: --model synthetic") as caught:  # fmt: skip
        Everyday()
    assert caught.value.group == "everyday"


def test_weights_that_are_given_and_wrong_are_no_missing_ones(tmp_path: Path) -> None:
    """Nothing is to be fetched for them."""
    stub = tmp_path / "stub.pt"
    stub.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:8\nsize 9\n")
    for path, message in (
        (tmp_path / "none.pt", "none.pt: no such weight"),
        (stub, "git-LFS point"),
    ):
        with pytest.raises(WeightsError, match=message) as caught:
            plan_localization(PipelineConfig(weights=(path,)))
        assert not isinstance(caught.value, MissingWeights)


def test_a_wrong_table_is_named_by_the_plan(kept: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("events: {Dog: {heard: {Brak: 1}}}")
    with pytest.raises(ConfigError, match=r"wrong.yaml: event 'Dog': heard: unknown class 'Brak'; did you mean 'Bark'"):  # fmt: skip
        plan_localization(PipelineConfig(table=path))
    with pytest.raises(
        InputError, match=r"a table of events \(.*wrong.yaml\) goes with the everyday"
    ):
        plan_localization(PipelineConfig(Path("synthetic"), table=path))


PLANNED = """
import sys
from pathlib import Path
from avel.pipeline.method.plan import PipelineConfig, plan_localization
plan = plan_localization(PipelineConfig())
plan.stores(Path(sys.argv[1]))
plan.localizer.identity, plan.localizer.limits, plan.decoder
print([name for name in ("torch", "open_clip", "av", "timm") if name in sys.modules])
"""


def test_its_plan_loads_no_network_and_no_torch(kept: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PLANNED, str(tmp_path / "cache")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_the_weights_are_read_once_for_their_hash(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    digest = hashlib.file_digest
    monkeypatch.setattr(
        "hashlib.file_digest",
        lambda file, kind: names.append(Path(file.name).name) or digest(file, kind),
    )
    for _ in range(3):
        plan_localization(PipelineConfig())
    assert names.count("mn04_as_mAP_432.pt") <= 1


@pytest.mark.slow
def test_clips_that_somebody_watched(tmp_path: Path) -> None:
    """What is in them, and that one clip's sound under another's picture is no event."""
    clips, given = outside(REAL / "real"), outside(REAL / "weights") / "mn04_as_mAP_432.pt"
    truth = {
        "dog_bark_03.mp4": "Bark",
        "violin_01.mp4": "Violin, fiddle",
        "train_wheels_01.mp4": "Train",
        "toilet_flush_01.mp4": "Toilet flush",
        "neg_silent_peppers_01.mp4": None,
        "neg_toy_monster_noise_01.mp4": None,
    }
    plan = plan_localization(PipelineConfig(weights=(given,)))
    runtime = RuntimeConfig(cache_dir=tmp_path)
    for result in localize([clips / name for name in truth], plan, runtime):
        best = max(result.events, key=lambda event: event.score, default=None)
        assert (best.label if best else None) == truth[Path(result.file).name], result.file
