"""`avel plan`: in words, as JSON, and into the folder of a report."""

import json
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.cli import main
from tests.pipeline.commands.said import refused, run_json

EXPECTED = {
    name: {"low": 100.0, "likely": 7_200.0, "high": 172_800.0}
    for name in ("media_seconds", "read_seconds", "decode_seconds", "encode_seconds")
}
EXPECTED |= {
    "wall_seconds": {"low": 1.0, "likely": 119.0, "high": 600.0},
    "segments_bytes": {"low": 1.0, "likely": 2e9, "high": 3e12},
    "features_bytes": {"low": 1.0, "likely": 2e6, "high": 3e6},
}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The plan that is made, and what it was asked with."""
    plan: dict[str, Any] = {
        "items": 9,
        "missing": 1,
        "todo": 5,
        "cached": 2,
        "left_out": 1,
        "unreadable": 1,
        "bytes": 12_000_000,
        "exact": True,
        "examples": ["x.mp4: is not a file"],
        "expected": EXPECTED,
        "machine": {"loops": 1, "workers": 2, "cores": 2, "device": "auto"},
        "free_bytes": 5_000_000_000,
        "sample": {"tried": ["a", "b", "c"], "failed": {"EMPTY": 1}},
        "why": ["features abc: no store of this stage in c"],
    }

    def make(inputs: list[str], recipe: Any, runtime: Any, **options: Any) -> dict[str, Any]:
        plan["asked"] = {"inputs": inputs, **options}
        from avel.cache.fingerprint import fingerprint

        return {**plan, "fingerprint": fingerprint(recipe.features)}

    monkeypatch.setattr("avel.pipeline.batch.plan.make_plan", make)
    return plan


def test_in_words(made: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["plan", "films", "--cache-dir", str(tmp_path), "--devices", "2", "--sample", "3"]
    assert main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "9 videos, 12.0 MB: 5 to do, 2 cached, 2 that cannot be read, "
        "1 left out since they harmed their decoder"
    )
    assert lines[1] == "media: 2.0 hours (100.0 s to 2.0 days)"
    assert "  all of it           119.0 s (1.0 s to 10.0 minutes)" in lines
    assert "  pictures and sound  2.0 GB (0.0 kB to 3.0 TB)" in lines
    assert "of 4 tried files failed: 1 EMPTY" in lines
    assert "the disk may be too small; --no-segments keeps no pictures and sound" in lines
    assert lines[-2:] == ["x.mp4: is not a file", "features abc: no store of this stage in c"]
    asked = {"inputs": ["films"], "devices": 2, "sample": 3, "many_segments": False}
    assert made["asked"] == asked
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_do_needs_no_times(
    made: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.update(todo=0, exact=False, sample={"tried": [], "failed": {}}, free_bytes=1e13)
    assert main(["plan", "films", "--cache-dir", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "about 0 to do" in out
    assert "media" not in out
    assert "tried" not in out
    assert "too small" not in out


def test_into_the_folder_of_a_report(
    made: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which is then of these features, and of no others."""
    report = tmp_path / "night"
    given = ["--cache-dir", tmp_path / "c", "--report", report]
    code, said = run_json(capsys, "plan", "films", "--json", *given)
    assert code == 0
    assert json.loads((report / "plan.json").read_text()) == said
    assert main([str(a) for a in ("plan", "films", *given)]) == 0, "once more"
    capsys.readouterr()
    code, text = refused(capsys, "plan", "films", "--frames", "4", *given)
    assert code == 2
    assert "tells of other features" in text


def test_a_real_plan(synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Six films of ten seconds, of which two are tried."""
    given = ["--cache-dir", tmp_path / "c", "--sample", "2", "--json"]
    code, said = run_json(capsys, "plan", synth / "AVE", *given)
    assert code == 0
    assert said["todo"] == 6
    media = said["expected"]["media_seconds"]
    assert media["low"] <= 60 <= media["high"]
    assert said["expected"]["features_bytes"]["likely"] == pytest.approx(
        media["likely"] * 51_200, rel=0.01
    )
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (["nowhere.mp4"], 0, ""),
        (["--extractor", "nix", "a"], 2, "no extractor 'nix'"),
        (["--frames", "90", "a"], 2, "segment.frames_per_cell (90) must be in [1, 60]"),
        (["--config", "dmsf", "--frames", "2", "a"], 2, "says which features; leave out --frames"),
    ],
)
def test_what_is_refused(
    given: list[str], code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not there is told in the plan."""
    assert main(["plan", *given, "--cache-dir", str(tmp_path)]) == code
    found = capsys.readouterr()
    assert message in found.err
    assert code or "1 that cannot be read" in found.out


def test_segments_are_asked_for_or_not(
    made: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["plan", "films", "--cache-dir", str(tmp_path), "--segments"]
    assert main(argv) == 0
    assert made["asked"]["many_segments"]
    assert main([*argv, "--no-segments"]) == 2
    assert "--segments and --no-segments: give one of the two" in capsys.readouterr().err
