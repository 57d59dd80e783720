"""What of an encoding is chosen; torch is not needed to say or check it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from avel.extractors.errors import ExtractorError, unknown

Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class EncodeOptions:
    """What of the encoding is chosen; all of it decides the features' numbers."""

    precision: Precision = "float32"
    """Of the trunks. AudioCLIP's spectrogram and VGGish's stay in float32."""
    compile: bool = False
    """Whether `torch.compile` makes the trunks' kernels."""

    def __post_init__(self) -> None:
        known = get_args(Precision)
        if self.precision not in known:
            raise unknown(f"precision '{self.precision}' is none of", str(self.precision), known)

    @property
    def chosen(self) -> dict[str, Any]:
        """Those that are not at their default, so that a new option changes no old recipe."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }


def make_options(kind: type[EncodeOptions], given: Mapping[str, Any], name: str) -> EncodeOptions:
    """An extractor's options from a mapping.

    Args:
        kind: The extractor's own type of options.
        given: Options by name; those not given have their defaults.
        name: The extractor's, for messages.

    Raises:
        ExtractorError: an option that it does not have, or of another type; lists those it has.
    """
    known = {field.name: field.default for field in fields(kind)}
    for key, value in given.items():
        if key not in known:
            raise unknown(f"extractor '{name}' has no option '{key}'; it has", key, known)
        if type(value) is not type(known[key]):
            example = f"{key}={str(known[key]).lower()}"
            raise ExtractorError(
                f"extractor option {key}={value!r} has the wrong type, as in {example}"
            )
    return kind(**given)
