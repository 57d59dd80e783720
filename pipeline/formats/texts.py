"""Labels and names as formats can hold them."""

import unicodedata
from xml.sax.saxutils import escape

from avel.pipeline.formats.whole import readable

BREAKS = ("Cc", "Zl", "Zp")
"""Categories of characters that end a line, a field or a document: control characters too."""
REFERENCES = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def one_line(text: str) -> str:
    """Text without line breaks, tabs and control characters, which become spaces.

    Nothing is left of some texts; a format's field must not be empty, so that they are `-`.
    """
    flat = (" " if unicodedata.category(c) in BREAKS else c for c in readable(text))
    return " ".join("".join(flat).split()) or "-"


def one_word(text: str) -> str:
    """The same with `_` for each run of spaces: one field of a line, of 1 letter at least."""
    return "_".join(one_line(text).split())


def one_name(name: str) -> str:
    """A file's name without spaces, as `%20`; no two become one by it."""
    return one_line(name).replace("%", "%25").replace(" ", "%20")


def xml(text: str) -> str:
    """Text inside an element or an attribute; what XML cannot hold is U+FFFD."""
    held = (c if _is_xml(c) else "\N{REPLACEMENT CHARACTER}" for c in readable(text))
    return escape("".join(held), REFERENCES)


def _is_xml(character: str) -> bool:
    """XML 1.0, production 2."""
    return (
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
    )
