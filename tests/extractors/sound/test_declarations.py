"""Encoders of sound as a run plans with them."""

from pathlib import Path

import pytest

from avel.extractors.sound.declarations import MN04, MN05, MN10, MN20, YAMNET, EitherDeclaration
from avel.extractors.weights.files import WeightsError


def test_the_sisters_differ_by_name_file_and_network() -> None:
    sisters = (MN04, MN05, MN10, MN20)
    assert [kind.files for kind in sisters] == [
        ("mn04_as_mAP_432.pt",),
        ("mn05_as_mAP_443.pt",),
        ("mn10_as_mAP_471.pt",),
        ("mn20_as_mAP_478.pt",),
    ]
    assert len({kind.network for kind in sisters}) == 4
    assert {kind.cut["sample_rate"] for kind in sisters} == {32_000}
    assert {len(kind.audio_classes) for kind in sisters} == {527}


def test_the_form_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    kind = EitherDeclaration("x", "y:Z", files=("a.bin", "b.bin"))
    (tmp_path / "b.bin").write_bytes(b"b")
    assert [file.path.name for file in kind.find(()).files] == ["b.bin"]
    (tmp_path / "a.bin").write_bytes(b"a")
    assert [file.path.name for file in kind.find(()).files] == ["a.bin"]
    assert [file.path.name for file in kind.find([tmp_path / "b.bin"]).files] == ["b.bin"]
    with pytest.raises(WeightsError, match=r"c\.bin: no such weight file"):
        kind.find([tmp_path / "c.bin"])


def test_yamnet_is_looked_for_in_both_forms() -> None:
    assert YAMNET.files == ("yamnet.safetensors", "yamnet.tflite")
    assert YAMNET.cut == {"sample_rate": 16_000}
