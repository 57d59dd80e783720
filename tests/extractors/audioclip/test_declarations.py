"""AudioCLIP's words: which the text head knows, and which are too long for it."""

import json
from pathlib import Path

import pytest

from avel.extractors import EXTRACTORS, ExtractorError
from avel.extractors.audioclip.declarations import AUDIOCLIP, AUDIOCLIP_TINY
from avel.extractors.weights.files import Weights, WeightsError, find_file
from avel.pipeline.synth.script import class_names


def test_the_tiny_one_knows_the_synthetic_classes() -> None:
    assert set(AUDIOCLIP_TINY.known_labels()) == set(class_names())
    assert AUDIOCLIP.known_labels() == ()  # words at large


def test_only_the_tiny_one_is_calibrated() -> None:
    """Cosines lie in (0, 1), one for each sense."""
    assert AUDIOCLIP.rest_cosines == {}
    assert set(AUDIOCLIP_TINY.rest_cosines) == {"visual", "audio"}
    assert all(0 < cosine < 1 for cosine in AUDIOCLIP_TINY.rest_cosines.values())


def test_names_come_from_the_record_beside_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    (tmp_path / "audioclip-tiny.safetensors").write_bytes(b"weights")
    record = {"classes": ["a ring", "a bell"]}
    (tmp_path / "audioclip-tiny.json").write_text(json.dumps(record))
    assert AUDIOCLIP_TINY.known_labels() == ("a ring", "a bell")
    monkeypatch.setattr("avel.extractors.weights.files.weight_folders", dict)
    with pytest.raises(WeightsError, match=r"audioclip-tiny\.safetensors: not found"):
        AUDIOCLIP_TINY.known_labels()


def test_prompts_that_do_not_fit() -> None:
    """75 words of one token each, a start and an end are 77."""
    AUDIOCLIP.check_text(Weights(()), ["dog", " ".join(["dog"] * 75)])
    with pytest.raises(
        ExtractorError, match=r"label 'dog dog .*…? has 78 tokens, the text head reads 77; shorten"
    ):
        AUDIOCLIP.check_text(Weights(()), ["dog", " ".join(["dog"] * 76)])


def test_shipped_weights_are_small_and_know_their_origin() -> None:
    file = find_file(EXTRACTORS["audioclip-tiny"].files[0])
    assert file.path.stat().st_size <= 6_000_000
    record = json.loads(file.path.with_suffix(".json").read_text())
    assert record["sha256"] == file.sha256
    assert {"config", "seconds", "test"} <= record.keys()
