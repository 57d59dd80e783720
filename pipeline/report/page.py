"""One self-contained HTML page per video; every string in it is escaped, nothing is fetched."""

import base64
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from avel.pipeline.datasets.truth import Spans
from avel.pipeline.method.events import Disagreement
from avel.pipeline.method.results import Result
from avel.pipeline.report.pictures import MOST_FRAMES
from avel.pipeline.report.template import render
from avel.pipeline.report.timeline import lay_out, seconds_of

MOST_EMBEDDED_BYTES = 20 << 20
"""A larger video is linked by its path instead of being put into the page."""

TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mov": "video/mp4"}


def report_page(result: Result, truth: Spans | None, pictures: Sequence[tuple[str, str]]) -> str:
    """The page as text.

    Args:
        result: Of one video.
        truth: Annotated events in seconds; None where they are not known.
        pictures: Per segment its frame and the frame under its attention, as data URIs; the second
            is empty where the model has none. None at all where there are none.
    """
    return render(
        "page.html.j2",
        title=Path(result.file).name,
        result=result,
        seconds=seconds_of(result),
        facts=_facts(result),
        notes=_notes(result),
        video=_video(Path(result.file)),
        timeline=lay_out(result, truth),
        truth=truth,
        pictures=pictures,
        evident=any(event.evidence for event in result.events),
        alone=_by_kind(result.disagreements),
        attends=any(heat for _, heat in pictures),
        most_frames=MOST_FRAMES,
    )


def _facts(result: Result) -> dict[str, str]:
    return {
        "status": result.status + (f" ({', '.join(result.reasons)})" if result.reasons else ""),
        "duration": f"{result.duration:.2f} s in {result.segments} segments of 1 s",
        "model": f"{result.model.get('name', '')} {result.model.get('sha256', '')[:12]}",
        "decoder": " ".join(str(value) for value in result.decoder.values()),
    }


def _notes(result: Result) -> list[str]:
    notes = [*([result.message] if result.message else []), *result.notes]
    if knows := result.model.get("knows"):
        notes.append(f"Model: {knows}.")
    return notes


def _by_kind(disagreements: Sequence[Disagreement]) -> dict[str, list[Disagreement]]:
    """What only one sense names, under its heading, in time order."""
    found: dict[str, list[Disagreement]] = {}
    for each in disagreements:
        found.setdefault(each.kind.capitalize(), []).append(each)
    return found


def _video(path: Path) -> str | None:
    """Address of the video for the player; None where no browser plays it."""
    kind = TYPES.get(path.suffix.lower())
    if kind is None or not path.is_file():
        return None
    if path.stat().st_size <= MOST_EMBEDDED_BYTES:
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
    return "file://" + quote(str(path.resolve()))
