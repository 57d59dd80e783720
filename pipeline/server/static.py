"""The files that pages load: scripts and styles, many in one, under a name that changes with them.

So a page asks for two files, not for thirty, and a browser keeps them for ever.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from avel.pipeline.report.page import SCRIPTS, STYLES

REPORT, SERVER = "avel.pipeline.report", "avel.pipeline.server"
BASIS = ("looks.js", "times.js", "data.js")
"""What every page reads first."""
SHARED = ("ask.js", "words.js", "live.js", "changes.js", "teach.js")
LIST = ("upload.js", "choose.js", "card.js", "home.js")
EDITOR = ("draft.js", "combobox.js", "grips.js", "frame.js", "form.js", "keep.js", "editor.js")
KINDS = {"js": "text/javascript", "css": "text/css"}


@dataclass(frozen=True)
class Static:
    """A file that is sent.

    Attributes:
        name: Below `/static/`, with 12 hex digits of what is in it.
        kind: Its media type.
        content: Its bytes.
    """

    name: str
    kind: str
    content: bytes


def joined(stem: str, suffix: str, report: Sequence[str], server: Sequence[str]) -> Static:
    """Files of the report's room, then of this one, as one; named with 12 hex digits of it."""
    named = [(REPORT, name) for name in report] + [(SERVER, name) for name in server]
    content = b"\n".join((files(room) / name).read_bytes() for room, name in named)
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Static(f"{stem}.{digest}.{suffix}", KINDS[suffix], content)


HOME_SCRIPT = joined("home", "js", BASIS, (*SHARED, *LIST))
HOME_STYLE = joined("home", "css", ("style.css",), ("serve.css", "home.css"))
VIDEO_SCRIPT = joined("video", "js", SCRIPTS, (*SHARED, *EDITOR, "video.js"))
VIDEO_STYLE = joined("video", "css", STYLES, ("serve.css", "edit.css"))
WAITING_SCRIPT = joined("waiting", "js", BASIS, (*SHARED, "video.js"))
"""Of a film that nothing was found in yet."""
STATIC: Mapping[str, Static] = {
    each.name: each for each in (HOME_SCRIPT, HOME_STYLE, VIDEO_SCRIPT, VIDEO_STYLE, WAITING_SCRIPT)
}
"""By their names; nothing else is sent."""
