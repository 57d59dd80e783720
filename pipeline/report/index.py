"""One page over many results: a picture of each, what was found, filter and sort."""

import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from avel.pipeline.formats.sorting import Sorting
from avel.pipeline.formats.whole import write_whole
from avel.pipeline.method.results import Result
from avel.pipeline.report.page_data import as_json
from avel.pipeline.report.preview import Preview
from avel.pipeline.report.template import Assets, render
from avel.pipeline.report.words import summary

NAME = "index.html"
MOST_SPANS = 200
"""Events that are drawn in a row of the index; of more, as many evenly."""
STYLES = ("style.css", "index.css")
SCRIPTS = ("looks.js", "times.js", "data.js", "index.js")


def entry(result: Result, page: str, shown: Preview) -> dict[str, Any]:
    """What the index says of one result; times in seconds.

    Args:
        result: Of one film.
        page: Name of its page's file; empty where it has none.
        shown: Pictures of the film.
    """
    said = summary(result)
    every = max(1, -(-len(result.events) // MOST_SPANS))
    counts = Counter(event.label for event in result.events)
    first = result.events[0] if result.events else None
    middle = (first.onset + first.offset) / 2 if first else result.length / 2
    return {
        "name": Path(result.file).name,
        "page": quote(os.fsencode(page)),
        "status": said.status,
        "said": "" if result.events else said.headline,
        "alone": " ".join(said.lines),
        "kind": "found" if result.events else "failed" if result.status == "failed" else "none",
        "duration": round(result.length, 3),
        "events": len(result.events),
        "labels": counts.most_common(),
        "spans": [(round(e.onset, 3), round(e.offset, 3), e.label) for e in result.events[::every]],
        "picture": shown.thumbnail(middle),
    }


class Index:
    """Takes entries in any order and writes the page when its block ends well; holds none.

    Args:
        folder: Where the page goes.
        title: Of the page.
    """

    def __init__(self, folder: Path, title: str = "Audio-visual events") -> None:
        self._folder, self._title = folder, title

    def __enter__(self) -> Self:
        self._file = tempfile.TemporaryFile()
        self._texts = Sorting(self._file)
        return self

    def add(self, number: int, said: dict[str, Any]) -> None:
        """Take the entry of the result that is at a place, counted from 0."""
        self._texts.add(number, as_json(said))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            if kind is None:
                write_whole(
                    self._folder / NAME, index_page(f"[{','.join(self._texts)}]", self._title)
                )


def index_page(entries: str, title: str) -> str:
    """The page as text; `entries` is the JSON list of them, escaped as `as_json` does."""
    assets = Assets(STYLES, SCRIPTS)
    kinds = Counter(each["kind"] for each in json.loads(entries))
    return render(
        "index.html.j2",
        title=title,
        counts=kinds,
        total=sum(kinds.values()),
        data=assets.text(entries),
        style=assets.style,
        script=assets.script,
        policy=assets.policy(),
    )
