"""What every encoder of sight and sound is: weights in, then cells to features, frozen."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import torch
from torch import Tensor, nn

from avel.extractors.adapters.adapters import Adapters, Front, Pooling
from avel.extractors.weights.files import Weights, find_weights, read_all

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
IMAGES_AT_ONCE = 64
"""Pictures that go through a trunk together: bounds the memory when a cell has many."""


@dataclass(frozen=True)
class EncodeOptions:
    """What of the encoding is chosen; all of it decides the features' numbers."""

    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """Of the trunks. AudioCLIP's spectrogram and VGGish's stay in float32."""
    compile: bool = False
    """Whether `torch.compile` makes the trunks' kernels."""

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision '{self.precision}' is none of {', '.join(PRECISIONS)}")

    @property
    def chosen(self) -> dict[str, Any]:
        """Those that are not at their default, so that a new option changes no old recipe."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }


class Extractor(Protocol):
    """Cells to features.

    Attributes:
        name: How it is called on the command line.
        model: Its networks.
        recipe: Everything that decides the features, for the fingerprint.
    """

    name: str
    model: nn.Module

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that decides the features, for the fingerprint."""

    def __call__(self, frames: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Embed cells.

        Args:
            frames: RGB uint8 (N, F, 3, H, W); the F frames of a cell are averaged.
            samples: Mono int16 (N, S).

        Returns:
            visual (N, D) and audio (N, D') float32, visual_map (N, P, C) float16, on the CPU; of
            width 0 where the extractor has no such head.
        """


class FrozenExtractor(ABC):
    """One trunk for sight, for sound, or both, with weights from the user's files."""

    name: str = ""
    files: ClassVar[tuple[str, ...]] = ()
    """File names that are looked for when no weights are given."""
    options_type: ClassVar[type[EncodeOptions]] = EncodeOptions
    mean: Sequence[float] = (0.5, 0.5, 0.5)
    std: Sequence[float] = (0.5, 0.5, 0.5)
    """Of the pictures that the weights were trained on, RGB in [0, 1]."""

    def __init__(
        self, weights: Weights, options: EncodeOptions | None = None, device: str = "cpu"
    ) -> None:
        self.weights, self.options = weights, options or self.options_type()
        self.adapters: Adapters | None = None
        self.device = torch.device(device)
        check_precision(self.options.precision, self.device)
        model = self.load()
        self.model = model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model.eval().requires_grad_(False)
        self._see: Callable[[Tensor], tuple[Tensor, Tensor]] = self.see
        self._hear: Callable[[Tensor], Tensor] = self.hear
        if self.options.compile:
            self._see, self._hear = torch.compile(self.see), torch.compile(self.hear)
        mean, std = (torch.tensor(v, device=self.device) for v in (self.mean, self.std))
        self._scale, self._shift = (v.view(3, 1, 1) for v in (1 / (255 * std), -mean / std))

    @abstractmethod
    def load(self) -> nn.Module:
        """The networks with `self.weights` in them."""

    @property
    def stage_channels(self) -> Mapping[str, int]:
        """Channels after each stage that may have an in-trunk adapter, by place."""
        return {}

    @property
    def pooling(self) -> Pooling | None:
        """What makes the vector of a picture from the tokens of its map, where that is known."""
        return None

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pictures (N, 3, H, W) to maps (N, P, C) and vectors (N, D)."""
        return images.new_zeros(len(images), 0, 0), images.new_zeros(len(images), 0)

    def hear(self, samples: Tensor) -> Tensor:
        """Sound (N, S), float on the int16 scale, to vectors (N, D)."""
        return samples.new_zeros(len(samples), 0)

    @classmethod
    def find(cls, given: Sequence[Path]) -> Weights:
        """The weight files given, else those of `files` where weights are kept."""
        return find_weights(cls.files, given)

    @classmethod
    def tensors(cls, weights: Weights) -> dict[str, Tensor]:
        """What is in the files, under this extractor's own names."""
        return read_all(weights)

    @classmethod
    def cells(cls, weights: Weights) -> Mapping[str, Any]:
        """How videos must be cut for it: settings of the segments stage, by name."""
        return {}

    @classmethod
    def recipe_of(cls, weights: Weights, options: EncodeOptions) -> Mapping[str, Any]:
        """Everything that decides the features; no tensor is read for it."""
        return {
            "extractor": cls.name,
            "weights_sha256": weights.sha256,
            "options": options.chosen,
            "map_precision": "float16",
        }

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that decides the features, for the fingerprint."""
        return self.recipe_of(self.weights, self.options)

    @torch.inference_mode()
    def __call__(self, frames: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Embed cells; see `Extractor`."""
        return {**self.embed_sight(frames), **self.embed_sound(samples)}

    @torch.inference_mode()
    def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
        """Sight's part of what a call gives."""
        N, F = frames.shape[:2]
        if not N:
            return _none(self.embed_sight(frames.new_zeros(1, *frames.shape[1:])))
        with self.in_precision():
            seen = [self._look(part) for part in torch.split(frames.flatten(0, 1), IMAGES_AT_ONCE)]
        maps, visual = (torch.cat(parts) for parts in zip(*seen, strict=True))
        return {
            "visual": visual.float().view(N, F, *visual.shape[1:]).mean(1).cpu(),
            "visual_map": maps.float().reshape(N, F, *maps.shape[1:]).mean(1).half().cpu(),
        }

    @torch.inference_mode()
    def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
        """Sound's part of what a call gives."""
        if not len(samples):
            return _none(self.embed_sound(samples.new_zeros(1, samples.shape[1])))
        with self.in_precision():
            return {"audio": self._hear(samples.to(self.device).float()).float().cpu()}

    def in_precision(self) -> AbstractContextManager[object]:
        """Within it trunks run in the chosen precision; in float32 what is around it holds."""
        dtype = PRECISIONS[self.options.precision]
        if dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype)

    def _look(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        return self._see(self.normalised(frames.to(self.device)))

    def normalised(self, frames: Tensor) -> Tensor:
        """RGB uint8 (N, 3, H, W) as the weights' training saw pictures."""
        images = frames.float() * self._scale + self._shift
        return images.contiguous(memory_format=torch.channels_last)

    def to(self, device: torch.device) -> None:
        """Move networks and constants to a device."""
        if device != self.device:
            self.device, self.model = device, self.model.to(device)
            self._scale, self._shift = self._scale.to(device), self._shift.to(device)


class SegmentFront(Front):
    """Segments to features through the whole encoder, with or without adapters, for training.

    The trunk is no part of the module's state: it is frozen and has a file of its own.
    """

    def __init__(self, extractor: FrozenExtractor, adapters: Adapters | None) -> None:
        super().__init__()
        self.adapters = adapters
        self._extractor = extractor
        extractor.adapters = adapters

    def forward(
        self, audio: Tensor, visual_map: Tensor, visual: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Samples int16 (B, T, S), RGB uint8 (B, T, F, 3, H, W) and nothing to features.

        Returns:
            audio (B, T, D), visual_map (B, T, P, C) and visual (B, T, D).
        """
        B, T, F = visual_map.shape[:3]
        extractor = self._extractor
        extractor.to(audio.device)
        with extractor.in_precision():
            maps, seen = extractor.see(extractor.normalised(visual_map.flatten(0, 2)))
            heard = extractor.hear(audio.flatten(0, 1).float())
        features = (
            heard.float().view(B, T, -1),
            maps.float().reshape(B, T, F, *maps.shape[1:]).mean(2),
            seen.float().view(B, T, F, seen.shape[1]).mean(2),
        )
        if self.adapters is None:
            return features
        return self.adapters.outputs(*features, extractor.pooling)


def _none(features: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same arrays without cells: not every trunk takes an empty batch."""
    return {name: value[:0] for name, value in features.items()}


def check_precision(precision: str, device: torch.device) -> None:
    """Refuse a precision that the device would only emulate.

    Raises:
        ValueError: names the device and what it can do.
    """
    if precision == "float32":
        return
    if device.type == "cuda":
        if precision == "bfloat16" and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise ValueError(f"{device} has no bfloat16; use float16 or float32")
        return
    instructions = torch.cpu.get_capabilities().items()
    has_bfloat16 = any(name.endswith("bf16") and there for name, there in instructions)
    if precision == "bfloat16" and has_bfloat16:
        return
    lack = "bfloat16 instructions" if precision == "bfloat16" else "float16 kernels"
    raise ValueError(f"the {device.type} has no {lack}; use precision float32")


def make_options(kind: type[EncodeOptions], given: Mapping[str, Any], name: str) -> EncodeOptions:
    """An extractor's options from a mapping.

    Raises:
        ValueError: an option that it does not have, or of another type; lists the allowed ones.
    """
    known = {field.name: field.default for field in fields(kind)}
    for key, value in given.items():
        if key not in known:
            raise ValueError(f"extractor '{name}' has no option '{key}'; it has {', '.join(known)}")
        if type(value) is not type(known[key]):
            example = f"{key}={str(known[key]).lower()}"
            raise ValueError(
                f"extractor option {key}={value!r} has the wrong type, as in {example}"
            )
    return kind(**given)
