"""Checks of a machine: each state can come, and each fault has its remedy."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avel.extractors import EXTRACTORS, ExtractorError
from avel.models.dmsf import mamba
from avel.pipeline.media import codecs
from avel.pipeline.report import checks
from avel.pipeline.report.checks import Check


def test_packages_by_their_versions() -> None:
    assert checks.check_package("numpy").state == "ok"
    missing = checks.check_package("no-such-package")
    assert missing == Check(
        "no-such-package", "missing", "not installed", "pip install no-such-package"
    )
    assert all(checks.check_package(package).state == "ok" for package in checks.PACKAGES)


def test_decoders_are_listed_and_those_that_are_not_there_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {check.name: check for check in checks.check_decoders()}["decoders"]
    assert (found.state, found.remedy) == ("ok", "files may use another with --codec NAME")
    pictures, sound = found.found.split("; ")
    assert pictures.removeprefix("pictures: ").split() == sorted(codecs.VIDEO)
    assert sound.removeprefix("sound: ").split() == sorted(codecs.AUDIO)
    monkeypatch.setattr(codecs, "VIDEO", {"h264", "no_such_codec"})
    real = codecs.decoders
    monkeypatch.setattr(
        codecs, "decoders", lambda names=None: real(names or ("h264", "no_such_codec"))
    )
    found = {check.name: check for check in checks.check_decoders()}["decoders"]
    assert (found.state, found.remedy) == ("note", "no no_such_codec: install av from its wheels")
    assert found.found.startswith("pictures: h264; ")


@pytest.mark.parametrize("wanted", [None, "99.1"])
def test_an_ffmpeg_without_the_newest_fixes_is_a_note(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None
) -> None:
    monkeypatch.setattr(codecs, "older_than", lambda: wanted)
    found = next(iter(checks.check_decoders()))
    assert found.name == "ffmpeg"
    assert found.found.startswith(codecs.library())
    assert found.state == ("note" if wanted else "ok")
    assert ("older than 99.1, which mends faults" in found.found) == bool(wanted)
    assert found.remedy.startswith("pip install --upgrade av") == bool(wanted)


def test_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = {check.name: check for check in checks.check_device()}
    assert found["gpu"].state == "note"
    assert "torch threads" in found["cpu"].found
    assert found["precision"].found.split(", ")[0] == "float32"


def test_precisions_that_the_device_lacks_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from avel.extractors import extractor

    def only_float32(precision: str, _: object) -> None:
        if precision != "float32":
            raise ExtractorError("none of it here")

    monkeypatch.setattr(extractor, "check_precision", only_float32)
    assert list(checks.able_precisions("cpu")) == ["float32"]


@pytest.mark.parametrize(
    ("off", "state"), [(None, "note"), (1e-6, "ok"), (0.5, "missing")], ids=str
)
def test_the_kernel_is_trusted_only_where_it_agrees(
    monkeypatch: pytest.MonkeyPatch, off: float | None, state: str
) -> None:
    monkeypatch.setattr(mamba, "fused_scan", lambda: None if off is None else object())
    monkeypatch.setattr(mamba, "kernel_difference", lambda: off)
    found = checks.check_mamba()
    assert found.state == state
    assert bool(found.remedy) == (state != "ok")
    if off is not None:
        assert f"{off:.1e}" in found.found


def test_weights_that_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    shipped = checks.check_extractor(EXTRACTORS["audioclip-tiny"])
    assert shipped.state == "ok"
    assert "(package, sha256 " in shipped.found
    other = checks.check_extractor(EXTRACTORS["audioclip"])
    assert (other.state, other.found) == ("note", "no weights")
    assert "AudioCLIP-Full-Training.pt" in other.remedy
    lost = SimpleNamespace(name="audioclip-tiny", find=EXTRACTORS["audioclip"].find)
    assert checks.check_extractor(lost).state == "missing"  # type: ignore[arg-type]


def test_the_model_of_real_video(no_weights: None) -> None:
    missing = checks.check_everyday()
    assert (missing.name, missing.state) == ("everyday", "note")
    assert missing.remedy == "avel weights fetch everyday  (4 MB, licence MIT)"


def test_its_weights_where_they_are_and_where_they_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    (tmp_path / "mn04_as_mAP_432.pt").write_text("ears")
    found = checks.check_everyday()
    assert found.state == "ok"
    assert "everyday events, by sounds of AudioSet" in found.found
    (tmp_path / "mn04_as_mAP_432.pt").write_text("version https://git-lfs.github.com/spec/v1\n")
    stub = checks.check_everyday()
    assert stub.state == "note"
    assert "is a git-LFS pointer" in stub.remedy


def test_the_shipped_model(tmp_path: Path) -> None:
    assert "synthetic" in checks.check_localizer().found
    lost = checks.check_localizer(tmp_path / "none.safetensors")
    assert (lost.state, lost.found) == ("missing", "no shipped model")
    assert "no such checkpoint" in lost.remedy


def test_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checks.check_cache(tmp_path / "not" / "made" / "yet")
    assert found.state == "ok"
    assert "(--cache-dir), " in found.found
    assert found.found.endswith(" GB free")
    assert not (tmp_path / "not").exists()
    monkeypatch.setattr(os, "access", lambda *_: False)
    refused = checks.check_cache(tmp_path)
    assert refused.state == "missing"
    assert "is not writable" in refused.found
    assert "AVEL_CACHE_DIR" in refused.remedy


def test_all_of_them_come_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    none: dict[str, Any] = {"check_device": lambda: iter([Check("cpu", "ok", "")])}
    for name, check in none.items():
        monkeypatch.setattr(checks, name, check)
    names = [check.name for check in checks.check_all(tmp_path)]
    assert names[:2] == ["python", "avel"]
    assert names[len(checks.PACKAGES) + 1 :] == [
        "ffmpeg",
        "decoders",
        "cpu",
        "mamba kernel",
        *EXTRACTORS,
        "everyday",
        "localizer",
        "cache",
    ]
