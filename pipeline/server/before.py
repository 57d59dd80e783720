"""What the model before said of a film, kept so that a reader sees what another made of it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

MOST_EVENTS = 1_000
"""That are kept of an answer."""
Document = Mapping[str, Any]


def before(model: str, summary: str, old: Document, new: Document) -> str:
    """An answer beside the one that comes after it, as JSON; times in seconds.

    Args:
        model: That gave the old one.
        summary: Of the old one, in a sentence.
        old: Its document.
        new: The document that comes after it.
    """
    events = _spans(old)
    told = {"model": model, "summary": summary, "changed": events != _spans(new)}
    return json.dumps({**told, "events": events[:MOST_EVENTS]}, ensure_ascii=False)


def _spans(document: Document) -> Sequence[Mapping[str, Any]]:
    names = ("label", "onset", "offset")
    return [{name: event[name] for name in names} for event in document["events"]]


def short(text: str | None) -> str | None:
    """All but the events, as JSON, for lists of films; None where no other model was there."""
    if text is None:
        return None
    told = {name: value for name, value in json.loads(text).items() if name != "events"}
    return json.dumps(told, ensure_ascii=False)
