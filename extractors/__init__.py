"""Encoders of sight and sound by name; what loads torch is read when it is first asked for.

That takes seconds, and what only settles how an experiment is set up (`adapters.config`) must
answer without.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avel.extractors.adapters.adapted import AdaptedChoice
    from avel.extractors.audioclip.extractor import AudioCLIPExtractor
    from avel.extractors.choice import Choice, PairChoice
    from avel.extractors.extractor import Extractor, FrozenExtractor
    from avel.extractors.table import EXTRACTORS, Encoder, choose

__all__ = [
    "EXTRACTORS",
    "AdaptedChoice",
    "AudioCLIPExtractor",
    "Choice",
    "Encoder",
    "Extractor",
    "FrozenExtractor",
    "PairChoice",
    "choose",
]
ELSEWHERE = {
    "AdaptedChoice": "adapters.adapted",
    "AudioCLIPExtractor": "audioclip.extractor",
    "Choice": "choice",
    "Extractor": "extractor",
    "FrozenExtractor": "extractor",
    "PairChoice": "choice",
}
"""Modules of the names that are not the table's."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{ELSEWHERE.get(name, 'table')}"), name)
