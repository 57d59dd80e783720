"""Names of the classes that an encoder scores, from lists in the package; no torch."""

from functools import cache
from importlib.resources import files

COMMENT = "#"
"""Starts the lines that say whose names these are."""


@cache
def read_classes(path: str) -> tuple[str, ...]:
    """Class names in the order of a network's outputs.

    Args:
        path: Of a list in this package, `vision/imagenet-1k.txt`; empty for no classes.
    """
    if not path:
        return ()
    text = files("avel.extractors").joinpath(path).read_text("utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith(COMMENT))
