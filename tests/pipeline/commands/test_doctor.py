"""`avel doctor`: its lines, its JSON and its exit codes."""

import json
from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.report import amplitude, checks
from avel.pipeline.report.amplitude import Second
from avel.pipeline.report.checks import Check


def test_this_machine_can_run_avel(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert {found[name]["state"] for name in ("torch", "audioclip-tiny", "localizer")} == {"ok"}
    assert "AudioCLIP-Full-Training.pt" in found["audioclip"]["remedy"]
    assert {
        "ffmpeg",
        "decoders",
        "cpu",
        "gpu",
        "precision",
        "mamba kernel",
        "cache",
    } <= found.keys()


def test_what_is_missing_is_exit_4_with_its_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, words = "/p/" * 40, " ".join(["word"] * 30)
    lines = [
        Check("a", "ok", "1.0"),
        Check("b", "note", "none", "get it"),
        Check("long", "ok", words),
        Check("whole", "ok", path),
        Check("empty", "ok", ""),
    ]
    monkeypatch.setattr(checks, "check_all", lambda _: iter(lines))
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok       a                  1.0",
        "note     b                  none",
        "                            -> get it",
        "ok       long               " + " ".join(["word"] * 20),
        "                            " + " ".join(["word"] * 10),
        "ok       whole              " + path,
        "ok       empty              ",
    ]
    lines.append(Check("c", "missing", "gone", "install it"))
    assert main(["doctor"]) == 4


def test_the_amplitude_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Second(-10.0, -100.3, 0.25), Second(-20.0, -110.3, -0.5)]
    monkeypatch.setattr(amplitude, "compare_amplitudes", lambda *_: ("audioclip", rows))
    assert main(["doctor", "--audioclip", "a.wav"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "a.wav: 2 s, audioclip; its convention is int16, [-32768, 32767]"
    assert [line.split() for line in out[2:]] == [
        ["0", "-10.0", "-100.3", "0.250"],
        ["1", "-20.0", "-110.3", "-0.500"],
    ]


def test_a_sound_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.wav").write_text("text")
    assert main(["doctor", "--audioclip", str(tmp_path / "a.wav")]) == 2
    assert "--audioclip: DECODE_ERROR: " in capsys.readouterr().err
