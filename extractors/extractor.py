"""What every encoder of sight and sound is: weights in, then cells to features, frozen."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from avel.extractors.adapters.adapters import Adapters, Pooling
from avel.extractors.convolve import in_parts
from avel.extractors.declaration import Declaration
from avel.extractors.errors import ExtractorError
from avel.extractors.exact import exact
from avel.extractors.options import EncodeOptions
from avel.extractors.protocol import CutSound
from avel.extractors.threads import in_threads
from avel.extractors.weights.files import Weights
from avel.extractors.weights.tensors import read_all

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
IMAGES_AT_ONCE = 64
"""Pictures that go through a trunk together: bounds the memory when a cell has many."""


class FrozenExtractor(ABC):
    """One trunk for sight, for sound, or both, with weights from the user's files.

    Args:
        weights: The files, found.
        options: Of the declaration's type; None for the defaults.
        device: Any torch device, `cpu` or `cuda:1`.

    Raises:
        WeightsError: the files cannot be read, or are another model's.
        ExtractorError: the device lacks the precision.
    """

    declaration: ClassVar[Declaration]
    side_by_side: ClassVar[bool] = False
    """Whether parts of a batch are faster each on one processor than one after another on all."""
    mean: Sequence[float] = (0.5, 0.5, 0.5)
    std: Sequence[float] = (0.5, 0.5, 0.5)
    """Of the pictures that the weights were trained on, RGB in [0, 1]."""

    def __init__(
        self, weights: Weights, options: EncodeOptions | None = None, device: str = "cpu"
    ) -> None:
        self.weights, self.options = weights, options or self.declaration.options_type()
        self.name, self.device = self.declaration.name, torch.device(device)
        self.adapters: Adapters | None = None
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
        """Number of channels after each stage that may have an in-trunk adapter, by place."""
        return {}

    @property
    def pooling(self) -> Pooling | None:
        """What makes a picture's vector (N, D) of its map's tokens (N, P, C), where known."""
        return None

    @property
    def cut_sound(self) -> CutSound | None:
        """See `Extractor`; None where nothing is shared."""
        return None

    def sight_logits(self, vectors: Tensor) -> Tensor:
        """Logits (..., K) of the declared visual classes, of pictures' vectors (..., D)."""
        return vectors.new_zeros(*vectors.shape[:-1], 0)

    def sound_logits(self, vectors: Tensor) -> Tensor:
        """Logits (..., K) of the declared audio classes, of sound's vectors (..., D)."""
        return vectors.new_zeros(*vectors.shape[:-1], 0)

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pictures (N, 3, H, W) to maps (N, P, C) and vectors (N, D)."""
        return images.new_zeros(len(images), 0, 0), images.new_zeros(len(images), 0)

    def hear(self, samples: Tensor) -> Tensor:
        """Sound (N, S), float on the int16 scale, to vectors (N, D)."""
        return samples.new_zeros(len(samples), 0)

    @classmethod
    def tensors(cls, weights: Weights) -> dict[str, Tensor]:
        """What is in the files, under this extractor's own names."""
        return read_all(weights)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that decides the features, for the fingerprint."""
        return self.declaration.recipe_of(self.weights, self.options)

    @torch.inference_mode()
    def __call__(self, frames: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Embed cells; see `Extractor`."""
        return {**self.embed_sight(frames), **self.embed_sound(samples)}

    @torch.inference_mode()
    def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
        """Sight's part of what a call gives, of RGB uint8 (N, F, 3, H, W) or (N, F, V, 3, H, W)."""
        if not len(frames):
            return _none(self.embed_sight(frames.new_zeros(1, *frames.shape[1:])))
        views = frames if frames.dim() == 6 else frames[:, :, None]
        scored = bool(self.declaration.visual_classes)
        with self.mixed():
            maps, visual = self._seen(views[:, :, 0])
            others = range(1, views.shape[2] if scored else 1)  # they are there to be scored
            vectors = [visual, *(self._seen(views[:, :, view])[1] for view in others)]
        features = {"visual": visual, "visual_map": maps.half()}
        if scored:
            features["visual_scores"] = self.sight_logits(torch.stack(vectors, 1))
        return {name: value.to(frames.device) for name, value in features.items()}

    def _seen(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, P, C) and vectors (N, D), float32, of pictures (N, F, 3, H, W): means over F."""
        N, F = frames.shape[:2]
        seen = self.in_parts(self._look, frames.flatten(0, 1), IMAGES_AT_ONCE)
        maps, visual = (torch.cat(parts) for parts in zip(*seen, strict=True))
        return (
            maps.float().reshape(N, F, *maps.shape[1:]).mean(1),
            visual.float().view(N, F, *visual.shape[1:]).mean(1),
        )

    @torch.inference_mode()
    def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
        """Sound's part of what a call gives, of mono int16 (N, S) or of what `cut_sound` gives."""
        if not len(samples):
            return _none(self.embed_sound(samples.new_zeros(1, samples.shape[1])))
        with self.mixed():
            audio = torch.cat(self.in_parts(self._listen, samples, len(samples)))
        features = {"audio": audio}
        if self.declaration.audio_classes:
            features["audio_scores"] = self.sound_logits(audio)
        return {name: value.to(samples.device) for name, value in features.items()}

    @contextmanager
    def mixed(self) -> Iterator[None]:
        """The precision of the trunks, whatever that of a training around them is."""
        dtype = PRECISIONS[self.options.precision]
        with (
            exact(self.device),
            torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32),
        ):
            yield

    def in_parts(self, run: Callable[[Tensor], Any], batch: Tensor, most: int) -> list[Any]:
        """Results of parts of a batch (N, ...), of at most `most` each, in their order.

        A network that is `side_by_side` runs as many at a time as torch has threads on the CPU.
        """
        if not self.side_by_side or self.device.type != "cpu":
            return [run(part) for part in torch.split(batch, most)]

        def mixed(part: Tensor) -> Any:
            with self.mixed():
                return run(part)

        return in_threads(mixed, batch, most)

    def _listen(self, samples: Tensor) -> Tensor:
        return self._hear(samples.to(self.device).float()).float()

    def _look(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        return self._see(self.normalised(frames.to(self.device)))

    def normalised(self, frames: Tensor) -> Tensor:
        """RGB uint8 (N, 3, H, W) as the weights' training saw pictures."""
        last = torch.channels_last
        images = torch.empty(frames.shape, device=frames.device, memory_format=last)
        for image, frame in zip(in_parts(images, 1), in_parts(frames, 1), strict=True):
            image.copy_(frame.float() * self._scale + self._shift)
        return images

    def to(self, device: str | torch.device) -> None:
        """Move networks and constants to a torch device.

        Raises:
            ExtractorError: the device lacks the precision.
        """
        device = torch.device(device)
        if device != self.device:
            check_precision(self.options.precision, device)
            self.device, self.model = device, self.model.to(device)
            self._scale, self._shift = self._scale.to(device), self._shift.to(device)


def _none(features: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same arrays without cells: not every trunk takes an empty batch."""
    return {name: value[:0] for name, value in features.items()}


def check_precision(precision: str, device: torch.device) -> None:
    """Refuse a precision that the device would only emulate.

    Raises:
        ExtractorError: names the device and what it can do.
    """
    if precision == "float32":
        return
    if device.type == "cuda":
        if precision == "bfloat16" and not _cuda_has_bfloat16(device):
            raise ExtractorError(f"{device} has no bfloat16; use float16 or float32")
        return
    instructions = torch.cpu.get_capabilities().items()
    has_bfloat16 = any(name.endswith("bf16") and there for name, there in instructions)
    if precision == "bfloat16" and has_bfloat16:
        return
    lack = "bfloat16 instructions" if precision == "bfloat16" else "float16 kernels"
    raise ExtractorError(f"the {device.type} has no {lack}; use precision float32")


def _cuda_has_bfloat16(device: torch.device) -> bool:
    with torch.cuda.device(device):  # torch is asked about the current one
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
