"""The page of a batch says what its folder says; names in it are text."""

import json
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.batch.journal import Identity, Journal
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import EnvironmentProblem, InputError, Reason
from avel.pipeline.report.batch_page import batch_page, duration, size, write_report
from tests.pipeline.report.material import EVIL


def summary(**more: Any) -> dict[str, Any]:
    said = {
        "videos": 12,
        "extracted": 7,
        "cached": 1,
        "failed": 2,
        "missing": 1,
        "untold": 1,
        "cells": 7_200,
        "bytes": 3_400_000,
        "worked_seconds": 600.0,
        "balance": {
            "bottleneck": "decoding",
            "waited_seconds": 300.0,
            "encoding_seconds": 100.0,
            "decoding_seconds": 250.0,
            "waited_share": 0.75,
            "balancing_cores": 3,
        },
        "rate": {"seconds": 10.0, "videos": [0, 1, 2, 4]},
        "reasons": {"EMPTY": {"count": 2, "examples": [{"path": EVIL, "message": EVIL}]}},
        "slowest": [
            {
                "path": EVIL,
                "cells": 10,
                "decode_seconds": 4.0,
                "encode_seconds": 0.5,
                "outcome": "extracted",
            }
        ],
        "plan": {
            "wall_seconds": {
                "expected": {"low": 300.0, "likely": 400.0, "high": 500.0},
                "actual": 600.0,
                "error": 0.5,
                "within": False,
            }
        },
        "fingerprint": "a" * 64,
        "versions": {"avel": "1.0", "torch": "2"},
        "began": "2026-05-04T22:00:00+00:00",
        "ended": None,
        "sessions": 2,
    }
    return {**said, **more}


def test_all_that_is_asked_for_is_on_it() -> None:
    page = batch_page("night", summary())
    for text in (
        "<dt>failed</dt><dd>3</dd>",
        "<dt>media</dt><dd>2.0 h</dd>",
        "<dt>features</dt><dd>3.4 MB</dd>",
        "<dt>bottleneck</dt><dd>decoding</dd>",
        "EMPTY: 2",
        "waited for decoders",
        "with 3 cores for decoding a loop would not wait",
        "minutes of work",
        "<td>6.7 min</td><td>5.0 min to 8.3 min</td><td>10.0 min</td><td>+50%</td><td>outside</td>",
        '<td class="num">4.00</td><td class="num">0.50</td>',
        "a" * 64,
        "Of 1 videos nothing is told here",
    ):
        assert text in page, text


def test_names_are_text_and_nothing_else_runs() -> None:
    page = batch_page(EVIL, summary())
    assert page.count("<script>") == 1
    assert "default-src &#39;none&#39;" in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_run_in_which_nothing_was_done() -> None:
    nothing = {"bottleneck": None, "waited_share": 0.0, "balancing_cores": None}
    rate = {"seconds": 0.0, "videos": []}
    page = batch_page(
        "x", summary(balance=nothing, rate=rate, reasons={}, slowest=[], plan=None, untold=0)
    )
    assert "Next to nothing was decoded or encoded." in page
    assert '<p class="small">Nothing.</p>' in page
    for title in ("How fast it went", "The slowest videos", "The plan", "nothing is told here"):
        assert title not in page


def test_a_killed_runs_folder_is_finished(tmp_path: Path) -> None:
    folder = tmp_path / "night"
    with Journal(folder, Identity("a" * 64, "1"), videos=3) as journal:
        journal.add(Outcome(Path("a"), "k", cells=5, decode_seconds=1, encode_seconds=3))
        journal.add(Outcome(Path("b"), None, reason=Reason.EMPTY, message="b: 0 bytes"))
        with (folder / "videos.jsonl").open("a") as file:
            file.write('{"path": "torn by a ki')
        assert write_report(folder) == folder / "index.html"
    said = json.loads((folder / "report.json").read_text())
    assert (said["extracted"], said["failed"], said["untold"]) == (1, 1, 1)
    assert "b: 0 bytes" in (folder / "index.html").read_text()
    assert write_report(folder, tmp_path / "out").parent == tmp_path / "out"


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no run\.json"):
        write_report(tmp_path)
    with Journal(tmp_path / "night", Identity("a" * 64, "1")):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentProblem, match=r"report\.json: cannot be written"):
        write_report(tmp_path / "night", tmp_path / "file")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (119, "119.0 s"), (120, "2.0 min"), (9_000, "2.5 h"), (864_000, "10.0 d")],
)
def test_times_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0.0 kB"), (1_500, "1.5 kB"), (2e6, "2.0 MB"), (3.21e9, "3.2 GB"), (4e12, "4.0 TB")],
)
def test_bytes_as_people_say_them(count: float, text: str) -> None:
    assert size(count) == text
