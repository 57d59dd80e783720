"""Several processes train as one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.evaluation.evaluate import evaluate
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.learning.small import OPTIONS, losses, run, sets


def test_two_processes_are_one_run(bench: tuple[Path, Path], tmp_path: Path) -> None:
    """Without dropout: the same losses but for rounding, and numbers that one process repeats."""
    root, cache = bench
    words = sets("train.epochs=1", "options.dropout=0.0", "train.mutual_weight=0.0")
    where = ["--data", str(root), "--cache-dir", str(cache), "--out", str(tmp_path / "two")]
    arguments = [*where, *sets(*OPTIONS), *words, "--devices", "2", "--device", "cpu"]
    two = subprocess.Popen(
        [sys.executable, "-m", "avel.pipeline", "train", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert run(bench, tmp_path / "one", *words) == 0
    printed, said = two.communicate(timeout=300)
    assert two.returncode == 0, said[-3000:]
    assert printed.count("test accuracy") == 1
    one, both = (losses(tmp_path / name / "metrics.csv") for name in ("one", "two"))
    assert float(both["0"]) == pytest.approx(float(one["0"]), rel=0.02)
    numbers = json.loads((tmp_path / "two" / "metrics.json").read_text())
    runtime = RuntimeConfig(cache, device="cpu")
    again = evaluate(open_ave(root), "test", tmp_path / "two" / "model.safetensors", runtime)
    assert again["accuracy"] == numbers["accuracy"]
