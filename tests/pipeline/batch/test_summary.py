"""What came of a run, from its folder's lines alone."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.batch.journal import RUN, VIDEOS
from avel.pipeline.batch.summary import BINS, MOST_EXAMPLES, MOST_SLOW, summarize
from avel.pipeline.reasons import InputError

START = datetime(2026, 5, 4, 22, tzinfo=UTC)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def line(path: str, outcome: str = "extracted", seconds: float = 0, **more: Any) -> dict[str, Any]:
    said = {"path": path, "outcome": outcome, "reason": None, "message": "", "cells": 10}
    took = {"decode_seconds": 1.0, "encode_seconds": 2.0, "waited_seconds": 6.0, "bytes": 100}
    return {**said, **(took if outcome != "cached" else {}), "at": at(seconds), **more}


def failed(path: str, reason: str, seconds: float = 0) -> dict[str, Any]:
    return line(path, "failed", seconds, reason=reason, message=f"{path}: {reason}", cells=0)


def told(folder: Path, *said: dict[str, Any], begins: tuple[float, ...] = (0,), **more: Any) -> Any:
    """The summary of a folder of these lines."""
    sessions = [{"began": at(b), "videos": 9, "missing": 0, **more} for b in begins]
    run = {"fingerprint": "a" * 64, "version": "1", "versions": {"avel": "1"}, "began": at(0)}
    (folder / RUN).write_text(json.dumps({**run, "sessions": sessions, "missing": ["no file x"]}))
    (folder / VIDEOS).write_text("".join(json.dumps(each) + "\n" for each in said))
    return summarize(folder)


def test_counts_costs_and_reasons(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        line("a", seconds=1),
        line("b", "cached", 2),
        failed("c", "EMPTY", 3),
        failed("d", "OOM", 4),
        failed("e", "OOM", 5),
    )
    assert [found[name] for name in ("extracted", "cached", "failed", "untold")] == [1, 1, 3, 4]
    assert list(found["reasons"]) == ["OOM", "EMPTY"], "the most frequent first"
    assert found["reasons"]["OOM"] == {
        "count": 2,
        "examples": [{"path": "d", "message": "d: OOM"}, {"path": "e", "message": "e: OOM"}],
    }
    assert (found["cells"], found["bytes"]) == (10, 400)
    balance = found["balance"]
    assert (balance["bottleneck"], balance["waited_share"]) == ("decoding", 0.75)
    assert (balance["decoding_seconds"], balance["encoding_seconds"]) == (4, 8)
    assert (found["worked_seconds"], found["ended"]) == (5, found["ended"])
    assert datetime.fromisoformat(found["ended"]) == START + timedelta(seconds=5)


def test_a_run_that_was_repeated_counts_each_video_once(tmp_path: Path) -> None:
    """What was made once is made; what failed and was made since has not failed."""
    found = told(
        tmp_path,
        line("a", seconds=1),
        failed("b", "TIMEOUT", 2),
        failed("c", "EMPTY", 3),
        line("a", "cached", 101),
        line("b", seconds=102),
        failed("c", "DECODE_ERROR", 103),
        begins=(0, 100),
    )
    assert [found[name] for name in ("extracted", "cached", "failed")] == [2, 0, 1]
    assert list(found["reasons"]) == ["DECODE_ERROR"]
    assert found["sessions"] == 2
    assert found["worked_seconds"] == 6, "not the time between"


def test_the_rate_is_of_the_time_of_work(tmp_path: Path) -> None:
    """Sixty seconds, in two sessions with a day between; a cached file is no work."""
    day = 86_400.0
    first = [line(f"a{n}", seconds=n + 0.5) for n in range(30)]
    second = [line(f"b{n}", seconds=day + n / 2) for n in range(1, 61)]
    found = told(tmp_path, *first, line("x", "cached", 3), *second, begins=(0, day))
    assert found["worked_seconds"] == 59.5
    videos = found["rate"]["videos"]
    assert len(videos) == BINS
    assert sum(videos) == 90
    assert sum(videos[:29]) == pytest.approx(30, abs=2)
    assert sum(videos[-15:]) == pytest.approx(30, abs=2)


def test_the_slowest_are_kept(tmp_path: Path) -> None:
    lines = [line(str(n), seconds=n, encode_seconds=float(n)) for n in range(MOST_SLOW + 10)]
    found = told(tmp_path, *lines, line("nothing", "cached", 50))
    kept = [each["path"] for each in found["slowest"]]
    assert kept == [str(n) for n in range(MOST_SLOW + 9, 9, -1)]


def test_examples_are_few(tmp_path: Path) -> None:
    found = told(tmp_path, *(failed(str(n), "EMPTY", n) for n in range(50)), missing=3)
    assert found["reasons"]["EMPTY"]["count"] == 50
    assert len(found["reasons"]["EMPTY"]["examples"]) == MOST_EXAMPLES
    missing = found["reasons"]["MISSING_FILE"]
    assert missing == {"count": 3, "examples": [{"path": None, "message": "no file x"}]}
    assert found["videos"] == 12


def test_a_folder_in_which_nothing_came_of_anything(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert [found[name] for name in ("extracted", "failed", "untold")] == [0, 0, 9]
    assert (found["worked_seconds"], found["ended"], found["rate"]["videos"]) == (0, None, [])
    assert found["balance"]["bottleneck"] is None


def test_a_plan_is_held_against_it(tmp_path: Path) -> None:
    expected = {"media_seconds": {"low": 10, "likely": 20, "high": 40}}
    (tmp_path / "plan.json").write_text(json.dumps({"expected": expected}))
    found = told(tmp_path, line("a", seconds=1), line("b", seconds=2), line("c", seconds=3))
    assert found["plan"]["media_seconds"]["error"] == 0.5


def test_lines_of_an_older_version_count(tmp_path: Path) -> None:
    old = {"path": "a", "outcome": "extracted", "reason": None, "message": "", "cells": 4}
    found = told(tmp_path, {**old, "at": at(1)}, {"path": "b"})
    assert (found["extracted"], found["cells"], found["slowest"]) == (1, 4, [])


def test_a_folder_of_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no run\.json of a run that can be read"):
        summarize(tmp_path)
    (tmp_path / RUN).write_text('{"fingerprint": 3}')
    with pytest.raises(InputError, match=r"has no run\.json of a run that can be read"):
        summarize(tmp_path)
