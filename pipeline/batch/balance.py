"""Whether a batch waits for decoders or for its encoder, and how many cores would balance it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avel.pipeline.method.outcome import Outcome

LEAST_SECONDS = 0.1
"""Of work, under which nothing is said of it."""


@dataclass
class Balance:
    """Where the time of all loops went, in seconds.

    Attributes:
        waited: Loops had nothing to do but wait for decoders.
        encoding: Loops encoded.
        decoding: Of processors, that decoders took, beside the loops.
    """

    waited: float = 0.0
    encoding: float = 0.0
    decoding: float = 0.0

    def take(self, outcome: Outcome) -> None:
        """Count one video."""
        self.waited += outcome.waited_seconds
        self.encoding += outcome.encode_seconds
        self.decoding += outcome.decode_seconds

    @property
    def waited_share(self) -> float:
        """Of the loops' time that they waited for decoders, in [0, 1]."""
        return self.waited / max(1e-9, self.waited + self.encoding)

    @property
    def bottleneck(self) -> str:
        """`decoding` or `encoding`; empty where next to nothing was done."""
        if self.waited + self.encoding < LEAST_SECONDS:
            return ""
        return "decoding" if self.waited_share > 0.5 else "encoding"

    @property
    def cores(self) -> int:
        """Cores for the decoders of one loop, with which it would wait no more; 0: not known."""
        return math.ceil(self.decoding / self.encoding - 1e-9) if self.encoding > 0 else 0

    @property
    def sentence(self) -> str:
        """The bottleneck for people; empty where there is none."""
        if not self.bottleneck:
            return ""
        share = self.waited_share if self.bottleneck == "decoding" else 1 - self.waited_share
        balanced = f"; {_cores(self.cores, ' for decoding')} a loop" if self.cores else ""
        return f"bottleneck: {self.bottleneck}, {share:.0%} of the loops' time{balanced}"

    @property
    def note(self) -> str:
        """The same in a few words, for a line that changes all the time."""
        if not self.bottleneck:
            return ""
        balanced = f" ({_cores(self.cores)} a loop)" if self.cores else ""
        return f"bottleneck {self.bottleneck}{balanced}"

    def document(self) -> Mapping[str, Any]:
        """The same for programs."""
        seconds = {name: round(value, 3) for name, value in vars(self).items()}
        return {
            "bottleneck": self.bottleneck or None,
            **{f"{name}_seconds": value for name, value in seconds.items()},
            "waited_share": round(self.waited_share, 4),
            "balancing_cores": self.cores or None,
        }


def _cores(count: int, use: str = "") -> str:
    return f"1 core{use} balances" if count == 1 else f"{count} cores{use} balance"
