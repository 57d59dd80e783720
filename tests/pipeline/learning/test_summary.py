"""What a training would train, counted part by part."""

from pathlib import Path

import pytest

from avel.extractors.adapters.config import AdapterConfig
from avel.pipeline.learning.experiment import load_experiment
from avel.pipeline.learning.settings import AugmentConfig
from avel.pipeline.learning.summary import Part, parts


def counted(*settings: str) -> dict[str, Part]:
    return {part.name: part for part in parts(load_experiment(Path("dmsf"), settings))}


def test_every_part_is_counted() -> None:
    rows = counted("adapter.placement=both")
    assert rows["encoder.audio"].trainable == 0 < rows["encoder.audio"].frozen
    hidden = 512 // AdapterConfig().reduction
    assert rows["adapter.visual_map"] == Part(
        "adapter.visual_map", 512 * hidden * 2 + hidden + 1, 0
    )
    assert {"adapter.audio3", "adapter.visual4", "dmsf.agva", "dmsf.cic"} <= rows.keys()


@pytest.mark.parametrize("augment", [False, True])
def test_segments_or_features_have_the_same_parts(augment: bool) -> None:
    plain = counted("adapter.placement=output")
    assert counted("adapter.placement=output", f"augment.enabled={str(augment).lower()}") == plain
    assert AugmentConfig().enabled is False


def test_without_adapters_there_are_none() -> None:
    assert not [name for name in counted() if name.startswith("adapter.")]


def test_windows_of_sound_make_the_model_wider() -> None:
    each = "options.agreement=false"  # its vectors would have to be of one length
    wide = counted(each, "segment.sound_seconds=[2,4,10]", "segment.views=2")
    plain = counted(each)
    widened = {name for name in plain if plain[name] != wide[name]}
    assert widened
    assert all(wide[name].trainable > plain[name].trainable for name in widened)
    assert plain["encoder.audio"] == wide["encoder.audio"]
