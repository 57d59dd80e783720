"""A folder that tells of a run while it runs: a line a video, so that a killed run has its list.

```
 DIR/plan.json       what was expected, where `avel plan --report DIR` was asked before
 DIR/run.json        what runs: features' fingerprint, versions, when it began, each time
 DIR/videos.jsonl    a line a video, in the order in which they ended
 DIR/report.json, DIR/index.html    what came of it, at the end
```
"""

import contextlib
import io
import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

from avel.cache.errors import FULL, CacheFull
from avel.cache.insist import Insist, at_once
from avel.cache.whole import replacing
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import EnvironmentProblem, InputError

SCHEMA = "avel.batch/1"
RUN, VIDEOS, PLAN = "run.json", "videos.jsonl", "plan.json"
LIBRARIES = ("av", "numpy", "h5py", "torch")
"""Whose versions are told."""
TORN = (".run.*.json", ".plan.*.json")
"""What a kill leaves of them where it came while they were written."""
MOST_MISSING = 5
"""Files that are not there of which a sentence is kept."""


@dataclass(frozen=True)
class Identity:
    """What runs; a folder tells of one.

    Attributes:
        fingerprint: Of the features, 64 hex digits.
        version: Of avel.
        inputs: Files, folders and lists that it was given, from the root on.
    """

    fingerprint: str
    version: str
    inputs: tuple[str, ...] = ()


class Journal:
    """Appends what becomes of videos; use it in a `with` block.

    Args:
        folder: Of this run alone, or of the same run before: a run that is repeated goes on in it.
        identity: What runs.
        videos: Files of this run, to tell later whether it came to its end.
        missing: Sentences about files that are not there.
        insist: Calls what writes, again where the disk is full and it may wait.

    Raises:
        InputError: the folder holds something else, or tells of other features.
        EnvironmentProblem: it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        *,
        videos: int = 0,
        missing: Sequence[str] = (),
        insist: Insist = at_once,
    ) -> None:
        self._folder, self._identity = folder, identity
        self._session = {"videos": videos, "missing": len(missing)}
        self._missing = list(missing[:MOST_MISSING])
        self._insist = insist
        self._file: io.FileIO | None = None

    def __enter__(self) -> Self:
        check_folder(self._folder, self._identity.fingerprint, self._identity.inputs)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._begin()
            self._file = _continued(self._folder / VIDEOS)
        except OSError as err:
            raise _unwritable(self._folder, err) from err
        return self

    def _begin(self) -> None:
        """Tell that the run begins, or goes on."""
        now, path = _now(), self._folder / RUN
        said = _read(path) if path.exists() else {"schema": SCHEMA, "began": now}
        sessions = [*said.get("sessions", []), {"began": now, **self._session}]
        said |= {**vars(self._identity), "versions": versions(), "missing": self._missing}
        with replacing(path, durable=False) as part:
            part.write_text(json.dumps({**said, "sessions": sessions}, indent=2) + "\n")

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # what could not be written was named
                self._file.close()

    def add(self, outcome: Outcome) -> None:
        """Tell of one video, at once.

        Raises:
            EnvironmentProblem: the disk is full.
        """
        assert self._file is not None
        self._left = json.dumps(line_of(outcome)).encode("ascii") + b"\n"
        try:
            self._insist(self._write)
        except CacheFull as err:
            raise _unwritable(self._folder, err.__cause__) from err
        except OSError as err:
            raise _unwritable(self._folder, err) from err

    def _write(self) -> None:
        """Write what is left of a line: a full disk may take some of it."""
        assert self._file is not None
        try:
            while self._left:
                self._left = self._left[self._file.write(self._left) :]
        except OSError as err:
            if err.errno in FULL:
                raise CacheFull(f"{self._folder}: the disk is full") from err
            raise


def _continued(path: Path) -> io.FileIO:
    """A file to append to; a last line that a kill tore ends first."""
    file = path.open("ab", buffering=0)
    if file.tell():
        with path.open("rb") as before:
            before.seek(-1, os.SEEK_END)
            if before.read(1) != b"\n":
                file.write(b"\n")
    return file


def line_of(outcome: Outcome) -> dict[str, Any]:
    """What a line says of one video; its path escapes bytes that are no UTF-8."""
    made = "cached" if outcome.cached else "extracted"
    return {
        "path": os.fspath(outcome.path),
        "key": outcome.key,
        "outcome": "failed" if outcome.reason else made,
        "reason": outcome.reason or None,
        "message": outcome.message,
        "cells": outcome.cells,
        "decode_seconds": outcome.decode_seconds,
        "encode_seconds": outcome.encode_seconds,
        "waited_seconds": outcome.waited_seconds,
        "bytes": outcome.num_bytes,
        "at": _now(),
    }


def lines(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Every line of a folder that is whole; a kill may tear the last.

    Raises:
        InputError: there is no such folder.
    """
    try:
        text = (folder / VIDEOS).open(encoding="ascii", errors="replace")
    except OSError as err:
        raise InputError(f"{folder}: holds no {VIDEOS}; name a folder of --report") from err
    with text:
        for line in text:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict) and "path" in said:
                yield said


def read_run(folder: Path) -> dict[str, Any]:
    """What `run.json` says of a folder.

    Raises:
        InputError: it tells of no run.
    """
    try:
        return _read(folder / RUN)
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{folder}: has no {RUN} of a run that can be read; name a folder of --report"
        ) from err


def check_folder(folder: Path, fingerprint: str, inputs: Sequence[str] = ()) -> None:
    """Refuse a folder that is for something else than these features, by their 64 hex digits.

    Raises:
        InputError: it holds something else, or tells of other features, or of other inputs.
    """
    if folder.is_file():
        raise InputError(f"--report {folder}: is a file; name a folder")
    if not folder.is_dir():
        return
    names = {p.name for p in folder.iterdir() if not any(p.match(torn) for torn in TORN)}
    if not names:
        return
    try:
        said = _read(folder / (RUN if names != {PLAN} else PLAN))
        known, before = str(said["fingerprint"]), [str(each) for each in said.get("inputs") or ()]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"--report {folder}: holds other files and no {RUN} of a run; name a new folder"
        ) from err
    if known != fingerprint:
        raise InputError(
            f"--report {folder}: tells of other features ({known[:12]}, not "
            f"{fingerprint[:12]}); name another folder for each recipe"
        )
    if before and inputs and before != [*inputs]:
        raise InputError(
            f"--report {folder}: tells of another run, over {before[0]}"
            f"{f' and {len(before) - 1} more' if len(before) > 1 else ''}; name another folder"
        )


def _read(path: Path) -> dict[str, Any]:
    said = json.loads(path.read_text())
    if not isinstance(said["fingerprint"], str):
        raise ValueError(f"{path}: is of no features")
    return dict(said)


def versions() -> dict[str, str]:
    """Of what decides the numbers, by name."""
    found = {"python": platform.python_version()}
    for name in ("avel", *LIBRARIES):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _unwritable(folder: Path, err: BaseException | None) -> EnvironmentProblem:
    why = (isinstance(err, OSError) and err.strerror) or err
    return EnvironmentProblem(
        f"--report {folder}: cannot be written ({why}); free the disk, or name another folder"
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
