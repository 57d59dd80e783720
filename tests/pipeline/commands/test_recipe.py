"""The same words mean the same features in every command."""

import argparse
from pathlib import Path

import pytest

from avel.cache.fingerprint import fingerprint
from avel.extractors import choose
from avel.pipeline.commands.parser import Parser
from avel.pipeline.commands.recipe import add_recipe, planned
from avel.pipeline.method.plan import plan_features
from avel.pipeline.reasons import InputError


def said(*words: str) -> argparse.Namespace:
    parser = Parser(prog="avel")
    add_recipe(parser)
    parsed: argparse.Namespace = parser.parse_args([*words, "a.mp4"])
    return parsed


def test_what_is_meant_by_default() -> None:
    expected = plan_features(choose("audioclip-tiny"))
    assert fingerprint(planned(said()).features) == fingerprint(expected.features)
    assert said("--frames", "2").inputs == ["a.mp4"]


def test_frames_and_options_change_the_features() -> None:
    plan = planned(said("--frames", "2", "--precision", "bfloat16"))
    expected = plan_features(
        choose("audioclip-tiny", (), {"precision": "bfloat16"}), {"frames_per_cell": 2}
    )
    assert fingerprint(plan.features) == fingerprint(expected.features)


def test_a_config_beside_an_encoder(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("segment: {views: 1}\n")
    assert planned(said("--config", str(config))).segment.views == 1
    words = ("--config", str(config), "--extractor", "vgg19", "--frames", "2")
    with pytest.raises(InputError, match=r"says which features; leave out --extractor, --frames"):
        planned(said(*words))
