"""The everyday model as a localizer: who it is, what its identity depends on, what it lacks."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avel.configs.load import ConfigError
from avel.extractors.weights.files import MissingWeights, WeightsError
from avel.models.everyday import Rule
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import find_events
from avel.pipeline.method.everyday import Everyday
from avel.pipeline.method.extract import Features
from avel.pipeline.method.plan import PipelineConfig, plan_localization
from avel.pipeline.method.scores import ScoreConfig
from avel.pipeline.reasons import InputError

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


def features(model: Everyday, T: int = 6) -> Features:
    """Nothing is heard; in cells 2 and 3 a beagle barks."""
    sounds, sights = model._encoder.audio_classes, model._encoder.visual_classes
    heard = np.full((T, 3, len(sounds)), -8, np.float32)
    seen = np.zeros((T, 3, len(sights)), np.float32)
    heard[2:4, :, sounds.index("Bark")] = 3
    seen[2:4, :, sights.index("beagle")] = 14
    none, there = np.zeros((T, 1), np.float32), np.ones(T, bool)
    return Features(
        visual=none,
        visual_map=np.zeros((T, 1, 1), np.float16),
        audio=none,
        visual_mask=there,
        audio_mask=there.copy(),
        duration=float(T),
        flags=(),
        visual_scores=seen,
        audio_scores=heard,
    )


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


def test_its_identity_is_that_of_table_and_rule(kept: Path, mine: Path) -> None:
    model = Everyday()
    marks = {
        model.sha256,
        Everyday(mine).sha256,
        Everyday(rule=replace(Rule(), support=2.5)).sha256,
    }
    assert len(marks) == 3
    assert Everyday(rule=Rule()).sha256 == model.sha256
    assert "2 events of a table of your own" in Everyday(mine).identity["knows"]


def test_its_features_depend_on_the_weights_and_not_on_the_table(kept: Path, mine: Path) -> None:
    before = Everyday().features
    assert Everyday(mine).features == before
    (kept / "mn04_as_mAP_432.pt").write_text("other ears")
    assert Everyday().features != before


def test_what_is_heard_and_seen_is_found_with_its_evidence(kept: Path, mine: Path) -> None:
    model = Everyday(mine)
    (scores,) = model.score([features(model)], ScoreConfig())
    assert scores.attention.shape == (6, 0)
    assert scores.classes.shape == (6, 3)
    (event,) = model.find(scores, model.decoder).events
    assert (event.label, event.onset, event.offset) == ("Dog", 2.0, 4.0)
    assert event.evidence is not None
    assert event.evidence.heard == pytest.approx(3)
    assert event.evidence.sight == "supports"


def test_a_segment_without_sound_holds_no_event(kept: Path, mine: Path) -> None:
    model = Everyday(mine)
    given = features(model)
    given.audio_mask[2:4] = False
    (scores,) = model.score([given], ScoreConfig())
    assert model.find(scores, model.decoder).events == []


@pytest.mark.parametrize("name", ["gate", "argmax", "ungated"])
def test_another_decoder_is_the_fields_own(kept: Path, mine: Path, name: str) -> None:
    """Over the same scores, without evidence, rather than hysteresis under another's name."""
    model, how = Everyday(mine), EventConfig(name, 0.5)  # type: ignore[arg-type]
    (scores,) = model.score([features(model)], ScoreConfig())
    found = model.find(scores, how)
    assert found.events == find_events(scores, model.classes, how)
    assert all(event.evidence is None for event in found.events)
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
