"""Results of `avel localize` into a folder, one by one, with a page each and an index of all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.choice import USUAL
from avel.pipeline.formats.folder import ResultFolder
from avel.pipeline.method.results import Result
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.index import NAME, Index
from avel.pipeline.report.pages import PAGE, Pages
from avel.pipeline.work.counted import counted
from avel.pipeline.work.say import warn
from avel.pipeline.work.talk import note

Take = Callable[[Result], None]


@contextmanager
def filing(
    out: Path,
    files: Sequence[str],
    truth: Truth,
    run: CachedRun,
    *,
    attention: bool = False,
    proxy: bool = False,
    formats: Sequence[str] = USUAL,
) -> Iterator[Take]:
    """Write results into a folder with a page each, and an index over them.

    Args:
        out: The folder, made where it is missing.
        files: All inputs, in their order; one that is named twice counts once.
        truth: Annotated events in seconds, shown where they are known.
        run: What the run has in its stores.
        attention: Whether to draw pictures and videos of the attention, too.
        proxy: Whether to make a small copy of what no browser plays.
        formats: Names of the files that are written beside the pages.
    """
    draw = _attention(out, truth, run) if attention else lambda name, result: None
    with (
        Pages(out, truth, run, proxy=proxy) as pages,
        Index(out, out.name) as index,
        ResultFolder(out, files, {PAGE: pages.page}, formats, warn=warn, over=[NAME]) as folder,
    ):
        pages.names = folder.names

        def write(result: Result) -> None:
            draw(folder.add(result), result)
            index.add(pages.number(result), pages.entry(result))

        yield write
    note(f"wrote {counted(len(folder.names), 'result')} to {out}; {out / NAME} shows all")


def _attention(out: Path, truth: Truth, run: CachedRun) -> Callable[[str, Result], None]:
    from avel.pipeline.report.attention import AttentionPictures  # slow: loads matplotlib

    pictures = AttentionPictures(out, [run], [out], truth)

    def draw(name: str, result: Result) -> None:
        drawn = pictures.draw(name, [result])
        if drawn.why_none:
            warn(f"{result.file}: no picture of it: {drawn.why_none}")
        for path in drawn.paths:
            note(str(path))

    return draw
