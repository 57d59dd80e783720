"""The process that decoding children are forked from: it has loaded libav, and no torch.

It is started afresh, so children know nothing of the user's program, and only forks and ends them,
as its parent asks (see `process`). It is gone half a second after its parent, and its children with
it: the parent may have started it in a thread that ends, so it asks who its parent is instead of
waiting for the kernel's signal, which comes with the end of a thread.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import time
from multiprocessing.connection import Connection

import av.subtitles.stream  # noqa: F401 - PyAV loads it with the first file: once here

from avel.pipeline.media.child import serve
from avel.pipeline.media.confine import confine, die_with
from avel.pipeline.media.messages import END, REPLY, REQUEST, UNKNOWN
from avel.pipeline.media.slots import Slots

LOOK_SECONDS = 0.5
"""How often it looks whether its parent is there."""


def run(descriptor: int, parent: int) -> None:
    """Do what comes over the socket `descriptor`, until half a second after `parent` is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a terminal's; the parent decides who ends
        signal.signal(number, signal.SIG_IGN)
    _be_silent()
    gc.freeze()  # what is shared with children stays shared
    with socket.socket(fileno=descriptor) as line:
        while os.getppid() == parent:
            if not select.select([line], [], [], LOOK_SECONDS)[0]:
                continue
            request, descriptors, _, _ = socket.recv_fds(line, REQUEST.size, 2)
            if len(request) < REQUEST.size:
                return
            line.sendall(REPLY.pack(_answer(line, request, descriptors)))


def _answer(line: socket.socket, request: bytes, descriptors: list[int]) -> int:
    kind, first, second = REQUEST.unpack(request)
    if kind == END:
        return _ended(first)
    try:
        return _fork(line, descriptors, first, second)
    except OSError as err:
        return -(err.errno or 1)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _fork(line: socket.socket, descriptors: list[int], slot_bytes: int, data_bytes: int) -> int:
    """A child that decodes; it never comes back from here."""
    server = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        die_with(server)
        line.close()
        connection, slots = Connection(descriptors[0]), Slots(descriptors[1], slot_bytes)
        os.close(descriptors[1])
        confine(data_bytes)
        serve(connection, slots)
    finally:
        os._exit(1)


def _ended(pid: int) -> int:
    """Kill a child that is not dead yet; its exit code."""
    with contextlib.suppress(ChildProcessError, ProcessLookupError):
        for tried in range(2_000):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if not tried:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)
    return UNKNOWN


def _be_silent() -> None:
    """Hold nothing open that others wait for the end of, such as a pipe to `head`."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
