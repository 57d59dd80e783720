"""One table as CSV and as an HTML page; every string in it is escaped."""

import csv
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path


def write_table(
    folder: Path, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Write `<name>.csv` and `<name>.html` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    (folder / f"{name}.html").write_text(table_page(name, header, rows), "utf-8")


def table_page(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The page as text."""
    style = (files("avel.pipeline.report") / "page.css").read_text("utf-8")
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>\n"
        f"<style>{style}</style>\n<h1>{escape(title)}</h1>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></html>\n"
    )
