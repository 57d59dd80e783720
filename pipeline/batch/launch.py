"""Several loops on one machine: each a process with a device of its own, started again if it dies.

A loop is the same command with `--loop`: it prints an outcome a line, and ends with its parent.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import EnvironmentProblem, Reason
from avel.pipeline.work.say import warn

MOST_DEATHS = 3
"""Of one loop without a file done between, after which its lots go to the others."""
FINE = (0, 3)
"""Exit codes of a loop that came to its end."""
KILLED = (1, 130, 143)
"""Exit codes of a loop that something from outside ended, or a fault of ours."""
READY = ""
"""The line of a loop that hears signals from then on."""
COMMAND = (sys.executable, "-m", "avel.pipeline", "extract", "--loop")
LOOK_SECONDS = 1.0
"""Between two looks at nothing: a signal that comes just before a wait is heard after it."""
ENOUGH_SECONDS = 60.0
"""For a loop to publish what is finished once it is asked to stop."""


@dataclass
class _Loop:
    """One loop's process, and how often it died since it did anything."""

    number: int
    process: "subprocess.Popen[bytes] | None" = None
    deaths: int = 0
    rest: bytes = b""
    """Of a line that is not whole yet."""
    ready: bool = False
    """Whether its process hears signals: before, there is nothing to lose."""


@dataclass
class Loops:
    """Loops that run; use it in a `with` block, at whose end they are asked to stop.

    Args:
        arguments: Of the command, but those about devices.
        environments: What each loop's process sees beside ours: its device, its threads.
        command: Words before the arguments.
    """

    arguments: Sequence[str]
    environments: Sequence[Mapping[str, str]]
    command: Sequence[str] = COMMAND
    _loops: list[_Loop] = field(default_factory=list)
    _ending: bool = False

    def __enter__(self) -> Self:
        self._selector = selectors.DefaultSelector()
        for number in range(len(self.environments)):
            loop = _Loop(number)
            self._loops.append(loop)
            self._start(loop)
        return self

    def finish(self) -> None:
        """Ask all loops to finish what is in work and to end; `outcomes` goes on until they did."""
        self._ending = True
        for loop in self._running:
            self._ask(loop, signal.SIGTERM)

    def __exit__(self, *_: object) -> None:
        self._ending = True
        for loop in self._running:
            self._end(loop)
        patience = time.monotonic() + ENOUGH_SECONDS
        while self._running and (left := patience - time.monotonic()) > 0:
            for key, _events in self._selector.select(min(left, LOOK_SECONDS)):
                was_ready = key.data.ready
                list(self._hear(key.data, key.fileobj))  # type: ignore[arg-type]
                if not was_ready:  # what it was asked before may have come too early
                    self._end(key.data)
        for loop in self._running:
            assert loop.process is not None
            loop.process.kill()
            loop.process.communicate()
        self._selector.close()

    def _end(self, loop: _Loop) -> None:
        """Have a loop end now: see `Stopping` for what it hears."""
        self._ask(loop, signal.SIGINT if loop.ready else signal.SIGTERM)

    @property
    def pids(self) -> list[int]:
        """Of the loops that run."""
        return [loop.process.pid for loop in self._running if loop.process]

    @property
    def _running(self) -> list[_Loop]:
        return [loop for loop in self._loops if loop.process is not None]

    def outcomes(self) -> Iterator[Outcome]:
        """What became of each file, as loops say it; a file comes again if its loop was killed.

        Raises:
            EnvironmentProblem: no loop is left, and not all is done.
        """
        while self._running:
            for key, _ in self._selector.select(LOOK_SECONDS):
                yield from self._hear(key.data, key.fileobj)  # type: ignore[arg-type]

    def _hear(self, loop: _Loop, pipe: IO[bytes]) -> Iterator[Outcome]:
        said = os.read(pipe.fileno(), 1 << 16)
        *lines, loop.rest = (loop.rest + said).split(b"\n")
        for line in lines:
            loop.ready = True
            if line != READY.encode():
                loop.deaths = 0
                yield outcome_of(line)
        if not said:
            self._ended(loop, pipe)

    def _ended(self, loop: _Loop, pipe: IO[bytes]) -> None:
        assert loop.process is not None
        self._selector.unregister(pipe)
        pipe.close()
        code = _waited(loop.process)
        loop.process, loop.rest, loop.ready = None, b"", False
        if code in FINE or self._ending:
            return
        loop.deaths += 1
        by_signal = code < 0 or code in KILLED
        ended = f"loop {loop.number} ended with {_how(code)}"
        if by_signal and loop.deaths <= MOST_DEATHS:
            warn(f"{ended}; started again ({loop.deaths} of {MOST_DEATHS})")
            self._start(loop)
        elif self._running:
            warn(f"{ended}; its lots go to the others ({len(self._running)} left)")
        else:
            raise EnvironmentProblem(
                f"{ended} and none is left; what is finished is kept, see the lines above and run "
                "again"
            )

    def _start(self, loop: _Loop) -> None:
        environment = {**os.environ, **self.environments[loop.number]}
        loop.process = subprocess.Popen(
            [*self.command, *self.arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C comes to us alone; we say who ends
        )
        assert loop.process.stdout is not None
        self._selector.register(loop.process.stdout, selectors.EVENT_READ, loop)
        if self._ending:  # the signal came while it began
            self._ask(loop, signal.SIGTERM)

    def _ask(self, loop: _Loop, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if loop.process is not None:
                loop.process.send_signal(number)


def environments(devices: int, visible: Sequence[str], cores: int) -> list[dict[str, str]]:
    """What each of several loops sees: one GPU where there are any, and its share of the cores.

    Args:
        devices: Number of loops.
        visible: Names of the GPUs that may be used, as `CUDA_VISIBLE_DEVICES` has them; none for
            loops on the CPU.
        cores: That all loops together may use.

    Raises:
        EnvironmentProblem: more loops than GPUs are asked for.
    """
    if visible and devices > len(visible):
        raise EnvironmentProblem(
            f"--devices {devices}: there are {len(visible)} GPUs ({', '.join(visible)}); ask for "
            "as many, or set CUDA_VISIBLE_DEVICES"
        )
    threads = {"OMP_NUM_THREADS": str(max(1, cores // devices))}
    given = visible[:devices] or [""] * devices
    return [{**threads, **({"CUDA_VISIBLE_DEVICES": gpu} if gpu else {})} for gpu in given]


def to_line(outcome: Outcome) -> str:
    """An outcome as a line, and `outcome_of` back."""
    return json.dumps(
        {**vars(outcome), "path": os.fspath(outcome.path), "reason": outcome.reason or None}
    )


def outcome_of(line: str | bytes) -> Outcome:
    """The outcome that a line holds."""
    said = json.loads(line)
    reason = Reason(said["reason"]) if said["reason"] else None
    return Outcome(**{**said, "path": Path(said["path"]), "reason": reason})


def _waited(process: "subprocess.Popen[bytes]") -> int:
    """The exit code of one that has said its last word; it has a while to end after that."""
    try:
        return process.wait(ENOUGH_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
