"""One self-contained HTML page per film; every string in it is text, nothing is fetched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.datasets.truth import Spans
from avel.pipeline.method.results import Result
from avel.pipeline.report.page_data import as_json, page_data
from avel.pipeline.report.player import media_of
from avel.pipeline.report.preview import Preview
from avel.pipeline.report.template import Assets, render
from avel.pipeline.report.words import MEANINGS, summary

STYLES = ("style.css", "page.css")
SCRIPTS = (
    *("looks.js", "times.js", "data.js", "tracks.js", "blocks.js", "lanes.js", "list.js"),
    *("player.js", "overlay.js", "pointer.js", "page.js"),
)
"""In the order in which they are read."""
STILL = ("data.js", "still.js")
"""Of a page that has nothing to play."""


@dataclass(frozen=True)
class Place:
    """Where a page stands among others: their addresses from it, empty where there are none."""

    index: str = ""
    previous: str = ""
    following: str = ""
    page: Path | None = None
    """Its own path, for links to films; None where it is not known."""


@dataclass(frozen=True)
class Look:
    """What a page shows beside the result.

    Attributes:
        preview: Pictures and sound.
        attention: Where the model looks (T, P); None where it looks at no place.
        crop: Whether that is in the middle square alone.
        truth: Annotated events in seconds; None where they are not known.
    """

    preview: Preview = field(default_factory=Preview)
    attention: NDArray[np.float32] | None = None
    crop: bool = True
    truth: Spans | None = None


def report_page(result: Result, look: Look | None = None, place: Place | None = None) -> str:
    """The page of one result, as text; times are seconds."""
    look, place = look or Look(), place or Place()
    data = page_data(result, look.truth, look.preview, look.attention, crop=look.crop)
    values = page_values(result, data)
    assets = Assets(STYLES, SCRIPTS if values["plays"] else STILL)
    return render(
        "page.html.j2",
        **values,
        data=assets.text(as_json(data)),
        title=Path(result.file).name,
        place=place,
        media=media_of(Path(result.file), look.preview.kind, place.page),
        style=assets.style,
        script=assets.script,
        policy=assets.policy(media="data: file: 'self'"),
    )


def page_values(result: Result, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template says of a result and of what is drawn of it; times in seconds."""
    return {
        "plays": result.status != "failed",
        "facts": _facts(result),
        "summary": summary(result),
        "counts": {
            "found": len(result.events),
            "alone": len(result.disagreements),
            "sounds": len(result.sounds),
        },
        "spare": (not result.disagreements) + (data["truth"] is None),
        "meanings": list(_meanings(result, data)),
        "details": list(_details(result)),
    }


def _facts(result: Result) -> str:
    if not result.length:
        return ""
    if result.length < 60:
        return f"{result.length:.1f} s"
    minutes, seconds = divmod(round(result.length), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _meanings(result: Result, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of what is on this page alone."""
    absent = {
        "heard": not result.heard,
        "seen": not result.seen,
        "one sense": not result.disagreements,
        "picture": not data["pictures"],
        "sound": not data["peaks"],
        "pitch": not data["mel"],
        "truth": data["truth"] is None,
        "attention": not data["attention"],
    }
    yield from ((name, said) for name, said in MEANINGS.items() if not absent.get(name))


def _details(result: Result) -> Iterator[tuple[str, str]]:
    yield "file", result.file
    yield "status", " ".join([result.status, *result.reasons])
    known = f"{result.duration:.3f} s" if isfinite(result.duration) else "not known,"
    yield "length", f"{known} in {result.segments} segments of 1 s"
    for name in ("name", "knows", "sha256"):
        if value := result.model.get(name):
            yield {"name": "model", "sha256": "fingerprint"}.get(name, name), value
    if result.decoder:
        yield "decoder", ", ".join(f"{name} {value}" for name, value in result.decoder.items())
    if result.in_domain is not None:
        yield "familiar", f"{result.in_domain:.0%} of the segments resemble the training data"
    for note in result.notes:
        yield "note", note
