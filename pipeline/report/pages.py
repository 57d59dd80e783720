"""The pages of a folder of results: each film is looked at once, for its page and the index."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self
from urllib.parse import quote

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.whole import unwritable
from avel.pipeline.media.apart import Apart
from avel.pipeline.media.look import write_proxy
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import MediaError
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.earlier import Looked, looked_at
from avel.pipeline.report.index import NAME, entry
from avel.pipeline.report.page import Look, Place, report_page
from avel.pipeline.report.player import proxy_of, unplayable
from avel.pipeline.report.preview import Preview, preview
from avel.pipeline.work.say import warn

PAGE = ".html"


class Pages:
    """Makes the pages of a folder, in a `with` block; each film is looked at once.

    Args:
        out: The folder.
        truth: Annotated events in seconds.
        run: What a run has in its stores; None where there is none.
        proxy: Whether to make a small copy of what no browser plays.
        earlier: Earlier pages of results by their file, for what only these know.
    """

    def __init__(
        self,
        out: Path,
        truth: Truth,
        run: CachedRun | None,
        *,
        proxy: bool = False,
        earlier: Mapping[str, Path] | None = None,
    ) -> None:
        self.names = {}
        self._out, self._truth, self._run, self._proxy = out, truth, run, proxy
        self._last: tuple[Result, Preview] | None = None
        self._apart, self._earlier = Apart(), earlier or {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._apart.end()

    @property
    def names(self) -> dict[str, str]:
        """Names of the results by file, in the order of the inputs."""
        return self._names

    @names.setter
    def names(self, names: dict[str, str]) -> None:
        self._names, self._order = names, list(names)
        self._places = {file: number for number, file in enumerate(self._order)}

    def number(self, result: Result) -> int:
        """Its place among all, from 0."""
        return self._places[result.file]

    def page(self, result: Result) -> str:
        """The text of its page; times in seconds."""
        shown = self._preview(result)
        at = self.number(result)
        page = self._out / f"{self._names[result.file]}{PAGE}"
        place = Place(NAME, self._address(at - 1), self._address(at + 1), page)
        if self._proxy:
            self._make_proxy(result, shown, page)
        look = Look(shown, truth=self._truth.of(result.file))
        if (looked := self._looked_at(result)) is not None:
            look = replace(look, attention=looked.weights, crop=looked.crop)
        return report_page(result, look, place)

    def _looked_at(self, result: Result) -> Looked | None:
        """Where the model looked: as the run has it, else as an earlier page has."""
        if self._run is None:
            page = self._earlier.get(result.file)
            return None if page is None else looked_at(page, result.segments)
        scores = None if result.status == "failed" else self._run.scores(result)
        if scores is None or not scores.attention.size:
            return None
        return Looked(scores.attention, self._run.segment_config.fit == "crop")

    def entry(self, result: Result) -> dict[str, object]:
        """What the index says of it; times in seconds."""
        return entry(result, f"{self._names[result.file]}{PAGE}", self._preview(result))

    def _address(self, at: int) -> str:
        if not 0 <= at < len(self._order):
            return ""
        return quote(os.fsencode(f"{self._names[self._order[at]]}{PAGE}"))

    def _preview(self, result: Result) -> Preview:
        if self._last is None or self._last[0] is not result:
            self._last = result, preview(self._apart, result, self._run)
        return self._last[1]

    def _make_proxy(self, result: Result, shown: Preview, page: Path) -> None:
        path = Path(result.file)
        if shown.kind is None or not unplayable(path, shown.kind):
            return
        try:
            write_proxy(self._apart, path, proxy_of(page))
        except MediaError as err:
            warn(f"{path}: no small copy of it: {err}")
        except OSError as err:
            raise unwritable(proxy_of(page), err) from err
