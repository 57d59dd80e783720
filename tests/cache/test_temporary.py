"""Whose an unfinished file is, and whether that process lives."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from avel.cache import temporary as module
from avel.cache.maintenance import collect
from avel.cache.temporary import is_abandoned, is_over, started, temporary
from tests.cache.items import fill

NAMED = "import sys; from pathlib import Path; from avel.cache.temporary import temporary; "


def of_a_dead_process(folder: Path) -> Path:
    code = f"{NAMED} print(temporary(Path(sys.argv[1]), 'x'))"
    said = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, check=True)
    return Path(said.stdout.decode().strip())


def test_ours_is_not_abandoned(tmp_path: Path) -> None:
    part = temporary(tmp_path, "0001-abc")
    assert part.parent == tmp_path
    assert part.name.startswith(".0001-abc.")
    assert part.suffix == ".part"
    assert not is_abandoned(part)
    assert part == temporary(tmp_path, "0001-abc")


def test_a_dead_processs_is(tmp_path: Path) -> None:
    assert is_abandoned(of_a_dead_process(tmp_path))


def test_another_process_of_that_number_does_not_save_it(tmp_path: Path) -> None:
    pid = os.getpid()
    part = temporary(tmp_path, "x")
    other = part.with_name(part.name.replace(f"-{started(pid)}.part", "-7.part"))
    assert other != part
    assert is_abandoned(other)


@pytest.mark.parametrize("name", [".x.part", ".x.0123456789ab-1-2.part", ".x.abc-1-2.part"])
def test_of_others_nothing_is_known(tmp_path: Path, name: str) -> None:
    """Of another machine, or of nobody."""
    assert not is_abandoned(tmp_path / name)


def test_where_the_kernel_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = of_a_dead_process(tmp_path)
    monkeypatch.setattr(module, "boot", lambda: "")
    assert not is_abandoned(part)
    assert not is_abandoned(temporary(tmp_path, "x"))


def test_who_cannot_be_looked_at_is_not_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """For want of memory or of leave; but there is such a process, or there is none."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        start = started(process.pid)
        assert not is_over(process.pid, start)
        assert is_over(process.pid, start + 1)
        assert not is_over(process.pid, 0), "when it said so, nothing was known of it"
        monkeypatch.setattr(module, "_state", lambda pid: None)
        assert not is_over(process.pid, start)
        assert started(process.pid) == 0
    assert is_over(process.pid, start)
    monkeypatch.setattr(os, "kill", Mock(side_effect=PermissionError))
    assert not is_over(process.pid, start)


def test_gc_takes_a_dead_writers_file_at_once(tmp_path: Path) -> None:
    made = fill(tmp_path, range(2))
    dead, ours = of_a_dead_process(made.folder), temporary(made.folder, "y")
    for part in (dead, ours):
        part.write_bytes(b"abc")
    assert collect(tmp_path, delete=True) == [(dead, 3)]
    assert ours.exists()
