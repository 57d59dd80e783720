"""What the process apart does: jobs by name, one a line, until its parent hangs up."""

import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from av.error import FFmpegError

from avel.pipeline.media.confine import die_with
from avel.pipeline.media.copy import copy
from avel.pipeline.media.cut import cut
from avel.pipeline.media.preview import kind, write_pictures, write_sound
from avel.pipeline.media.probe import probe
from avel.pipeline.media.proxy import proxy
from avel.pipeline.reasons import MediaError, Reason

Answer = dict[str, Any]
TASKS: dict[str, Callable[..., Answer]] = {
    "probe": probe,
    "cut": cut,
    "copy": copy,
    "kind": kind,
    "pictures": write_pictures,
    "sound": write_sound,
    "proxy": proxy,
}
DATA_BYTES = 6 << 30
"""Memory of its own that it may map: a backstop against files that ask for more and more."""
LETTERS = 4_000
"""Of a reason in words."""


def run(parent: int) -> None:
    """Do jobs from stdin until it ends, in at most 6 GB; it does not outlive its parent."""
    die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # libraries print there
    serve(sys.stdin.buffer, out)


def serve(given: BinaryIO, out: BinaryIO) -> None:
    """Answer each line of JSON with one, and before it with the second of the film that is done."""

    def say(said: Answer) -> None:
        out.write(json.dumps(said).encode() + b"\n")

    for line in given:
        job = json.loads(line)
        task, path = TASKS[job.pop("task")], Path(job.pop("path"))
        say(answer(task, path, job, lambda second: say({"beat": second})))


def answer(
    task: Callable[..., Answer], path: Path, what: dict[str, Any], beat: Callable[[int], object]
) -> Answer:
    """What a job says; whatever goes wrong is a reason, so that the next job is done.

    Args:
        task: What is done.
        path: The file.
        what: Else the job needs; times in microseconds.
        beat: Told which second of the film is done.
    """
    try:
        return task(path, **what, beat=beat)
    except MediaError as err:
        return {"reason": err.reason, "message": err.message[:LETTERS]}
    except MemoryError:
        return {"reason": Reason.OOM, "message": f"{path}: out of memory"}
    except Exception as err:  # libav has no complete list of its errors
        if isinstance(err, OSError) and not isinstance(err, FFmpegError):
            why = err.strerror or str(err)
            return {"reason": Reason.UNAVAILABLE, "message": f"{path}: {why}"}
        message = f"{path}: {type(err).__name__}: {err}"[:LETTERS]
        return {"reason": Reason.DECODE_ERROR, "message": message}
