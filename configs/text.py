"""Text that a user wrote, with or without its mark; what is not UTF-8 is named with its line."""

import codecs
from pathlib import Path

UTF_8 = codecs.BOM_UTF8
MARKS = {  # the longer first: one begins with another
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
SHOWN = 60
"""Characters of a line that a message shows at most."""


class NotUtf8(ValueError):
    """A text file is written in another encoding, or is no text; names the file and the line."""


def read_text(path: Path) -> str:
    r"""A whole text file without its mark; lines end with `\n`, however they do in the file.

    Raises:
        NotUtf8: it is in another encoding, or no text; names the line, counted from 1.
        OSError: it cannot be read, by the system's own errno.
    """
    return decode(path, path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")


def decode(path: Path, raw: bytes) -> str:
    """Bytes of a text file as text without its mark; line ends stay as they are.

    Raises:
        NotUtf8: they are in another encoding, or no text.
    """
    for mark, encoding in MARKS.items():
        if raw.startswith(mark):
            raise NotUtf8(f"{path}, line 1: is {encoding}; save the file as UTF-8")
    if (zero := raw.find(b"\0")) >= 0:
        raise NotUtf8(
            f"{path}, line {_line(raw, zero)}: holds a zero byte, so it is UTF-16 or no text; save "
            "the file as UTF-8"
        )
    try:
        return raw.removeprefix(UTF_8).decode("utf-8")
    except UnicodeDecodeError as err:
        at = err.start + len(raw) - len(err.object)
        line = raw.splitlines()[_line(raw, at) - 1].decode("latin-1")
        raise NotUtf8(
            f"{path}, line {_line(raw, at)}: byte 0x{raw[at]:02X} is no UTF-8; as Latin-1 the line "
            f"is {line[:SHOWN]!r}. Save the file as UTF-8"
        ) from err


def _line(raw: bytes, at: int) -> int:
    """The line, counted from 1, in which a byte lies."""
    return len((raw[:at] + b".").splitlines())
