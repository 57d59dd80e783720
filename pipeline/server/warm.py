"""An encoder that is loaded once, however many runs ask for it."""

from dataclasses import replace
from typing import Any

from avel.cache.fingerprint import fingerprint
from avel.pipeline.method.plan import LocalizationPlan
from avel.pipeline.work.runtime import resolve_device


class Warm:
    """Keeps loaded encoders by their recipe and device."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str], Any] = {}

    def over(self, plan: LocalizationPlan) -> LocalizationPlan:
        """The same plan, whose encoder is loaded once."""
        find = plan.find_encoder
        return replace(plan, find_encoder=lambda: Kept(find(), self._loaded))  # type: ignore[arg-type,return-value]

    def encoder(self, plan: LocalizationPlan, device: str) -> tuple[Any, bool]:
        """Load a plan's encoder now: the networks, and whether they were not there before."""
        before = len(self._loaded)
        networks = plan.encoder.load(resolve_device(device))
        return networks, len(self._loaded) > before


class Kept:
    """Stands where an encoder that was chosen stands, and remembers what it has loaded.

    Args:
        encoder: The chosen one.
        loaded: What is loaded, by recipe and device.
    """

    def __init__(self, encoder: Any, loaded: dict[tuple[str, str], Any]) -> None:
        self._encoder, self._loaded = encoder, loaded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def load(self, device: str = "cpu") -> Any:
        """The networks on a device, loaded at most once: in seconds, then at once."""
        key = (fingerprint(self._encoder.recipe), device)
        if key not in self._loaded:
            self._loaded[key] = self._encoder.load(device)
        return self._loaded[key]
