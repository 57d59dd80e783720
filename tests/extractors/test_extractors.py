"""The table of extractors: who is in it under which name, and how one of them is chosen."""

import re
from pathlib import Path

import pytest

import avel.extractors as room
from avel.extractors import EXTRACTORS, Choice, ExtractorError, PairChoice, choose
from avel.extractors.weights.files import WeightsError, find_file

NAMES = (
    "audioclip",
    "audioclip-tiny",
    "openclip",
    "vgg19",
    "vggish",
    "efficientnet-lite0",
    "mn04",
    "mn05",
    "mn10",
    "mn20",
    "yamnet",
)


def test_every_extractor_is_there_under_its_own_name() -> None:
    assert tuple(EXTRACTORS) == NAMES
    assert all(declared.name == name for name, declared in EXTRACTORS.items())


def test_recipes_name_their_extractor() -> None:
    """Two of one recipe would share features."""
    weights = choose("audioclip-tiny").weights  # type: ignore[union-attr]
    for name, declared in EXTRACTORS.items():
        if name != "openclip":  # it reads the record beside its weights
            assert declared.recipe_of(weights, declared.options_type())["extractor"] == name


@pytest.mark.parametrize("name", room.__all__)
def test_what_is_promised_is_there(name: str) -> None:
    assert getattr(room, name) is not None


def test_the_shipped_one_needs_no_weights_named() -> None:
    chosen = choose("audioclip-tiny")
    assert isinstance(chosen, Choice)
    assert chosen.kind is EXTRACTORS["audioclip-tiny"]
    assert chosen.weights.files == (find_file("audioclip-tiny.safetensors"),)
    assert chosen.options == chosen.kind.options_type()
    assert chosen.recipe == choose("audioclip-tiny", (), {}).recipe


def test_options_are_the_extractors_own() -> None:
    chosen = choose("audioclip-tiny", options={"precision": "float16"})
    assert chosen.recipe["options"] == {"precision": "float16"}
    with pytest.raises(ExtractorError, match=r"option 'postproces'; it has .*"):
        choose("audioclip-tiny", options={"postproces": True})
    with pytest.raises(
        ExtractorError, match=re.escape("precision=16 has the wrong type, as in precision=float32")
    ):
        choose("audioclip-tiny", options={"precision": 16})


def test_a_pair_is_named_by_both(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("vgg19.pth", "vggish.pth")]
    for file in files:
        file.write_bytes(file.name.encode())
    pair = choose("vgg19+vggish", files)
    assert isinstance(pair, PairChoice)
    assert pair.recipe["extractor"] == "vgg19+vggish"
    assert [part.weights.files[0].path for part in (pair.sight, pair.sound)] == files


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("audioclip-tin", "did you mean 'audioclip-tiny'?"),
        ("vgg19+vgish", "did you mean 'vggish'?"),
        ("", f"there are {', '.join(NAMES)}"),
    ],
)
def test_a_name_that_is_not_there(name: str, said: str) -> None:
    with pytest.raises(ExtractorError, match=re.escape(said)):
        choose(name)


def test_weights_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match=r"no\.pt: no such weight file; give the path of one"):
        choose("audioclip-tiny", [tmp_path / "no.pt"])
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=r"not found .*; put it there or give its path"):
        choose("vggish")
