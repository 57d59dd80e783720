"""Events as DCASE's event lists, which sed_eval reads."""

from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_name, one_word
from avel.pipeline.formats.times import decimal

MARKS = str.maketrans(dict.fromkeys('",;:#|', "_"))
"""Its readers guess what parts the fields from all that might, and take `a:b` for a list."""
SHORTEST = 3
"""Letters of a label: one and two are something else to them."""


def lines(entry: Entry) -> str:
    """One line per event without a head: file, onset and offset in seconds, label."""
    file = one_name(entry.result.file).translate(MARKS)
    return "".join(
        f"{file}\t{decimal(e.onset, 3)}\t{decimal(e.offset, 3)}\t{_label(e.label)}\n"
        for e in entry.result.events
    )


def _label(text: str) -> str:
    """One word that is nothing but a label: no number, no file's name."""
    word = one_word(text).translate(MARKS)
    return f"{word}_" if len(word) < SHORTEST or "." in word or _is_number(word) else word


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


DCASE = Format(
    suffix=".dcase.txt",
    opens="sed_eval, dcase_util",
    times="1 µs",
    score="lost",
    label="one word: spaces, quotes, commas, `;`, `:`, `#` and bars become `_`",
    overlap="as it is",
    body=lines,
    together=True,
)
