"""A process that no later one can be taken for."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from avel.pipeline.work import owner as module
from avel.pipeline.work.owner import Owner, from_json, this_process


def test_this_process_is_itself_and_lives() -> None:
    owner = this_process()
    assert owner.pid == os.getpid()
    assert owner == this_process()
    assert not owner.is_dead


def test_another_with_the_same_number_is_not_it() -> None:
    assert replace(this_process(), started=this_process().started + 1).is_dead


def test_a_process_that_is_gone_is_dead_also_while_nobody_has_buried_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        owner = replace(this_process(), pid=process.pid, started=int(words[19]))
        assert not owner.is_dead
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert owner.is_dead, "its remains are in the table of processes"
    assert owner.is_dead


@pytest.mark.parametrize("boot", ["", "of another machine"])
def test_of_another_machine_nothing_is_known(boot: str) -> None:
    assert not Owner("node", boot, 2**22 + 5, 1).is_dead


def test_nothing_is_known_where_the_kernel_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = replace(this_process(), started=1)
    monkeypatch.setattr(module, "boot", lambda: "")
    assert not owner.is_dead


def test_a_line_reads_back_and_a_torn_one_is_none() -> None:
    owner = this_process()
    assert from_json(owner.to_json()) == owner
    for text in ("", owner.to_json()[:-5], "[1]", "7", '{"host": "a"}'):
        assert from_json(text) is None


def test_its_name_is_fit_for_a_file_and_its_own() -> None:
    owner = Owner("a/b c\n.local", "0123456789", 7, 99)
    assert owner.name == "a_b_c__local-01234567-7-99"
    assert len({replace(owner, pid=pid).name for pid in range(9)}) == 9
