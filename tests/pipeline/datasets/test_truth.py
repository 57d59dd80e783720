"""Annotations of a dataset by video, to show beside results."""

import subprocess
import sys
from pathlib import Path

import pytest

from avel.cache.ave_h5 import write_order
from avel.pipeline.datasets.truth import Truth, read_truth
from avel.pipeline.reasons import InputError


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    rows = ["dog&a.b&good&0&2", "bell&c&good&3&10", "cat&a.b&good&5&6", "dog&-d&good&4&4"]
    (tmp_path / "Annotations.txt").write_text("\n".join(rows))
    for split in ("train", "val", "test"):
        write_order(tmp_path / f"{split}_order.h5", [0])
    return tmp_path


def test_events_of_a_video_are_all_its_rows_in_order(dataset: Path) -> None:
    truth = read_truth(dataset)
    assert truth.of("c.mp4") == [("bell", 3, 10)]
    assert truth.of("a.b.mp4") == [("dog", 0, 2), ("cat", 5, 6)]
    assert truth.of("/elsewhere/-d.mkv") == [("dog", 4, 4)]


def test_a_video_that_the_dataset_has_not(dataset: Path) -> None:
    assert read_truth(dataset).of("x.mp4") is None
    assert read_truth(dataset).of("a") is None


def test_no_folder_is_no_truth() -> None:
    assert read_truth(None) == Truth({})
    assert read_truth(None).of("a.mp4") is None


def test_a_folder_that_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no Annotations\.txt"):
        read_truth(tmp_path)


def test_no_truth_loads_no_library() -> None:
    code = "import sys; from avel.pipeline.datasets.truth import read_truth; read_truth(None)\n"
    code += "print([m for m in ('h5py', 'torch', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
