"""The server's loop by its own words, in a process that is forked here."""

import contextlib
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from avel.pipeline.media import forkserver
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.messages import END, FORK, REPLY, REQUEST, UNKNOWN, Job, understood
from avel.pipeline.media.slots import ALIGN, SLOTS, shared_file

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Linux's processes")
SMALL = 1 << 12


class Line:
    """The parent's end."""

    def __init__(self, line: socket.socket, pid: int) -> None:
        self.socket, self.pid = line, pid

    def ask(self, kind: bytes, first: int, second: int = 0, files: tuple[int, ...] = ()) -> int:
        socket.send_fds(self.socket, [REQUEST.pack(kind, first, second)], files)
        return int(REPLY.unpack(self.socket.recv(REPLY.size))[0])

    def ended(self) -> bool:
        end = os.pidfd_open(self.pid)
        found, _, _ = select.select([end], [], [], 60)
        os.close(end)
        return bool(found)


def started(parent: int) -> Line:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            ours.close()
            forkserver.run(theirs.detach(), parent)
        os._exit(7)
    theirs.close()
    return Line(ours, pid)


@pytest.fixture
def line() -> Iterator[Line]:
    line = started(os.getpid())
    yield line
    line.socket.close()
    assert line.ended()
    os.waitpid(line.pid, 0)


def child(line: Line) -> tuple[int, socket.socket]:
    ours, theirs = socket.socketpair()
    memory = shared_file(ALIGN + SLOTS * SMALL)
    pid = line.ask(FORK, SMALL, 1 << 30, (theirs.fileno(), memory))
    os.close(memory)
    theirs.close()
    return pid, ours


def test_children_are_the_servers_and_end_with_their_own_code(line: Line) -> None:
    first, one = child(line)
    second, two = child(line)
    assert first != second
    for pid in (first, second):
        with open(f"/proc/{pid}/stat") as status:
            assert int(status.read().rsplit(")", 1)[1].split()[1]) == line.pid
    two.close()
    os.kill(first, signal.SIGUSR1)
    assert one.recv(1) == b""  # it is dead
    assert line.ask(END, first) == -signal.SIGUSR1
    assert line.ask(END, first) == UNKNOWN
    third, three = child(line)
    assert line.ask(END, third) == -signal.SIGKILL  # it was well
    assert three.recv(1) == b""


def test_no_other_process_is_ended(line: Line) -> None:
    assert line.ask(END, os.getpid()) == UNKNOWN
    assert line.ask(END, line.pid) == UNKNOWN


def test_signals_of_a_terminal_are_the_parents_matter(line: Line) -> None:
    pid, connection = child(line)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(line.pid, number)
        os.kill(pid, number)
    assert line.ask(END, pid) == -signal.SIGKILL
    connection.close()


def test_a_child_that_gets_no_line_ends_at_once(line: Line) -> None:
    pid = line.ask(FORK, SMALL, 1 << 30)
    end = os.pidfd_open(pid)
    assert select.select([end], [], [], 60)[0]
    os.close(end)
    assert line.ask(END, pid) == 1


def test_the_server_goes_when_it_is_an_orphan() -> None:
    """Also where somebody else holds the parent's end of its line: a fork of the parent, say."""
    orphan = started(os.getpid() + (1 << 22))
    assert orphan.ended()
    assert os.waitstatus_to_exitcode(os.waitpid(orphan.pid, 0)[1]) == 7
    orphan.socket.close()


def test_a_system_that_allows_no_further_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    ours, theirs = socket.socketpair()
    monkeypatch.setattr(os, "fork", refuse)
    given = os.open(os.devnull, os.O_RDONLY)
    assert forkserver._answer(theirs, REQUEST.pack(FORK, SMALL, 0), [given]) == -11
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(given)  # what came with the request is closed
    ours.close()
    theirs.close()


def test_a_job_reaches_the_child(line: Line) -> None:
    """And its word comes back; what it serves is `test_child`'s."""
    pid, connection = child(line)
    with Connection(connection.detach()) as talk:
        talk.send(Job(0, Path("/none.mp4"), SegmentConfig(), 1, 60.0))
        assert str(understood(talk.recv_bytes())) == "MISSING_FILE: /none.mp4: is not a file"
    assert line.ask(END, pid) in (0, 1, -signal.SIGKILL)
