"""What a person says is in a film, in the place of what was found; each save has a number."""

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from avel.pipeline.server.database import Database
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.videos import Videos

SAME_SECONDS = 0.0005
"""Within which two times are one."""
REST_SECONDS = 1.5
"""Without an event, in which at least one whole cell shows none."""
Events = Sequence[Mapping[str, Any]]


class Corrections:
    """Corrected events of films.

    Args:
        database: That has them.
        videos: The films.
    """

    def __init__(self, database: Database, videos: Videos) -> None:
        self._database, self._videos = database, videos

    def get(self, video: str) -> dict[str, Any]:
        """The corrected events, or those found where nobody corrected; times in seconds.

        Raises:
            Problem: the film is not there.
        """
        row = self._videos.row(video)
        return corrections_of(row, self._videos.found(row))

    def put(self, video: str, revision: int, events: Events) -> dict[str, Any]:
        """Save events in the place of a revision's, counted from 0; times in seconds.

        Raises:
            Problem: the film is not there, an event is outside of it, or somebody else was first.
        """
        row = self._videos.row(video)
        checked = [_checked(number, event, row["seconds"]) for number, event in enumerate(events)]
        self._save(video, revision, sorted(checked, key=_place))
        return self.get(video)

    def delete(self, video: str) -> None:
        """Go back to what was found, in seconds; the next save needs the new revision all the same.

        Raises:
            Problem: the film is not there.
        """
        row = self._videos.row(video)
        if row["corrections"] is not None:
            self._save(video, row["revision"], None)

    def _save(self, video: str, revision: int, events: Events | None) -> None:
        labels = None if events is None else sorted({event["label"] for event in events})
        with self._database.writing() as write:
            saved = write.execute(
                "UPDATE videos SET corrections = ?, labels = ?, revision = revision + 1 WHERE "
                "id = ? AND revision = ?",
                (_as_text(events), _as_text(labels), video, revision),
            )
        if saved.rowcount != 1:
            newest = self._videos.row(video)["revision"]
            raise Problem(
                412,
                "STALE",
                f"revision {revision} is not the newest ({newest}): somebody saved meanwhile; read "
                "the corrections again, and save over those",
            )

    def untaught(self) -> dict[str, int]:
        """The films of which something is not taught: their revisions, by their 32 hex digits."""
        return {
            row["id"]: row["revision"]
            for row in self._database.rows(
                "SELECT id, revision FROM videos WHERE revision > taught"
            )
        }

    def taught(self, write: sqlite3.Connection, revisions: Mapping[str, int]) -> None:
        """Remember what a model was taught: each film's revision, as part of a transaction."""
        write.executemany(
            "UPDATE videos SET taught = ? WHERE id = ?",
            [(revision, video) for video, revision in revisions.items()],
        )

    def examples(self) -> list[dict[str, Any]]:
        """Every corrected film with its events, in seconds, for teaching."""
        rows = self._database.rows(
            "SELECT id, suffix, name, seconds, corrections FROM videos WHERE corrections IS NOT "
            "NULL ORDER BY added, id"
        )
        return [{**dict(row), "events": json.loads(row["corrections"])} for row in rows]

    def lesson(self) -> list[dict[str, Any]]:
        """What is taught: the corrected films, in seconds.

        One event alone that fills its films can be told from nothing. Films that nobody corrected
        stand beside it then, as far as nothing was found in them that was found in those.

        Raises:
            Problem: there is nothing to teach, or nothing to tell it from.
        """
        films = self.examples()
        labels = self.labels()
        if not labels:
            why = "the corrections have no event" if films else "no film was corrected"
            raise Problem(
                422,
                "NOTHING_TO_TEACH",
                f"{why}: open a film, say which event is when, save it, and teach then",
            )
        if len(labels) > 1 or any(_has_rest(film) for film in films):
            return films
        others = self._unlike(films, labels)
        if not others:
            raise Problem(
                422,
                "NOTHING_TO_TELL_FROM",
                f"'{next(iter(labels))}' fills its film from end to end, so there is nothing to "
                "tell it from: make it as short as it is, name a second event, or add a film of "
                "something else",
            )
        return [*films, *others]

    def _unlike(self, films: Sequence[Mapping[str, Any]], labels: set[str]) -> list[dict[str, Any]]:
        """Films that nobody corrected, in which nothing of these was found."""
        taken = set(labels)
        for film in films:
            taken |= {event["label"] for event in self._found(film["id"])}
        rows = self._database.rows(
            "SELECT id, suffix, name, seconds FROM videos WHERE corrections IS NULL AND result IS "
            "NOT NULL ORDER BY added, id"
        )
        return [
            {**dict(row), "events": []}
            for row in rows
            if not taken & {event["label"] for event in self._found(row["id"])}
        ]

    def labels(self) -> set[str]:
        """Names (K,) that people gave events, in no order."""
        rows = self._database.rows("SELECT DISTINCT labels FROM videos WHERE labels IS NOT NULL")
        return {label for row in rows for label in json.loads(row["labels"])}

    def _found(self, video: str) -> list[dict[str, Any]]:
        try:
            return _as_events(self._videos.result(video))
        except Problem:
            return []


def corrections_of(row: sqlite3.Row, document: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the API says of a film whose row and document were read; times in seconds.

    Args:
        row: All that the table has of it.
        document: That was found; None where nothing was yet.
    """
    saved, found = row["corrections"], _as_events(document) if document else []
    return {
        "revision": row["revision"],
        "events": found if saved is None else _told(json.loads(saved), found),
        "corrected": saved is not None,
    }


def _as_events(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"m{number}",
            **{name: event[name] for name in ("label", "onset", "offset", "score")},
            "by": "model",
        }
        for number, event in enumerate(document["events"])
    ]


def _as_text(value: Sequence[Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _checked(number: int, event: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """An event as it is kept.

    Raises:
        Problem: it has no name, or lies outside the film.
    """
    label = " ".join(event["label"].split())
    onset, offset = float(event["onset"]), float(event["offset"])
    if not label:
        raise _wrong(number, "has an empty label; give it a name")
    if not all(map(math.isfinite, (onset, offset))) or not 0 <= onset < offset:
        raise _wrong(number, f"({onset:g}-{offset:g} s) must begin at 0 or later, before it ends")
    if seconds and (offset > seconds + 1 or onset >= seconds):
        raise _wrong(number, f"ends at {offset:g} s, after the film ({seconds:g} s)")
    return {"label": label, "onset": onset, "offset": min(offset, seconds or offset)}


def _has_rest(film: Mapping[str, Any]) -> bool:
    """Whether a second of a film, or more, shows no event."""
    until = free = 0.0
    for event in sorted(film["events"], key=_place):
        free = max(free, event["onset"] - until)
        until = max(until, event["offset"])
    return bool(max(free, film["seconds"] - until) >= REST_SECONDS)


def _wrong(number: int, why: str) -> Problem:
    return Problem(422, "WRONG_EVENT", f"event {number + 1} {why}")


def _place(event: Mapping[str, Any]) -> tuple[float, float, str]:
    return event["onset"], event["offset"], event["label"]


def _told(saved: Events, found: Events) -> list[dict[str, Any]]:
    """Saved events with who is of their mind."""
    told = []
    by_second: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for event in found:
        by_second[int(event["onset"])].append(event)
    for number, event in enumerate(saved):
        seconds = {int(event["onset"] + by) for by in (-SAME_SECONDS, SAME_SECONDS)}
        near = (other for second in sorted(seconds) for other in by_second[second])
        same = next((other for other in near if _same(event, other)), None)
        score, by = (same["score"], "model") if same else (None, "person")
        told.append({"id": f"p{number}", **event, "score": score, "by": by})
    return told


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one["label"] == other["label"] and all(
        abs(one[name] - other[name]) <= SAME_SECONDS for name in ("onset", "offset")
    )
