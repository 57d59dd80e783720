"""Which files a user means."""

from pathlib import Path

import pytest

from avel.pipeline.datasets.videos import find_videos
from avel.pipeline.reasons import InputError

ROWS = ["dog&one&good&0&3", "bell&-two&good&4&10", "bell&one&good&5&6", "dog&gone&good&0&1"]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """One of three annotated videos is missing, and one of two background-only ones."""
    root = tmp_path / "ave"
    (root / "AVE").mkdir(parents=True)
    (root / "noisy").mkdir()
    for name in ("AVE/one.mp4", "AVE/-two.mp4", "AVE/unlisted.mp4", "noisy/hum.mp4"):
        (root / name).touch()
    (root / "Annotations.txt").write_text("\n".join(ROWS) + "\n")
    (root / "noisySet.txt").write_text("hum\nlost\n")
    for split in ("train", "val", "test"):
        (root / f"{split}Set.txt").write_text("\n".join(ROWS) + "\n")
    return root


def test_a_dataset_means_the_videos_of_its_rows(dataset: Path) -> None:
    """Each once, background-only ones after them; what lies about unlisted is not meant."""
    found = find_videos([str(dataset)])
    assert [path.name for path in found.paths] == ["one.mp4", "-two.mp4", "hum.mp4"]
    assert found.missing == [
        f"{dataset}: no video file for id gone",
        f"{dataset}: no video file for id lost",
    ]


def test_its_folder_of_videos_means_all_that_are_there(dataset: Path) -> None:
    found = find_videos([str(dataset / "AVE")])
    assert [path.name for path in found.paths] == ["-two.mp4", "one.mp4", "unlisted.mp4"]
    assert found.missing == []


def test_all_words_together_in_their_order(dataset: Path, tmp_path: Path) -> None:
    found = find_videos([str(tmp_path / "v.mp4"), str(dataset), "w.mp4"])
    assert [path.name for path in found.paths] == [
        "v.mp4",
        "one.mp4",
        "-two.mp4",
        "hum.mp4",
        "w.mp4",
    ]


def test_words_that_mean_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no media file in this folder"):
        find_videos([str(tmp_path)])
    (tmp_path / "Annotations.txt").write_text("dog one\n")
    with pytest.raises(InputError, match=r"Annotations.txt"):
        find_videos([str(tmp_path)])
