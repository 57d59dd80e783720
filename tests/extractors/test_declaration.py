"""Declarations: what is said of an extractor before its network is there."""

from pathlib import Path

import pytest

from avel.extractors import EXTRACTORS, Declaration
from avel.extractors.options import EncodeOptions
from avel.extractors.sound.vggish import VGGishExtractor
from avel.extractors.weights.files import Weights, WeightsError, WeightsFile

WEIGHTS = Weights((WeightsFile(Path("w.pt"), "given", "5" * 64),))


def test_recipe_is_name_weights_and_what_was_chosen() -> None:
    declared = Declaration("mine", "avel.extractors.mine:Mine", cut={"sample_rate": 8000})
    assert declared.recipe_of(WEIGHTS, EncodeOptions(compile=True)) == {
        "extractor": "mine",
        "weights_sha256": "5" * 64,
        "options": {"compile": True},
        "map_precision": "float16",
    }
    assert declared.cells(WEIGHTS) == {"sample_rate": 8000}
    assert (declared.sees, declared.hears, declared.pools) == (False, False, False)


def test_audioclip_says_the_convention_of_its_sound() -> None:
    recipe = EXTRACTORS["audioclip"].recipe_of(WEIGHTS, EncodeOptions())
    assert recipe["amplitude"] == "int16"
    assert recipe["image_mean"] == [0.48145466, 0.4578275, 0.40821073]
    assert recipe["image_std"] == [0.26862954, 0.26130258, 0.27577711]


def test_files_are_looked_for_by_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    declared = Declaration("mine", "", files=("a.pt", "b.pt"))
    with pytest.raises(WeightsError, match=r"a\.pt: not found"):
        declared.find(())
    for name in ("a.pt", "b.pt", "given.pt"):
        (tmp_path / name).write_bytes(name.encode())
    assert [file.path.name for file in declared.find(()).files] == ["a.pt", "b.pt"]
    given = declared.find([tmp_path / "given.pt"])
    assert [file.path.name for file in given.files] == ["given.pt"]


def test_the_network_is_found_by_its_name() -> None:
    assert EXTRACTORS["vggish"].network_class() is VGGishExtractor
    with pytest.raises(ModuleNotFoundError, match=r"avel\.extractors\.nowhere"):
        Declaration("mine", "avel.extractors.nowhere:Mine").network_class()


def test_declarations_can_be_kept_in_sets() -> None:
    """As choices are compared and remembered, though a cut is a mapping."""
    assert len(set(EXTRACTORS.values())) == len(EXTRACTORS)
