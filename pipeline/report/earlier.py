"""What an earlier page of a result has that its JSON has not: where the model looked."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DATA = re.compile(rb'<script type="application/json" id="data">([^<]*)<')
"""As `page.html.j2` has it; `as_json` leaves no other such sign."""
MOST_SIDE = 64
"""Places in a row of the picture; of more it is none of our pages."""


@dataclass(frozen=True)
class Looked:
    """Where the model looked: weights (T, P) of each second, and whether in the middle alone."""

    weights: NDArray[np.float32]
    crop: bool


def looked_at(page: Path, segments: int) -> Looked | None:
    """Where the model looks on a page of so many segments of one second.

    None where there is no such page, or it shows no attention, or of another length.
    """
    try:
        found = DATA.search(page.read_bytes())
        return None if found is None else _of(json.loads(found[1]), segments)
    except (OSError, ValueError, TypeError, KeyError, binascii.Error):
        return None


def _of(data: Any, segments: int) -> Looked | None:
    said = data["attention"]
    if said is None:
        return None
    side, weights = int(said["side"]), base64.b64decode(said["weights"], validate=True)
    if not 0 < side <= MOST_SIDE or len(weights) != segments * side * side:
        return None
    array = np.frombuffer(weights, np.uint8).reshape(segments, side * side)
    return Looked(array.astype(np.float32), bool(said["crop"]))
