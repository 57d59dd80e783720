"""Folders beside the repository that tests read."""

import os
from pathlib import Path

import pytest


def outside(folder: Path) -> Path:
    """The folder; where it is missing the test is skipped, or fails with FAIL_WITHOUT_SHARED=1."""
    if not folder.is_dir():
        if os.environ.get("FAIL_WITHOUT_SHARED") == "1":
            pytest.fail(f"{folder} is not there, and FAIL_WITHOUT_SHARED is 1", pytrace=False)
        pytest.skip(f"{folder} is not there")
    return folder
