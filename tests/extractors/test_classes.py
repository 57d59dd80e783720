"""Names of classes: as many as there are outputs, each once, and read without torch."""

import csv
from pathlib import Path

import pytest
from torchvision.models._meta import _IMAGENET_CATEGORIES

from avel.extractors import EXTRACTORS, choose
from avel.extractors.classes import COMMENT, read_classes

LISTS = {"vision/imagenet-1k.txt": 1000, "sound/audioset-527.txt": 527, "sound/yamnet-521.txt": 521}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_whole_and_says_its_source(path: str) -> None:
    names = read_classes(path)
    assert len(names) == len(set(names)) == LISTS[path]
    assert all(name == name.strip() and not name.startswith(COMMENT) for name in names)
    text = (Path(__file__).resolve().parents[2] / "extractors" / path).read_text("utf-8")
    assert text.splitlines()[1].startswith(COMMENT)
    assert "CC BY 4.0" in text or "BSD-3-Clause" in text


def test_no_list_no_classes() -> None:
    assert read_classes("") == ()
    with pytest.raises(FileNotFoundError):
        read_classes("vision/no.txt")


def test_pictures_have_the_names_of_torchvision() -> None:
    assert list(read_classes("vision/imagenet-1k.txt")) == _IMAGENET_CATEGORIES


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("sound/audioset-527.txt", "audioset_class_labels_indices.csv"),
        ("sound/yamnet-521.txt", "yamnet_class_map.csv"),
    ],
)
def test_sounds_have_the_published_names(path: str, table: str, real_weights: Path) -> None:
    with (real_weights / table).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["index"] for row in rows] == [str(i) for i in range(len(rows))]
    assert list(read_classes(path)) == [row["display_name"] for row in rows]


def test_yamnets_sounds_are_audiosets() -> None:
    assert set(read_classes("sound/yamnet-521.txt")) < set(read_classes("sound/audioset-527.txt"))


def test_who_declares_what() -> None:
    seen = {name: len(kind.visual_classes) for name, kind in EXTRACTORS.items()}
    heard = {name: len(kind.audio_classes) for name, kind in EXTRACTORS.items()}
    assert {name for name, count in seen.items() if count} == {"efficientnet-lite0"}
    assert {name: count for name, count in heard.items() if count} == {
        "mn04": 527,
        "mn05": 527,
        "mn10": 527,
        "mn20": 527,
        "yamnet": 521,
    }


def test_a_pair_declares_what_its_halves_do(tmp_path: Path) -> None:
    files = [tmp_path / "sight.pth", tmp_path / "sound.pt"]
    for file in files:
        file.write_bytes(file.name.encode())
    pair = choose("efficientnet-lite0+yamnet", files)
    assert pair.visual_classes[151] == "Chihuahua"
    assert pair.audio_classes[0] == "Speech"
    half = choose("yamnet", files[1:])
    assert (half.visual_classes, half.audio_classes) == ((), pair.audio_classes)
    assert choose("vgg19+vggish", files).visual_classes == ()


@pytest.mark.parametrize("name", ["efficientnet-lite0", "mn04"])
def test_what_is_usual_is_a_root_for_each_class(name: str) -> None:
    kind = EXTRACTORS[name]
    assert len(kind.usual_roots) == len(kind.audio_classes or kind.visual_classes)
    assert all(0 < root < 1 for root in kind.usual_roots)
    assert EXTRACTORS["mn10"].usual_roots == ()
