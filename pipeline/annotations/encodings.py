"""Bytes of annotation files, within limits, and their text in the encodings that tools write."""

import codecs
from pathlib import Path

from avel.pipeline.reasons import InputError

MOST_BYTES = 64 << 20
"""Of one file: some million annotations."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def raw_of(path: Path) -> bytes:
    """The bytes of a file, 64 MiB at most.

    Raises:
        InputError: it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as err:
        raise InputError(f"{path}: cannot be read ({err.strerror or err})") from err
    if len(raw) > MOST_BYTES:
        raise InputError(
            f"{path}: is larger than {MOST_BYTES >> 20} MiB, which no file of annotations is; give "
            "what the annotation tool exported, or split it"
        )
    return raw


def text_of(path: Path, raw: bytes) -> str:
    r"""The text of a file in UTF-8 or UTF-16, without a byte order mark; lines end with `\n`.

    Raises:
        InputError: it is in neither.
    """
    coding = next((name for mark, name in MARKS if raw.startswith(mark)), _unmarked(raw))
    try:
        text = raw.decode(coding)
    except UnicodeDecodeError as err:
        line = raw[: err.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: is neither UTF-8 nor UTF-16 (byte {err.start}); save it as UTF-8"
        ) from err
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unmarked(raw: bytes) -> str:
    """UTF-16 without its mark has zeros in every second byte of what is in ASCII."""
    head = raw[:64]
    if len(head) >= 4 and not head[1] and head[0]:
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 4 and not head[0] and head[1] else "utf-8"
