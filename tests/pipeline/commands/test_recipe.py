"""Which features words mean, alike for every command that makes or plans some."""

import argparse
from dataclasses import replace

import pytest

from avel.pipeline.commands.options import add_runtime
from avel.pipeline.commands.recipe import add_recipe, planned
from avel.pipeline.method.plan import Plan
from avel.pipeline.reasons import EnvironmentProblem, InputError


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_recipe(parser)
    add_runtime(parser)
    return parser.parse_args(["films", *words])


def plan_of(*words: str) -> Plan:
    return planned(parsed(*words))


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


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Why a GPU of a name cannot decode; empty where it can."""
    why: dict[str, str] = {"cuda": "", "cuda:1": "PyTorch sees no NVIDIA GPU; see `avel doctor`"}
    monkeypatch.setattr("avel.pipeline.media.gpu.why_not", why.__getitem__)
    return why


def test_decoding_on_a_gpu_makes_features_of_their_own(gpu: dict[str, str]) -> None:
    """And on the CPU those that there always were."""
    usual = plan_of()
    assert plan_of("--decode", "cpu").features == usual.features
    assert "torchcodec" not in usual.features["upstream"]["config"]
    for how in ("gpu", "auto"):
        plan = plan_of("--decode", how)
        assert plan.segment == replace(usual.segment, torchcodec=True)
        assert plan.features["upstream"]["config"] == {
            **usual.features["upstream"]["config"],
            "torchcodec": True,
        }


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ("cuda:1", "PyTorch sees no NVIDIA GPU; see `avel doctor`"),
        ("cpu", "--device cpu leaves no"),
    ],
)
def test_a_gpu_that_is_not_there(
    gpu: dict[str, str], device: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvironmentProblem, match=f"--decode gpu: {why}.*; or leave it out to deco"):
        plan_of("--decode", "gpu", "--device", device)
    assert plan_of("--decode", "auto", "--device", device).features == plan_of().features
    said = capsys.readouterr().err
    assert said.count("--decode auto: pictures are decoded on the CPU, since") == 1
    assert why in said


@pytest.mark.parametrize("how", ["auto", "gpu"])
def test_what_auto_came_to_is_settled(gpu: dict[str, str], how: str) -> None:
    """Loops are given it: one on a machine without a GPU must not make other features."""
    args = parsed("--decode", how)
    planned(args)
    assert args.decode == "gpu"
    args = parsed("--decode", "auto", "--device", "cuda:1")
    planned(args)
    assert args.decode == "cpu"


@pytest.mark.parametrize(
    "words",
    [["--frames", "2"], ["--arrays", "visual"], ["--map-dtype", "int8"], ["--decode", "gpu"]],
)
def test_a_config_says_all_of_it(words: list[str]) -> None:
    with pytest.raises(
        InputError, match=f"--config dmsf says which features; leave out {words[0]}"
    ):
        plan_of("--config", "dmsf", *words)
