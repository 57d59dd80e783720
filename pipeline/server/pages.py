"""The pages: the list of films, and one film with its editor; and the files that they load.

Scripts and styles are files of their own: the policy of the pages allows nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

STATIC: Mapping[str, tuple[str, str]] = {}
"""Package and media type of each file below `/static/`, by its name."""


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
    sequence: int = 0


def home(state: Home) -> str:
    """The page of all films, as HTML."""
    rows = "".join(
        f'<li><a href="/videos/{video["id"]}">{escape(video["name"])}</a> {video["state"]}</li>'
        for video in state.videos
    )
    return f"<!doctype html><title>avel</title><ul>{rows}</ul>"


def video(state: Shown) -> str:
    """The page of one film, as HTML; times are seconds."""
    return f"<!doctype html><title>{escape(state.video['name'])}</title>"
