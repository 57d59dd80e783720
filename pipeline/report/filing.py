"""Results of `avel localize` into a folder, one by one, with a page each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.folder import ResultFolder
from avel.pipeline.method.results import Result
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.work.say import warn

Take = Callable[[Result], None]


@contextmanager
def filing(
    out: Path, files: Sequence[str], truth: Truth, run: CachedRun, *, attention: bool
) -> Iterator[Take]:
    """Write results into a folder with a page each.

    Args:
        out: The folder, made where it is missing.
        files: All inputs, in their order.
        truth: Annotated events in seconds, shown where they are known.
        run: What the run has in its stores.
        attention: Whether to draw pictures and videos of the attention, too.
    """
    draw = _attention(out, truth, run) if attention else lambda name, result: None
    with ResultFolder(out, files, {".html": _page(truth, run)}) as folder:

        def write(result: Result) -> None:
            draw(folder.add(result), result)

        yield write
    warn(f"wrote {len(files)} results to {out}")


def _page(truth: Truth, run: CachedRun) -> Callable[[Result], str]:
    from avel.pipeline.report.page import report_page  # slow: loads Jinja
    from avel.pipeline.report.pictures import pictures_of

    return lambda result: report_page(result, truth.of(result.file), pictures_of(run, result))


def _attention(out: Path, truth: Truth, run: CachedRun) -> Callable[[str, Result], None]:
    from avel.pipeline.report.attention import AttentionPictures  # slow: loads matplotlib

    pictures = AttentionPictures(out, [run], [out], truth)

    def draw(name: str, result: Result) -> None:
        drawn = pictures.draw(name, [result])
        if drawn.why_none:
            warn(f"{result.file}: no picture of it: {drawn.why_none}")
        for path in drawn.paths:
            warn(str(path))

    return draw
