"""The command line itself: help, usage, errors to exit codes, stopping."""

import json
import signal
import subprocess
import sys
from pathlib import Path

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
