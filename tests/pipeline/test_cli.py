"""The command line itself: help, usage, errors to exit codes, stopping."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from avel.pipeline.cli import main

STOPPED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from avel.pipeline.cli import main
from avel.pipeline.work import progress
real, number = progress.Progress.track, int(sys.argv[1])
def track(self, items):
    for count, item in enumerate(real(self, items)):
        yield item
        if count == 2:
            os.killpg(0, number)  # as a terminal does: everybody hears it
progress.Progress.track = track
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_keeps_what_is_finished(
    synth: Path, tmp_path: Path, number: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped after three videos of six; run again, only the rest is done."""
    argv = ["extract", str(synth / "AVE"), "--cache-dir", str(tmp_path / "c"), "--batch", "10"]
    stopped = subprocess.run(
        [sys.executable, "-c", STOPPED, str(int(number)), *argv],
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert stopped.returncode == code, stopped.stderr
    assert "everything finished is kept" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not list((tmp_path / "c").rglob(".*.part"))
    assert main([*argv, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["cached"] + summary["extracted"] == 6
    assert 3 <= summary["cached"] < 6


# What is printed, wherever it goes.

AVEL = [sys.executable, "-m", "avel.pipeline", "config"]
"""The cheapest command that prints some lines."""


def run(stdout: int | IO[str], *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    given = {"stderr": subprocess.PIPE, "text": True, "check": False, **more}
    return subprocess.run([*AVEL, *words], stdout=stdout, **given)


def test_a_full_disk_under_stdout_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = run(full)
    assert done.returncode == 4
    assert done.stderr == (
        "avel: stdout: cannot be written (No space left on device); what was finished is kept\n"
    )


def test_a_reader_that_has_heard_enough_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run(writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_streams_that_are_closed_are_nobodys_files(tmp_path: Path) -> None:
    """Else what is printed would go into the first file that is opened."""
    code = "import os, sys\nfor n in range(3): os.close(n)\nos.execv(sys.executable, sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, *AVEL], check=False)
    assert done.returncode == 0
    with open("/dev/full", "w") as full:
        assert run(subprocess.PIPE, "none\x1b", stderr=full).returncode == 2


def test_an_encoding_that_has_few_characters() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run(subprocess.PIPE, "dmsf", "--describe", env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "train.epochs" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["extract", "{0}"],
        ["localize", "--model", "synthetic", "{0}"],
        ["localize", "--model", "synthetic", "--json", "{0}"],
        ["localize", "--model", "{0}", "a.mp4"],
        ["attention", "--model", "synthetic", "{0}", "--out", "{0}out"],
        ["localize", "a.mp4", "--threshold", "0", "--{0}"],
        ["train", "--data", "{0}"],
        ["evaluate", "--data", "{0}"],
        ["teach", "--from", "{0}", "--out", "o"],
        ["cache", "ls", "--cache-dir", "{0}"],
        ["config", "{0}"],
        ["weights", "add", "{0}"],
    ],
    ids=" ".join,
)
def test_no_name_drives_the_terminal(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In no message of any command: not by ESC, nor as a line of its own."""
    monkeypatch.chdir(tmp_path)
    name = "no\x1b[31m\rsuch\nMISSING_FILE:file\udcff"
    with suppress(SystemExit):
        assert main([word.format(name) for word in words]) in (0, 2, 3, 4)
    out, err = capsys.readouterr()
    assert {c for c in out + err if not c.isprintable()} <= {"\n"}
    assert r"no\u001b[31m\rsuch\nMISSING_FILE:file\udcff" in out + err
    assert not (out + err).count("\nMISSING_FILE:file")


def test_help_loads_no_library() -> None:
    code = "import sys; from avel.pipeline.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += (
        "print([m for m in ('torch', 'numpy', 'av', 'h5py', 'joblib', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_usage_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["localise"])
    assert caught.value.code == 2


def test_debug_shows_the_trace(tmp_path: Path) -> None:
    from avel.pipeline.reasons import InputError

    with pytest.raises(InputError):
        main(["localize", str(tmp_path), "--debug"])
