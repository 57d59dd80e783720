"""A choice with adapters: its recipe, its cuts, and what is refused before anything is loaded."""

from pathlib import Path

import pytest

from avel.extractors import AdaptedChoice, Choice, choose
from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.choice import VERSION
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.files import save_adapters
from avel.extractors.weights.files import WeightsError, sha256_of
from tests.extractors.adapters.test_adapters import WIDTHS


@pytest.fixture
def run(tmp_path: Path, tiny_choice: Choice) -> Path:
    """A run folder with adapters for the tiny encoder."""
    adapters = Adapters(AdapterConfig("output"), WIDTHS)
    save_adapters(tmp_path / "adapters.safetensors", adapters, tiny_choice.recipe)
    return tmp_path


def test_recipe_is_the_encoders_and_the_adapters_content(run: Path, tiny_choice: Choice) -> None:
    adapted = AdaptedChoice(tiny_choice, run)
    assert adapted.recipe == {
        **tiny_choice.recipe,
        "adapters": sha256_of(run / "adapters.safetensors"),
        "corrected": VERSION,
    }
    assert adapted.recipe == AdaptedChoice(tiny_choice, run / "adapters.safetensors").recipe
    assert adapted.cells == tiny_choice.cells


def test_other_adapters_make_other_features(run: Path, tiny_choice: Choice) -> None:
    first = AdaptedChoice(tiny_choice, run).recipe
    adapters = Adapters(AdapterConfig("output", reduction=2), WIDTHS)
    save_adapters(run / "adapters.safetensors", adapters, tiny_choice.recipe)
    assert AdaptedChoice(tiny_choice, run).recipe["adapters"] != first["adapters"]


def test_another_encoder_is_refused_by_its_recipe_alone(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Choice, "load", lambda *_: pytest.fail("was loaded"))
    other = choose("audioclip-tiny", options={"dense_map": True})
    with pytest.raises(
        WeightsError, match=r"was tuned on another encoder: options is \{'dense_map'"
    ):
        _ = AdaptedChoice(other, run).recipe
    with pytest.raises(WeightsError, match="no such adapters"):
        _ = AdaptedChoice(other, run / "elsewhere").recipe
