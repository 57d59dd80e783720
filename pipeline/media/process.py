"""Decoding children from the parent's side: started by way of a server, and ended.

The server and its children are avel's own, not multiprocessing's: the children of that one import
the user's `__main__`, may not be started in a daemonic process, and die with the thread that
started the first of them. A server is started when the first child is, and lives as long as this
process; another is started in the place of one that died.
"""

import atexit
import contextlib
import errno
import os
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.spawn import get_executable

from avel.pipeline.media.messages import END, FORK, REPLY, REQUEST, UNKNOWN
from avel.pipeline.media.slots import Room, Slots, shared_file
from avel.pipeline.reasons import EnvironmentProblem

CODE = (
    "import sys; sys.path[:] = sys.argv[3:]; from avel.pipeline.media import forkserver; "
    "forkserver.run(int(sys.argv[1]), int(sys.argv[2]))"
)
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""The server is forked, so it may have one thread only."""
ANSWER_SECONDS = 120.0
"""Without an answer, after which a server counts as dead; it loads libav before its first."""
STOP_SECONDS = 2.0
NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM}


class NoRoom(EnvironmentProblem):
    """The system allows no further child now."""


class Child:
    """One decoding process, its line and the memory that is shared with it."""

    def __init__(self, room: Room, data_bytes: int) -> None:
        """Start it: its windows lie in `room`, and it may have `data_bytes` of its own.

        Raises:
            EnvironmentProblem: it cannot be started; `NoRoom` where others of ours may be why.
        """
        with contextlib.ExitStack() as theirs:
            try:
                self.connection, line = Pipe()
                theirs.callback(line.close)
                memory = shared_file(room.total_bytes)
                theirs.callback(os.close, memory)
                self.slots = Slots(memory, room.slot_bytes)
                self.pid = SERVER.fork([line.fileno(), memory], room.slot_bytes, data_bytes)
            except OSError as err:
                kind = NoRoom if err.errno in NO_ROOM else EnvironmentProblem
                raise kind(
                    f"no further decoder can be started ({os.strerror(err.errno or 0)}); allow "
                    "more open files (`ulimit -n`), processes or memory, or use fewer --workers"
                ) from err

    def end(self) -> int | None:
        """Kill it; the exit code that it had, None where its server is gone too."""
        code = SERVER.end(self.pid)
        self.connection.close()
        return code


class Server:
    """The process that children are forked from, started when it is needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def fork(self, descriptors: Sequence[int], slot_bytes: int, data_bytes: int) -> int:
        """A new child's process number; slots of so many bytes lie in the memory that it gets.

        Raises:
            EnvironmentProblem: no server can be started.
            OSError: the system allows no further process.
        """
        request = REQUEST.pack(FORK, slot_bytes, data_bytes)
        with self._lock:
            answer = self._ask(request, descriptors)  # of one that may have died meanwhile
            if answer is None:
                self._start()
                answer = self._ask(request, descriptors)
        if answer is None:
            raise EnvironmentProblem(
                f"the server of decoders does not start ({get_executable()}); what it says is "
                "above, and `avel doctor` shows what is installed"
            )
        if answer < 0:
            raise OSError(-answer, os.strerror(-answer))
        return answer

    def end(self, pid: int) -> int | None:
        """Kill a child, in seconds at most; its exit code, None where nobody knows it any more."""
        with self._lock:
            answer = self._ask(REQUEST.pack(END, pid, 0))
        return None if answer == UNKNOWN else answer

    def stop(self) -> None:
        """End the server, and its children with it; kill it where it takes 2 seconds."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._line = self._process = None

    def forget(self) -> None:
        """In a process that was forked from ours: the server is not its own."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.returncode = 0  # not ours to wait for
        Server.__init__(self)

    def _ask(self, request: bytes, descriptors: Sequence[int] = ()) -> int | None:
        """The server's answer; None where there is no server, or it has died."""
        if self._line is None:
            return None
        try:
            socket.send_fds(self._line, [request], descriptors)
            reply = self._line.recv(REPLY.size)
        except OSError:
            reply = b""
        except BaseException:  # Ctrl-C: its answer would be taken for that of the next question
            self.stop()
            raise
        if len(reply) < REPLY.size:
            self.stop()
            return None
        return int(REPLY.unpack(reply)[0])

    def _start(self) -> None:
        _say_what_is_missing()
        self._line, theirs = socket.socketpair()
        self._line.settimeout(ANSWER_SECONDS)
        with theirs:
            given = [str(theirs.fileno()), str(os.getpid()), *map(str, sys.path)]
            self._process = subprocess.Popen(
                [get_executable(), "-c", CODE, *given],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD},
                pass_fds=[theirs.fileno()],
            )


def _say_what_is_missing() -> None:
    """Linux is supported.

    Raises:
        EnvironmentProblem: the system has no processes of the kind.
    """
    if sys.platform == "linux":
        return
    if not hasattr(os, "fork"):
        raise EnvironmentProblem(
            f"avel decodes in processes as Linux has them; not on {sys.platform}: use a container"
        )
    warnings.warn(
        f"on {sys.platform} the memory of decoders is not watched, and they may outlive a killed "
        "avel; Linux is supported",
        stacklevel=2,
    )


SERVER = Server()
atexit.register(SERVER.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SERVER.forget)
