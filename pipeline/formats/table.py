"""The formats by name: a new one is a file beside and a line here."""

from avel.pipeline.formats.csv import CSV
from avel.pipeline.formats.json import JSON
from avel.pipeline.formats.shape import Format

FORMATS: dict[str, Format] = {"json": JSON, "csv": CSV}
