"""Models that are asked for by name, and what is meant by what a user writes."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from avel.pipeline.reasons import InputError

NAMED = ("everyday", "synthetic")
"""Models without a file of the user's: that of real videos, and the shipped one of drawn ones."""


def named(given: str | os.PathLike[str]) -> Path:
    """A model as a path; a name of `NAMED` wins over a file so called, which `./everyday` means."""
    text = os.fspath(given)
    path = Path(text)
    return path.absolute() if str(path) in NAMED and text not in NAMED else path


def nearest(path: Path, names: Sequence[str] = NAMED) -> str:
    """`did you mean 'everyday'?` where nothing is at a path that is written like a name."""
    near = [] if path.exists() or path.name != str(path) else get_close_matches(str(path), names, 1)
    return f"did you mean '{near[0]}'?" if near else ""


def refuse_attention(model: object) -> None:
    """Refuse to draw where a model looks, if it looks at no place: the everyday model by its name.

    Raises:
        InputError: it has no attention.
    """
    if str(model) == "everyday":
        raise InputError(
            "everyday: judges pictures as a whole, so there is no attention to draw; its report "
            "shows the frames and the evidence, --model synthetic or a trained one has attention"
        )
