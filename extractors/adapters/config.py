"""Where adapters are in an encoder, and how wide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from avel.extractors.errors import ExtractorError, unknown

Placement = Literal["none", "output", "trunk", "both"]


@dataclass(frozen=True)
class AdapterConfig:
    """Where adapters are and how wide."""

    placement: Placement = "none"
    """On the encoder's outputs, after stages of its trunks, or both."""
    stages: Sequence[int] = (3, 4)
    """Residual stages of both trunks that get one, of 1 to 4."""
    reduction: int = 4
    """Of the bottleneck: channels / reduction, at least 1."""
    dropout: float = 0.1
    """Share of the bottleneck's units that are left out in training, in [0, 1)."""

    def __post_init__(self) -> None:
        known = get_args(Placement)
        if self.placement not in known:
            said = f"adapter.placement '{self.placement}' is none of"
            raise unknown(said, str(self.placement), known)
        if not self.stages or any(stage not in (1, 2, 3, 4) for stage in self.stages):
            raise ExtractorError(f"adapter.stages {list(self.stages)} must be some of 1, 2, 3, 4")
        if self.reduction < 1:
            raise ExtractorError(f"adapter.reduction {self.reduction} must be 1 or more")
        if not 0 <= self.dropout < 1:
            raise ExtractorError(f"adapter.dropout {self.dropout} must be in [0, 1)")

    @property
    def trunk_stages(self) -> tuple[int, ...]:
        """Stages with an adapter, counted from 1, in order; empty without in-trunk placement."""
        return tuple(sorted(set(self.stages))) if self.placement in ("trunk", "both") else ()

    @property
    def at_output(self) -> bool:
        """Whether the encoder's outputs have one."""
        return self.placement in ("output", "both")
