"""The formats by name: a new one is a file beside and a line here."""

from avel.pipeline.formats.audacity import AUDACITY
from avel.pipeline.formats.csv import CSV
from avel.pipeline.formats.eaf import EAF
from avel.pipeline.formats.json import JSON
from avel.pipeline.formats.jsonl import JSONL
from avel.pipeline.formats.raven import RAVEN
from avel.pipeline.formats.shape import Format
from avel.pipeline.formats.srt import SRT
from avel.pipeline.formats.textgrid import TEXTGRID
from avel.pipeline.formats.tsv import TSV
from avel.pipeline.formats.webvtt import WEBVTT

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
}
