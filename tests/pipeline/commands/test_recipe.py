"""Which features words mean, alike for every command that makes or plans some."""

import argparse

import pytest

from avel.pipeline.commands.recipe import add_recipe, planned
from avel.pipeline.method.plan import Plan
from avel.pipeline.reasons import InputError


def plan_of(*words: str) -> Plan:
    parser = argparse.ArgumentParser()
    add_recipe(parser)
    return planned(parser.parse_args(["films", *words]))


def test_the_usual_encoder_with_its_own_cut() -> None:
    usual, named = plan_of(), plan_of("--extractor", "audioclip-tiny")
    assert usual.features == named.features
    assert usual.segment.frames_per_cell == 1
    assert usual.features["config"]["extractor"] == "audioclip-tiny"


def test_frames_and_what_is_kept_are_in_the_recipe() -> None:
    plan = plan_of("--frames", "2", "--arrays", "visual,audio")
    assert plan.features["upstream"]["config"]["frames_per_cell"] == 2
    assert plan.features["kept"] == {"arrays": ["audio", "visual"]}
    assert "kept" not in plan_of("--frames", "2").features


def test_a_configs_features_are_those_that_its_training_reads() -> None:
    assert plan_of("--config", "dmsf").features["config"]["extractor"] == "audioclip-tiny"


@pytest.mark.parametrize(
    "words", [["--frames", "2"], ["--arrays", "visual"], ["--map-dtype", "int8"]]
)
def test_a_config_says_all_of_it(words: list[str]) -> None:
    with pytest.raises(
        InputError, match=f"--config dmsf says which features; leave out {words[0]}"
    ):
        plan_of("--config", "dmsf", *words)
