"""Events as tab-separated values: the columns of the CSV, for tools that know no quotes."""

from avel.pipeline.formats.csv import COLUMNS
from avel.pipeline.formats.names import escaped
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import decimal


def lines(entry: Entry) -> str:
    """One line per event, times in seconds, in time order."""
    file = escaped(entry.result.file)
    return "".join(
        f"{file}\t{decimal(e.onset)}\t{decimal(e.offset)}\t{one_line(e.label)}\t{e.score:.4f}\n"
        for e in entry.result.events
    )


TSV = Format(
    suffix=".tsv",
    opens="cut, awk, spreadsheets",
    times="1 µs",
    score="kept, 4 places",
    label="tabs and line breaks become spaces",
    overlap="as it is",
    body=lines,
    head="\t".join(COLUMNS) + "\n",
    together=True,
)
