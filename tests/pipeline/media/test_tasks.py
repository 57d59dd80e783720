"""What the process apart says to each job, whatever a file does."""

import io
import json
from pathlib import Path
from typing import Any

import av.error
import pytest

from avel.pipeline.media import tasks
from avel.pipeline.media.tasks import TASKS, answer, serve
from avel.pipeline.reasons import MediaError, Reason
from tests.pipeline.media.pieces import QUIET, film


def test_jobs_are_answered_one_by_one(tmp_path: Path) -> None:
    path = film(tmp_path / "f.mkv", 1.0)
    jobs = [
        {"task": "probe", "path": str(path)},
        {"task": "probe", "path": str(tmp_path / "none.mp4")},
        {
            "task": "cut",
            "path": str(path),
            "target": str(tmp_path / "c.mp4"),
            "start": 0,
            "stop": 500_000,
        },
    ]
    out = io.BytesIO()
    serve(io.BytesIO("".join(json.dumps(job) + "\n" for job in jobs).encode()), out)
    said = [json.loads(line) for line in out.getvalue().splitlines()]
    assert said[0]["frame_rate"] == "10"
    assert said[1]["reason"] == "MISSING_FILE"
    assert said[2] == {"beat": 0}
    assert said[-1] == {"missing": ""}
    assert (tmp_path / "c.mp4").is_file()


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        (MediaError(Reason.EMPTY, "f: is empty"), "EMPTY", "f: is empty"),
        (MemoryError(), "OOM", "f.mp4: out of memory"),
        (OSError(28, "No space left on device"), "UNAVAILABLE", "f.mp4: No space left on device"),
        (av.error.InvalidDataError(1, "broken"), "DECODE_ERROR", "f.mp4: InvalidDataError: "),
        (ValueError("odd"), "DECODE_ERROR", "f.mp4: ValueError: odd"),
    ],
)
def test_whatever_goes_wrong_is_a_reason(error: Exception, reason: str, message: str) -> None:
    def broken(path: Path, **_: Any) -> dict[str, Any]:
        raise error

    said = answer(broken, Path("f.mp4"), {}, QUIET)
    assert said["reason"] == reason
    assert said["message"].startswith(message)


def test_a_reason_has_an_end() -> None:
    def broken(path: Path, **_: Any) -> dict[str, Any]:
        raise MediaError(Reason.EMPTY, "x" * 100_000)

    assert len(answer(broken, Path("f"), {}, QUIET)["message"]) == tasks.LETTERS


def test_tasks_are_known_by_name() -> None:
    assert sorted(TASKS) == ["copy", "cut", "kind", "pictures", "probe", "proxy", "sound"]
