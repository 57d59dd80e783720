"""The forms in which AudioCLIP's heads are published, at the tiny shape."""

from math import log
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from avel.extractors import choose
from avel.extractors.audioclip.checkpoint import OPENAI_SCALARS, joint_tensors
from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from avel.extractors.weights.files import WeightsError, find_weights
from tests.extractors.made import SCALES, TINY_FILE, cells, head_files, torchscript


def test_one_file_is_taken_as_it_is() -> None:
    found, own = joint_tensors(find_weights([], [TINY_FILE])), load_file(TINY_FILE)
    assert found.keys() == own.keys()
    assert all(torch.equal(found[name], own[name]) for name in own)


def test_clip_and_audio_head_from_two_files(tmp_path: Path) -> None:
    """In either order; the scales of sound, which neither has, are where training starts."""
    two, own = head_files(tmp_path), load_file(TINY_FILE)
    for paths in (two, two[::-1]):
        found = joint_tensors(find_weights([], paths))
        assert found.keys() == own.keys()
        assert all(torch.equal(found[k], own[k]) for k in own if k not in SCALES)
        assert [float(found[name]) for name in SCALES] == pytest.approx([log(100)] * 2)


def test_features_of_two_files_are_those_of_one(
    tmp_path: Path, tiny: TinyAudioCLIPExtractor
) -> None:
    two = head_files(tmp_path)
    extractor = choose("audioclip-tiny", two).load()
    found, expected = extractor(*cells(2)), tiny(*cells(2))
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert isinstance(extractor, TinyAudioCLIPExtractor)
    assert extractor.text_scale("audio") == pytest.approx(100)
    assert choose("audioclip-tiny", two[::-1]).recipe != choose("audioclip-tiny", two).recipe


def test_an_archive_of_openais_as_the_image_head(
    tmp_path: Path, tiny: TinyAudioCLIPExtractor
) -> None:
    """Half precision, and settings among the tensors."""
    _, audio = head_files(tmp_path)
    torchscript(tmp_path / "RN50.pt")
    tensors = joint_tensors(find_weights([], [tmp_path / "RN50.pt", audio]))
    assert not OPENAI_SCALARS & tensors.keys()
    theirs = choose("audioclip-tiny", [tmp_path / "RN50.pt", audio]).load()(*cells(2))
    ours = tiny(*cells(2))
    assert torch.cosine_similarity(theirs["visual"], ours["visual"]).min() > 0.99999
    assert torch.equal(theirs["audio"], ours["audio"])


def test_missing_heads_are_named(tmp_path: Path) -> None:
    head_files(tmp_path)
    for name, message in (
        ("CLIP.pt", r"has no audio head \(audio\.\*\); add its file: --weights ESRNXFBSP\.pt"),
        ("ESRNXFBSP.pt", r"has no image and text head .*add their file: --weights CLIP\.pt"),
    ):
        with pytest.raises(WeightsError, match=message):
            joint_tensors(find_weights([], [tmp_path / name]))


def test_heads_that_are_there_twice(tmp_path: Path) -> None:
    for path in head_files(tmp_path):
        with pytest.raises(WeightsError, match=rf"{path.name} has .* more .* give each head once"):
            joint_tensors(find_weights([], [TINY_FILE, path]))


def test_another_models_weights(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / "w.pt")
    with pytest.raises(
        WeightsError, match=r"missing audio\..* and \d+ more, unexpected bias, weight"
    ):
        choose("audioclip-tiny", [tmp_path / "w.pt"]).load()
