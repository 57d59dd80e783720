"""The pages: the list of films, and one film with its editor, as HTML.

Scripts and styles are files of their own: the policy of the pages allows nothing else.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from markupsafe import Markup

from avel.pipeline.formats.read import result_of
from avel.pipeline.report.page import page_values
from avel.pipeline.report.page_data import as_json
from avel.pipeline.report.template import render
from avel.pipeline.server.static import (
    HOME_SCRIPT,
    HOME_STYLE,
    VIDEO_SCRIPT,
    VIDEO_STYLE,
    WAITING_SCRIPT,
)

ROOM = "avel.pipeline.server"
FORMATS = {
    "json": "everything that is known",
    "csv": "a table",
    "tsv": "a table with tabs",
    "jsonl": "a line of JSON an event",
    "webvtt": "captions",
    "srt": "subtitles",
    "audacity": "labels",
    "raven": "selection table",
    "eaf": "ELAN",
    "textgrid": "Praat",
    "activitynet": "JSON of ActivityNet",
    "labelstudio": "tasks of Label Studio",
    "fiftyone": "FiftyOne",
    "rttm": "turns of speakers",
    "dcase": "DCASE, sed_eval",
    "otio": "OpenTimelineIO",
    "edl": "edit decision list",
    "fcpxml": "Final Cut Pro",
    "chapters": "chapters of YouTube",
    "kdenlive": "guides of Kdenlive",
}
"""What each format is, for those who choose one."""


@dataclass(frozen=True)
class Home:
    """What the list shows.

    Attributes:
        videos: As the API has them, the newest first.
        model: By which films are localized.
        sequence: Number of the newest change that is in here; `/api/events?after=` goes on.
        limits: What is taken at most, by name; bytes and seconds.
    """

    videos: Sequence[Mapping[str, Any]] = ()
    model: str = ""
    sequence: int = 0
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """What the page of one film shows.

    Attributes:
        video: As the API has it.
        result: The document that was found; None where there is none yet.
        data: What the scripts of the result's page draw, as JSON; empty where there is none yet.
        media: Address of what a browser plays; empty where it plays nothing.
        cannot: What of the film browsers do not play, in words; empty where they do.
        corrections: As the API has them; times in seconds.
        labels: That the model and corrections know.
        formats: In which the result can be had.
        before: What another model said before, times in seconds; None where none did.
        sequence: As in `Home`.
    """

    video: Mapping[str, Any]
    result: Mapping[str, Any] | None = None
    data: str = ""
    media: str = ""
    cannot: str = ""
    corrections: Mapping[str, Any] = field(default_factory=dict)
    labels: Sequence[str] = ()
    formats: Sequence[str] = ()
    before: Mapping[str, Any] | None = None
    sequence: int = 0


def home(state: Home) -> str:
    """The page of all films, as HTML."""
    return render(
        "home.html.j2",
        package=ROOM,
        state=Markup(as_json(asdict(state))),
        style=HOME_STYLE.name,
        script=HOME_SCRIPT.name,
    )


def video(state: Shown) -> str:
    """The page of one film, as HTML; times are seconds."""
    film = state.video
    if state.result is None or not state.data:
        about = {"video": film, "sequence": state.sequence}
        return render(
            "waiting.html.j2",
            package=ROOM,
            title=film["name"],
            state=Markup(as_json(about)),
            style=HOME_STYLE.name,
            script=WAITING_SCRIPT.name,
        )
    data = {**json.loads(state.data), "name": film["name"], "file": film["name"]}
    values = page_values(result_of({**state.result, "file": film["name"]}), data)
    return render(
        "video.html.j2",
        package=ROOM,
        **values,
        title=film["name"],
        film=film,
        media=_media(state, pictures=data["pictures"] is not None),
        formats=[(name, FORMATS.get(name, "")) for name in state.formats],
        data=Markup(as_json(data)),
        state=Markup(as_json(_about(state))),
        style=VIDEO_STYLE.name,
        script=VIDEO_SCRIPT.name,
    )


def _about(state: Shown) -> dict[str, Any]:
    """What the editor begins with; times in seconds."""
    return {
        "video": state.video,
        "corrections": state.corrections,
        "labels": list(state.labels),
        "before": state.before,
        "sequence": state.sequence,
    }


def _media(state: Shown, *, pictures: bool) -> dict[str, Any]:
    """Where the player gets the film, in the words of the result's page."""
    said = f"Browsers do not play {state.cannot or 'this file'}; its pictures stand in for it."
    return {"address": state.media, "cannot": said, "pictures": pictures}
