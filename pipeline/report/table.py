"""One table as CSV, as Markdown and as an HTML page; every string in the page is escaped."""

import csv
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

WIDE = "body { max-width: none; margin: 2rem; }"


def write_table(
    folder: Path,
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str] = (),
) -> None:
    """Write `<name>.csv`, `.md` and `.html` into a folder; the last two with the notes below."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    text = "\n\n".join([markdown(header, rows), *notes])
    (folder / f"{name}.md").write_text(text + "\n", "utf-8")
    (folder / f"{name}.html").write_text(table_page(name, header, rows, notes), "utf-8")


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as Markdown."""
    lines = [f"| {' | '.join(c.replace('|', '/') for c in row)} |" for row in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])


def table_page(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str] = (),
) -> str:
    """The page as text."""
    style = (files("avel.pipeline.report") / "page.css").read_text("utf-8")
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    below = "".join(f"<p class=quiet>{escape(note)}</p>" for note in notes)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>\n"
        f"<style>{style} {WIDE}</style>\n<h1>{escape(title)}</h1>\n"
        f"<div class=wide><table><thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table></div>\n{below}</html>\n"
    )
