"""Choosing extractors by name, alone and in pairs, with nothing of their networks loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from avel.extractors import AdaptedChoice, Choice, ExtractorError, PairChoice, choose
from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.files import save_adapters
from avel.extractors.weights.files import WeightsError
from tests.extractors.conftest import Chooser
from tests.extractors.made import parts

PLAN = """
import json, sys
from pathlib import Path
from avel.extractors import EXTRACTORS, AdaptedChoice, choose

cases = {name: choose(name.split("-vit")[0], [Path(p) for p in paths]) for name, paths in
         json.loads(sys.argv[1]).items()}
cases["adapted"] = AdaptedChoice(cases["audioclip-tiny"], Path(sys.argv[2]))
found = {name: {"recipe": dict(choice.recipe), "cells": dict(choice.cells)}
         for name, choice in cases.items()}
tiny = EXTRACTORS["audioclip-tiny"]
found["words"] = [len(tiny.known_labels()), dict(tiny.rest_cosines)]
heavy = [name for name in ("torch", "open_clip", "torchvision") if name in sys.modules]
assert not heavy, heavy
print(json.dumps(found))
"""


def test_planning_loads_no_torch(chosen: Chooser, tmp_path: Path) -> None:
    """Recipes and cuts of every kind of choice, in a process of its own; loaded ones agree."""
    names = ("audioclip-tiny", "openclip-vit", "vgg19", "vggish", "vgg19+vggish")
    choices = {name: chosen(name) for name in names}
    widths = {"audio": 128, "visual": 128, "visual_map": 512}
    adapters = Adapters(AdapterConfig("output"), widths)
    save_adapters(tmp_path / "a.safetensors", adapters, choices["audioclip-tiny"].recipe)
    files = {
        name: [str(file.path) for part in parts(choice) for file in part.weights.files]
        for name, choice in choices.items()
    }
    command = [sys.executable, "-c", PLAN, json.dumps(files), str(tmp_path / "a.safetensors")]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    adapted = AdaptedChoice(choices["audioclip-tiny"], tmp_path / "a.safetensors")
    for name in ("audioclip-tiny", "openclip-vit", "vgg19+vggish"):
        assert found[name]["recipe"] == choices[name].load().recipe
    assert found["adapted"]["recipe"] == adapted.load().recipe
    for name, choice in choices.items():
        assert found[name] == {"recipe": choice.recipe, "cells": choice.cells}
    assert found["words"] == [28, {"visual": 0.72, "audio": 0.82}]


def test_a_choice_is_what_was_asked_for(chosen: Chooser) -> None:
    files = [file.path for file in parts(chosen("vggish"))[0].weights.files]
    choice = choose("vggish", files, {"postprocess": True})
    assert isinstance(choice, Choice)
    assert choice.kind.name == "vggish"
    assert [file.path for file in choice.weights.files] == files
    assert choice.options.chosen == {"postprocess": True}
    assert choice == choose("vggish", files, {"postprocess": True})
    assert choice != choose("vggish", files)


def test_a_pair_is_sight_of_one_and_sound_of_the_other(chosen: Chooser) -> None:
    pair, sight, sound = (chosen(name) for name in ("vgg19+vggish", "vgg19", "vggish"))
    assert isinstance(pair, PairChoice)
    assert pair == PairChoice(sight, sound)  # type: ignore[arg-type]
    assert pair.cells == {
        "frames_per_cell": 16,
        "image_size": 224,
        "short_side": 256,
        "interpolation": "bilinear",
        "sample_rate": 16_000,
    }
    assert pair.recipe == {
        "extractor": "vgg19+vggish",
        "options": {},
        "sight": sight.recipe,
        "sound": sound.recipe,
    }


def test_options_of_a_pair_go_to_whom_they_belong(chosen: Chooser) -> None:
    files = [file.path for part in parts(chosen("vgg19+vggish")) for file in part.weights.files]
    pair = choose("vgg19+vggish", files, {"precision": "bfloat16", "postprocess": True})
    assert isinstance(pair, PairChoice)
    assert pair.sight.options.chosen == {"precision": "bfloat16"}
    assert pair.sound.options.chosen == {"precision": "bfloat16", "postprocess": True}
    assert pair.recipe["options"] == {"precision": "bfloat16", "postprocess": True}
    with pytest.raises(
        ExtractorError,
        match=r"'vgg19\+vggish' has no option 'dense_map'; it has precision, compile, postprocess",
    ):
        choose("vgg19+vggish", files, {"dense_map": True})


def test_files_of_a_pair(chosen: Chooser) -> None:
    """The first is sight's, all others are sound's."""
    sight, sound = (part.weights.files[0].path for part in parts(chosen("vgg19+vggish")))
    pair = choose("vgg19+vggish", [sight, sound, sound])
    assert isinstance(pair, PairChoice)
    assert [file.path for file in pair.sight.weights.files] == [sight]
    assert [file.path for file in pair.sound.weights.files] == [sound, sound]
    with pytest.raises(WeightsError, match=r"takes vgg19's weight file and then vggish's; one"):
        choose("vgg19+vggish", [sight])


def test_one_file_of_a_pair(chosen: Chooser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tower's, which is nowhere else; the sound's is looked for where weights are kept."""
    tower, sound = (parts(chosen(name))[0].weights.files[0] for name in ("openclip-vit", "mn04"))
    folder = sound.path.parent / "kept"
    folder.mkdir()
    (folder / "mn04_as_mAP_432.pt").write_bytes(sound.path.read_bytes())
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(folder))
    pair = choose("openclip+mn04", [tower.path])
    assert isinstance(pair, PairChoice)
    assert pair.sight.weights.files == (tower,)
    assert pair.sound.weights.sha256 == sound.sha256
    alone = choose("audioclip-tiny+mn04", [sound.path])  # here sight brings its own
    assert isinstance(alone, PairChoice)
    assert alone.sound.weights.files[0].path == sound.path


@pytest.mark.parametrize("name", ["vggish+vgg19", "vgg19+vggish+vggish", "vgg19+vgg19"])
def test_pairs_that_are_none(name: str) -> None:
    with pytest.raises(ExtractorError, match=r"is no pair; write SIGHT\+SOUND, for example vgg19"):
        choose(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("clap", r"no extractor 'clap'; there are audioclip, audioclip-tiny, openclip, vgg19, vgg"),
        ("audio-clip", r"did you mean 'audioclip'\?"),
        ("vgg16", r"did you mean 'vgg19'\?"),
        ("vgg19+vgish", r"no extractor 'vgish'; .*did you mean 'vggish'\?"),
        ("vgg19+", r"no extractor ''; there are"),
    ],
)
def test_extractors_that_do_not_exist(name: str, message: str) -> None:
    with pytest.raises(ExtractorError, match=message):
        choose(name)


def test_encoders_without_pooling_are_not_read_for_it(
    chosen: Chooser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VGG-19's file has half a gigabyte."""
    choices = [chosen(name) for name in ("vgg19+vggish", "openclip-resnet")]
    assert chosen("audioclip-tiny").pooling() is not None
    monkeypatch.setattr(Choice, "load", lambda *_: pytest.fail("was read"))
    assert [choice.pooling() for choice in choices] == [None, None]


def test_pooling_is_read_where_it_is_wanted(
    chosen: Chooser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half precision that only the training's device has is refused anywhere else."""
    tiny, vggish = (parts(chosen(name))[0] for name in ("audioclip-tiny", "vggish"))
    devices: list[str] = []
    load = Choice.load
    monkeypatch.setattr(Choice, "load", lambda self, device: devices.append(device) or load(self))
    assert PairChoice(tiny, vggish).pooling("cuda:1") is not None
    assert devices == ["cuda:1"]
