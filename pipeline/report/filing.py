"""Results of `avel localize` into a folder, one by one, with a page each and an index of all."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.folder import ResultFolder
from avel.pipeline.formats.names import ResultNames
from avel.pipeline.formats.whole import readable
from avel.pipeline.method.results import Result
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.index import NAME, Index, entry
from avel.pipeline.report.page import Look, Place, report_page
from avel.pipeline.report.preview import Preview, preview

Take = Callable[[Result], None]
PAGE = ".html"


@contextmanager
def filing(
    out: Path,
    files: Sequence[str],
    truth: Truth,
    run: CachedRun,
    *,
    attention: bool = False,
    proxy: bool = False,
) -> Iterator[Take]:
    """Write results into a folder with a page each, and an index over them.

    Args:
        out: The folder, made where it is missing.
        files: All inputs, in their order.
        truth: Annotated events in seconds, shown where they are known.
        run: What the run has in its stores.
        attention: Whether to draw pictures and videos of the attention, too.
        proxy: Whether to make a small copy of what no browser plays.
    """
    draw = _attention(out, truth, run) if attention else lambda name, result: None
    pages = Pages(out, files, truth, run, proxy=proxy)
    with ResultFolder(out, files, {PAGE: pages.page}) as folder, Index(out, out.name) as index:

        def write(result: Result) -> None:
            draw(folder.add(result), result)
            index.add(pages.number(result), pages.entry(result))

        yield write
    print(f"wrote {len(files)} results to {out}; {out / NAME} shows all", file=sys.stderr)


class Pages:
    """Makes the pages of a folder; each film is looked at once.

    Args:
        out: The folder.
        files: All inputs, in their order.
        truth: Annotated events in seconds.
        run: What a run has in its stores; None where there is none.
        proxy: Whether to make a small copy of what no browser plays.
    """

    def __init__(
        self,
        out: Path,
        files: Sequence[str],
        truth: Truth,
        run: CachedRun | None,
        *,
        proxy: bool = False,
    ) -> None:
        given = ResultNames()
        self._names = {file: given.name(file) for file in dict.fromkeys(files)}
        self._order = list(self._names)
        self._places = {file: number for number, file in enumerate(self._order)}
        self._out, self._truth, self._run, self._proxy = out, truth, run, proxy
        self._last: tuple[Result, Preview] | None = None

    def number(self, result: Result) -> int:
        """Its place among all, from 0."""
        return self._places[result.file]

    def page(self, result: Result) -> str:
        """The text of its page."""
        shown = self._preview(result)
        at = self.number(result)
        page = self._out / f"{self._names[result.file]}{PAGE}"
        place = Place(NAME, self._address(at - 1), self._address(at + 1), page)
        if self._proxy:
            self._make_proxy(result, shown, page)
        scores = self._run.scores(result) if self._run and result.status != "failed" else None
        attention = scores.attention if scores is not None and scores.attention.size else None
        crop = self._run is None or self._run.segment_config.fit == "crop"
        look = Look(shown, attention, crop, self._truth.of(result.file))
        return report_page(result, look, place)

    def entry(self, result: Result) -> dict[str, object]:
        """What the index says of it."""
        return entry(result, f"{self._names[result.file]}{PAGE}", self._preview(result))

    def _address(self, at: int) -> str:
        if not 0 <= at < len(self._order):
            return ""
        return quote(readable(f"{self._names[self._order[at]]}{PAGE}"))

    def _preview(self, result: Result) -> Preview:
        if self._last is None or self._last[0] is not result:
            self._last = result, preview(result, self._run)
        return self._last[1]

    def _make_proxy(self, result: Result, shown: Preview, page: Path) -> None:
        from avel.pipeline.media.proxy import write_proxy  # few ask for it
        from avel.pipeline.reasons import MediaError
        from avel.pipeline.report.player import proxy_of, unplayable

        path = Path(result.file)
        if shown.kind is None or not unplayable(path, shown.kind):
            return
        try:
            write_proxy(path, proxy_of(page))
        except MediaError as err:
            print(f"{path}: no small copy of it: {err}", file=sys.stderr)


def _attention(out: Path, truth: Truth, run: CachedRun) -> Callable[[str, Result], None]:
    from avel.pipeline.report.attention import AttentionPictures  # slow: loads matplotlib

    pictures = AttentionPictures(out, [run], [out], truth)

    def draw(name: str, result: Result) -> None:
        drawn = pictures.draw(name, [result])
        if drawn.why_none:
            print(f"{result.file}: no picture of it: {drawn.why_none}", file=sys.stderr)
        for path in drawn.paths:
            print(path, file=sys.stderr)

    return draw
