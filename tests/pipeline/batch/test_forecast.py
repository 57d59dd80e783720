"""From a sample to all: known truths of ratios, ranges, and of what a machine can do at once."""

import json
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.batch.forecast import (
    LEAST_ERROR,
    LONE_ERROR,
    Machine,
    Range,
    Work,
    about,
    errors_of,
    planned_bytes,
    ratio,
)

NONE = Range(0, 0, 0)


def exactly(seconds: float) -> Range:
    return Range(seconds, seconds, seconds)


def test_files_that_are_alike_leave_little_doubt() -> None:
    assert ratio([10, 20, 30], [1, 2, 3]) == (pytest.approx(10), LEAST_ERROR)
    assert ratio([5], [2]) == (2.5, LONE_ERROR)
    assert ratio([], []) == (0, LEAST_ERROR)
    assert ratio([0, 0], [1, 2])[0] == 0


def test_files_that_differ_leave_more() -> None:
    share, error = ratio([10, 20, 60], [1, 2, 3])
    assert share == 15
    assert error > 0.3


def test_the_range_holds_the_truth_about_as_often_as_it_says() -> None:
    """Files of a second for every byte, more or less: of 200 samples of twelve, most ranges."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        sizes = random.uniform(1, 3, 12)
        seconds = sizes * random.lognormal(-0.08, 0.4, 12)
        share, error = ratio(seconds, sizes)
        held += share / (1 + error) <= 1.0 <= share * (1 + error)
    assert 175 < held < 200


def test_a_range_lies_about() -> None:
    assert about(10, 0.25) == Range(8, 10, 12.5)
    assert about(10, 0.25).times(2) == Range(16, 20, 25)
    assert Range(1.23456, 2, 3).rounded() == {"low": 1.235, "likely": 2, "high": 3}


def work(read: float, decode: float, encode: float, processors: float) -> Work:
    return Work(0.0, exactly(read), exactly(decode), exactly(encode), exactly(processors))


def test_the_slowest_stage_sets_the_time() -> None:
    """On a GPU, which takes no processors: decoding for 80 s on 8 cores is hidden behind it."""
    found = work(5, 80, 60, 1).wall(Machine(loops=1, workers=8, cores=8))
    assert (found.low, found.likely, found.high) == (60, 60, 5 + 10 + 60)


def test_more_loops_divide_what_devices_do() -> None:
    found = work(0, 40, 600, 1).wall(Machine(loops=4, workers=8, cores=8))
    assert found.likely == 150


def test_without_a_gpu_all_share_the_cores() -> None:
    """Two loops on two cores encode no faster than the cores can."""
    found = work(0, 50, 150, 150).wall(Machine(loops=2, workers=2, cores=2))
    assert found.likely == 100


def test_the_encoder_must_be_loaded_where_there_is_work() -> None:
    machine = Machine(1, 1, 1)
    assert Work(8.0, NONE, NONE, NONE, NONE).wall(machine) == NONE
    found = Work(8.0, NONE, NONE, exactly(10), NONE).wall(machine)
    assert (found.likely, found.high) == (18, 22)


def test_a_plan_is_held_against_what_came(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    assert errors_of(path, {}) is None
    assert planned_bytes(path, segments=True) == 0
    path.write_text(json.dumps({"expected": {"a": vars(about(10, 0.5)), "b": vars(NONE)}}))
    found = errors_of(path, {"a": 12.0, "b": 3.0, "c": 1.0})
    assert found is not None
    assert found["a"] == {
        "expected": {"low": 10 / 1.5, "likely": 10, "high": 15},
        "actual": 12,
        "error": 0.2,
        "within": True,
    }
    assert (found["b"]["error"], found["b"]["within"]) == (None, False)
    assert "c" not in found
    disk = {"features_bytes": {"low": 5}, "segments_bytes": {"low": 7}, "seconds": {"low": 9}}
    path.write_text(json.dumps({"expected": disk}))
    assert planned_bytes(path, segments=True) == 12
    assert planned_bytes(path, segments=False) == 5
    path.write_text("[]")
    assert planned_bytes(path, segments=True) == 0
    assert errors_of(path, {}) is None
