"""One table as CSV, as Markdown and as an HTML page; every string in the page is escaped."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from avel.pipeline.formats.whole import write_whole
from avel.pipeline.report.differences import forests
from avel.pipeline.report.template import Assets, render
from avel.pipeline.studies.pairs import Pair


def write_table(
    folder: Path,
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str] = (),
    *,
    pairs: Sequence[Pair] = (),
) -> None:
    """Write `<name>.csv`, `.md` and `.html` into a folder; the last two with the notes below.

    Args:
        folder: Made where it is missing.
        name: Of the files, and the page's title.
        header: Of the columns.
        rows: Cells as text.
        notes: What a reader must know.
        pairs: Rows beside those that they are compared with, which the page draws.

    Raises:
        EnvironmentProblem: the folder cannot be written or the disk is full.
    """
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([header, *rows])
    write_whole(folder / f"{name}.csv", table.getvalue())
    text = "\n\n".join([markdown(header, rows), *notes])
    write_whole(folder / f"{name}.md", text + "\n")
    write_whole(folder / f"{name}.html", table_page(name, header, rows, notes, pairs))


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as Markdown."""
    lines = [f"| {' | '.join(c.replace('|', '/') for c in row)} |" for row in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])


def table_page(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str] = (),
    pairs: Sequence[Pair] = (),
) -> str:
    """The page as text; differences in points."""
    assets = Assets(("style.css", "run.css", "table.css"), ("data.js", "still.js"))
    return render(
        "table.html.j2",
        title=title,
        header=header,
        rows=rows,
        notes=notes,
        forests=forests(pairs),
        style=assets.style,
        script=assets.script,
        policy=assets.policy(),
    )
