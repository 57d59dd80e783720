"""Annotated events of a video, by its name."""

from pathlib import Path

import pytest

from avel.pipeline.datasets.truth import Truth, read_truth
from avel.pipeline.reasons import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two events in one video, one in another whose id starts with a dash."""
    rows = ["dog&one&good&0&3", "bell&-two&good&4&10", "bell&one&good&5&6"]
    (tmp_path / "Annotations.txt").write_text("\n".join(rows) + "\n")
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}Set.txt").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_events_by_the_videos_id(folder: Path) -> None:
    truth = read_truth(folder)
    assert truth.of("some/where/one.mp4") == [("dog", 0, 3), ("bell", 5, 6)]
    assert truth.of("-two.mkv") == [("bell", 4, 10)]


def test_other_videos_are_not_known(folder: Path) -> None:
    """Which is not the same as to have no event."""
    assert read_truth(folder).of("three.mp4") is None
    assert Truth({"quiet": []}).of("quiet.mp4") == []


def test_no_folder_is_no_truth() -> None:
    assert read_truth(None).of("one.mp4") is None


def test_a_folder_that_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no Annotations\.txt"):
        read_truth(tmp_path)
