"""The formats by name: a new one is a file beside and a line here."""

from pathlib import Path

from avel.pipeline.formats.activitynet import ACTIVITYNET
from avel.pipeline.formats.audacity import AUDACITY
from avel.pipeline.formats.chapters import CHAPTERS
from avel.pipeline.formats.csv import CSV
from avel.pipeline.formats.dcase import DCASE
from avel.pipeline.formats.eaf import EAF
from avel.pipeline.formats.edl import EDL
from avel.pipeline.formats.fcpxml import FCPXML
from avel.pipeline.formats.fiftyone import FIFTYONE
from avel.pipeline.formats.json import JSON
from avel.pipeline.formats.jsonl import JSONL
from avel.pipeline.formats.kdenlive import KDENLIVE
from avel.pipeline.formats.labelstudio import LABELSTUDIO
from avel.pipeline.formats.otio import OTIO
from avel.pipeline.formats.raven import RAVEN
from avel.pipeline.formats.rttm import RTTM
from avel.pipeline.formats.shape import Format
from avel.pipeline.formats.srt import SRT
from avel.pipeline.formats.textgrid import TEXTGRID
from avel.pipeline.formats.tsv import TSV
from avel.pipeline.formats.webvtt import WEBVTT
from avel.pipeline.reasons import InputError

FORMATS: dict[str, Format] = {
    "json": JSON,
    "csv": CSV,
    "tsv": TSV,
    "jsonl": JSONL,
    "webvtt": WEBVTT,
    "srt": SRT,
    "audacity": AUDACITY,
    "raven": RAVEN,
    "eaf": EAF,
    "textgrid": TEXTGRID,
    "activitynet": ACTIVITYNET,
    "labelstudio": LABELSTUDIO,
    "fiftyone": FIFTYONE,
    "rttm": RTTM,
    "dcase": DCASE,
    "otio": OTIO,
    "edl": EDL,
    "fcpxml": FCPXML,
    "chapters": CHAPTERS,
    "kdenlive": KDENLIVE,
}


def of_suffix(path: Path) -> Format:
    """The format that a file's name says, by its longest suffix: `x.raven` none, `x.eaf` ELAN's.

    Raises:
        InputError: none, or `.txt`, which several have.
    """
    name = path.name.lower()
    fitting = [form for form in FORMATS.values() if name.endswith(form.suffix.lower())]
    if fitting:
        return max(fitting, key=lambda form: len(form.suffix))
    suffixes = ", ".join(form.suffix for form in FORMATS.values())
    raise InputError(f"{path}: its name says no format; end it with one of {suffixes}")


def described() -> str:
    """The formats as a table of Markdown, (n, 7): what each keeps and loses."""
    head = ("format", "file", "opened by", "times to", "score", "label", "overlapping events")
    rows = [
        (f"`{name}`", _file(form), form.opens, form.times, form.score, form.label, form.overlap)
        for name, form in FORMATS.items()
    ]
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def _file(form: Format) -> str:
    return f"`events{form.suffix}`, all videos" if form.together else f"`NAME{form.suffix}` each"
