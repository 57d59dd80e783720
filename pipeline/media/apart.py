"""Work on a file's streams in a process of its own, that may die of the file without us.

It reads one job a line as JSON and answers so; between two jobs it stays. Unlike decoding children
it writes files.
"""

import json
import os
import selectors
import subprocess
import sys
from fractions import Fraction
from multiprocessing.spawn import get_executable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from avel.pipeline.media.footage import Footage
from avel.pipeline.reasons import MediaError, Reason

CODE = (
    "import sys; sys.path[:] = sys.argv[2:]; from avel.pipeline.media import tasks; "
    "tasks.run(int(sys.argv[1]))"
)
QUIET_SECONDS = 120.0
"""Without a word, after which the process counts as stuck; it says how far it is at every second
of a film."""
MOST_BYTES = 1 << 20
"""Of a word."""


class Apart:
    """The process, started at the first job and again after one that it died of.

    Args:
        quiet_seconds: It may be silent before it is ended.
    """

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._quiet = quiet_seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def ask(self, task: str, path: Path, **what: Any) -> dict[str, Any]:
        """Have one job done on a file; its answer.

        Args:
            task: Name in `tasks.TASKS`.
            path: The file.
            **what: What else the job needs, as JSON has it; times in microseconds.

        Raises:
            MediaError: it cannot be done, with the reason; TIMEOUT and WORKER_CRASH of the process.
        """
        process = self._process = self._process or _started()
        assert process.stdin
        line = json.dumps({"task": task, "path": os.fspath(path), **what}) + "\n"
        try:
            process.stdin.write(line.encode())
            process.stdin.flush()
        except OSError:
            raise self._died(path) from None
        while True:
            said = self._word(process, path)
            if "reason" in said:
                raise MediaError(Reason(said["reason"]), str(said["message"]))
            if "beat" not in said:
                return said

    def _word(self, process: "subprocess.Popen[bytes]", path: Path) -> dict[str, Any]:
        assert process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(self._quiet):
                self.end()
                message = f"{path}: nothing came of it for {self._quiet:g} s"
                raise MediaError(Reason.TIMEOUT, message)
        line = process.stdout.readline(MOST_BYTES)
        try:
            said = json.loads(line)
        except ValueError:
            raise self._died(path) from None
        if not isinstance(said, dict):
            raise self._died(path)
        return said

    def _died(self, path: Path) -> MediaError:
        code = self.end()
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        return MediaError(
            Reason.WORKER_CRASH, f"{path}: the process that read it died ({why}); a codec's fault"
        )

    def end(self) -> int:
        """End the process, within a fifth of a second whatever it does; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            if pipe:
                _close(pipe)
        try:
            return process.wait(0.2)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()


def probed(apart: Apart, path: Path) -> Footage:
    """How a file's picture runs, in frames a second, 0 where it has none; its length in seconds.

    Raises:
        MediaError: it cannot be read.
    """
    said = apart.ask("probe", path)
    rate, duration = Fraction(said["frame_rate"]), Fraction(said["duration"])
    size = int(said["width"]), int(said["height"])
    return Footage(rate, bool(said["variable"]), *size, duration, int(said["sample_rate"]))


def footage_of(apart: Apart, path: Path) -> Footage | None:
    """How a file's picture runs; None where it has none or cannot be read."""
    try:
        footage = probed(apart, path)
    except (MediaError, ValueError, KeyError, TypeError):
        return None
    return footage if footage.frame_rate > 0 else None


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:  # what was not sent is for nobody now
        return


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [get_executable(), "-c", CODE, str(os.getpid()), *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
