"""What a command says: on stdout as JSON, or in one line where it refuses."""

import json
from typing import Any

import pytest

from avel.pipeline.cli import main

SYNTHETIC = ("localize", "--model", "synthetic")
"""Localizes drawn films with the model that comes along."""


def run_json(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, Any]:
    """Exit code, and what was printed."""
    code = main([str(a) for a in argv])
    return code, json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str]:
    """Exit code, and the one line that says why."""
    code = main([str(a) for a in argv])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert len(captured.err.strip().splitlines()) == 1, captured.err
    return code, captured.err
