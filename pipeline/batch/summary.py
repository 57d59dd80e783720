"""What came of a batch, from the folder that told of it; a killed run's folder has as much.

Of each video its last line counts, as a run that is repeated tells of it again; only the numbers
that this needs are held, so that a million lines fit.
"""

import heapq
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.batch.balance import Balance
from avel.pipeline.batch.forecast import errors_of
from avel.pipeline.batch.journal import PLAN, lines, read_run

SCHEMA = "avel.batch-report/1"
OUTCOMES = ("cached", "extracted", "failed")
CACHED, EXTRACTED, FAILED = range(3)
MOST_SLOW = 20
MOST_EXAMPLES = 5
"""Of each reason."""
BINS = 60
"""Most stretches of time for which videos are counted."""
BIN_VIDEOS = 5
"""Of a stretch on average, at least; fewer would jump from one to the next."""
SECONDS = ("decode_seconds", "encode_seconds", "waited_seconds")
TOTALS = (*SECONDS, "bytes", "cells")


@dataclass
class _Lines:
    """All lines of a folder, as numbers: the hash of the path, the outcome, seconds since 1970."""

    names: "array[int]" = field(default_factory=lambda: array("q"))
    outcomes: "array[int]" = field(default_factory=lambda: array("b"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    totals: list[float] = field(default_factory=lambda: [0.0] * len(TOTALS))
    slowest: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)

    def take(self, said: Mapping[str, Any]) -> None:
        outcome = said["outcome"]
        self.names.append(hash(said["path"]))
        self.outcomes.append(OUTCOMES.index(outcome))
        self.times.append(datetime.fromisoformat(said["at"]).timestamp())
        for place, name in enumerate(TOTALS):
            if name != "cells" or outcome == "extracted":
                self.totals[place] += said.get(name, 0)
        spent = said.get("decode_seconds", 0) + said.get("encode_seconds", 0)
        if spent > self.least:
            self._rank(said, spent)

    @property
    def least(self) -> float:
        """Seconds that are too few to be among the slowest."""
        return self.slowest[0][0] if len(self.slowest) == MOST_SLOW else 0.0

    def _rank(self, said: Mapping[str, Any], spent: float) -> None:
        kept = {key: said.get(key) for key in ("path", "cells", *SECONDS[:2], "outcome")}
        heapq.heappush(self.slowest, (spent, len(self.names), kept))
        if len(self.slowest) > MOST_SLOW:
            heapq.heappop(self.slowest)


def summarize(folder: Path) -> dict[str, Any]:
    """What came of the run that a folder tells of, for `report.json`; times in seconds.

    Raises:
        InputError: it tells of none.
    """
    run, found = read_run(folder), _Lines()
    for said in _whole(folder):
        found.take(said)
    last, outcomes = _last(np.asarray(found.names), np.asarray(found.outcomes))
    counts = np.bincount(outcomes, minlength=len(OUTCOMES)).tolist()
    worked, ended = _worked(np.asarray(found.times), _begins(run))
    session = run["sessions"][-1]
    totals = {name: round(value, 3) for name, value in zip(TOTALS, found.totals, strict=True)}
    balance = Balance(*(totals.get(f"{n}_seconds", 0.0) for n in ("waited", "encode", "decode")))
    seconds = float(worked.max()) if len(worked) else 0.0
    return {
        "schema": SCHEMA,
        **{key: run[key] for key in ("fingerprint", "version", "versions", "began")},
        "ended": ended,
        "sessions": len(run["sessions"]),
        "worked_seconds": round(seconds, 3),
        "videos": session["videos"] + session["missing"],
        **dict(zip(OUTCOMES, counts, strict=True)),
        "missing": session["missing"],
        "untold": max(0, session["videos"] - len(outcomes)),
        "reasons": _reasons(folder, {*last[outcomes == FAILED].tolist()}, run),
        "cells": int(totals.get("cells", 0)),
        "bytes": int(totals.get("bytes", 0)),
        "balance": balance.document(),
        "rate": _rate(worked[np.asarray(found.outcomes) != CACHED], seconds),
        "slowest": [kept for *_, kept in sorted(found.slowest, reverse=True)],
        "plan": errors_of(folder / PLAN, _actual(totals, seconds)),
    }


def _actual(totals: Mapping[str, float], seconds: float) -> dict[str, float]:
    """What a plan foretells, as it was."""
    taken = {name: totals.get(name, 0.0) for name in ("decode_seconds", "encode_seconds")}
    media = {"media_seconds": totals.get("cells", 0.0), "features_bytes": totals.get("bytes", 0.0)}
    return {**media, **taken, "wall_seconds": seconds}


def _whole(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Lines that say everything; others are of another program."""
    return (said for said in lines(folder) if {"outcome", "at", "cells"} <= said.keys())


def _begins(run: Mapping[str, Any]) -> NDArray[np.float64]:
    """When each session of a run began, in seconds since 1970."""
    return np.array([datetime.fromisoformat(s["began"]).timestamp() for s in run["sessions"]])


def _last(
    names: NDArray[np.int64], outcomes: NDArray[np.int8]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """The place of each path's last line, and its outcome: what was extracted once stays so."""
    order = np.argsort(names, kind="stable")
    if not len(order):
        return order, outcomes
    first = np.flatnonzero(np.diff(names[order], prepend=names[order[0]] - 1))
    last = order[np.append(first[1:], len(order)) - 1]
    made = np.maximum.reduceat(outcomes[order] == EXTRACTED, first)
    found = outcomes[last]
    return last, np.where((found == CACHED) & made, EXTRACTED, found)


def _worked(
    times: NDArray[np.float64], begins: NDArray[np.float64]
) -> tuple[NDArray[np.float64], str | None]:
    """Seconds of work at each line, without the time between two sessions; and when it ended."""
    if not len(times):
        return times, None
    session = np.maximum(0, np.searchsorted(begins, times, side="right") - 1)
    inside = np.maximum(0.0, times - begins[session])
    lengths = np.zeros(len(begins))
    np.maximum.at(lengths, session, inside)
    before = np.cumsum(lengths) - lengths
    ended = datetime.fromtimestamp(float(times.max())).astimezone()
    return before[session] + inside, ended.isoformat(timespec="seconds")


def _rate(worked: NDArray[np.float64], seconds: float) -> dict[str, Any]:
    """Videos that were worked on in each of some stretches of the time, in seconds."""
    bins = min(BINS, len(worked) // BIN_VIDEOS)
    if seconds <= 0 or not bins:
        return {"seconds": 0.0, "videos": []}
    counts, edges = np.histogram(worked, bins, (0.0, seconds))
    return {"seconds": round(float(edges[1]), 6), "videos": counts.tolist()}


def _reasons(folder: Path, failed: set[int], run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Failures by reason, the most frequent first, with examples."""
    found: dict[str, dict[str, Any]] = {}
    if missing := run["sessions"][-1]["missing"]:
        examples = [{"path": None, "message": text} for text in run.get("missing", [])]
        found["MISSING_FILE"] = {"count": missing, "examples": examples}
    for place, said in enumerate(_whole(folder) if failed else ()):
        if place in failed:
            reason = found.setdefault(str(said["reason"]), {"count": 0, "examples": []})
            reason["count"] += 1
            if len(reason["examples"]) < MOST_EXAMPLES:
                reason["examples"].append({key: said[key] for key in ("path", "message")})
    return dict(_by_count(found.items()))


def _by_count(
    reasons: Iterable[tuple[str, dict[str, Any]]],
) -> list[tuple[str, dict[str, Any]]]:
    return sorted(reasons, key=lambda item: (-item[1]["count"], item[0]))
