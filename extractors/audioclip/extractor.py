"""Cells to features with AudioCLIP's trunks, frozen: before the first trainable layer."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from open_clip import get_tokenizer
from torch import Tensor
from torch.nn import functional

from avel.extractors.audioclip.joint import TINY, AudioCLIP, AudioCLIPConfig
from avel.extractors.weights import WeightsFile, find_weights, load_into, read_tensors

IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)
"""CLIP's own normalisation (reference section 3.3)."""


TOKENIZER = "RN50-quickgelu"


class AudioCLIPExtractor:
    """The published shape; `weights` is a file with the 861 published tensors.

    Attributes:
        visual_dim: D of `visual` and `audio`.
        map_shape: (P, C) of `visual_map`.
    """

    name = "audioclip"
    file_name = "AudioCLIP-Full-Training.pt"
    config = AudioCLIPConfig()
    rest_cosines: ClassVar[Mapping[str, float]] = {}
    """Per modality, the cosine with text that unrelated things reach; empty: not calibrated."""
    image_size = 224
    sample_rate = 44_100

    def __init__(self, weights: Path | None = None, device: str = "cpu") -> None:
        self.weights: WeightsFile = find_weights(self.file_name, weights)
        model = AudioCLIP(self.config)
        load_into(model, read_tensors(self.weights.path), self.weights.path)
        self.device = torch.device(device)
        self.model = model.to(self.device, memory_format=torch.channels_last)
        self.model.eval().requires_grad_(False)
        mean, std = (
            torch.tensor(v, device=self.device).view(3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD)
        )
        self._scale, self._shift = 1 / (255 * std), -mean / std

    @property
    def feature_dim(self) -> int:
        """D, size of the embeddings."""
        return self.config.embed_dim

    @property
    def map_shape(self) -> tuple[int, int]:
        """P positions and C channels of the visual map."""
        return (self.config.image_size // 32) ** 2, self.config.image_width * 32

    @classmethod
    def recipe(cls, weights: WeightsFile) -> Mapping[str, Any]:
        """Everything that decides the features, for the fingerprint."""
        return {
            "extractor": cls.name,
            "weights_sha256": weights.sha256,
            "amplitude": "int16",  # AudioCLIP hears samples in [-32768, 32767]
            "image_mean": list(IMAGE_MEAN),
            "image_std": list(IMAGE_STD),
            "precision": "float32",
            "map_precision": "float16",
        }

    @torch.inference_mode()
    def __call__(self, frames: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Embed cells.

        Args:
            frames: RGB uint8 (N, F, 3, H, W); the F frames of a cell are averaged.
            samples: Mono int16 (N, S) at `sample_rate`.

        Returns:
            visual (N, D) and audio (N, D) float32, visual_map (N, P, C) float16, on the CPU.
        """
        N, F = frames.shape[:2]
        images = frames.to(self.device).flatten(0, 1).float() * self._scale + self._shift
        maps = self.model.image_map(images.to(memory_format=torch.channels_last))
        visual = self.model.pool_map(maps).view(N, F, -1).mean(1)
        maps = maps.flatten(2).transpose(1, 2).unflatten(0, (N, F)).mean(1)
        audio = self.model.audio(samples.to(self.device).float())
        return {"visual": visual.cpu(), "visual_map": maps.half().cpu(), "audio": audio.cpu()}

    @classmethod
    def known_labels(cls) -> tuple[str, ...]:
        """The only names that the text head knows; empty where it knows words at large."""
        return ()

    @staticmethod
    def check_text(prompts: Sequence[str]) -> None:
        """Refuse a prompt that does not fit the text head's context.

        Raises:
            ValueError: names the prompt, its tokens and the limit.
        """
        tokenizer = get_tokenizer(TOKENIZER)
        for prompt in prompts:
            tokens = len(tokenizer.encode(prompt)) + 2  # start and end
            if tokens > tokenizer.context_length:
                raise ValueError(
                    f"label {prompt[:40]!r}… has {tokens} tokens, the text head reads "
                    f"{tokenizer.context_length}; shorten it"
                )

    @torch.inference_mode()
    def text(self, prompts: Sequence[str]) -> Tensor:
        """Embeddings (L, D) of prompts, normalised, on the CPU."""
        tokens = get_tokenizer(TOKENIZER)(list(prompts)).to(self.device)
        text: Tensor = functional.normalize(self.model.encode_text(tokens), dim=-1)
        return text.cpu()

    def text_scale(self, modality: str) -> float:
        """What cosines of a modality with text are multiplied by, at most 100."""
        scale = self.model.logit_scale if modality == "visual" else self.model.logit_scale_at
        return float(scale.exp().clamp(1, 100))

    @torch.inference_mode()
    def text_attention(self, maps: Tensor, text: Tensor) -> Tensor:
        """Where in each cell's picture its text is: (T, P), sums to one.

        Args:
            maps: visual_map (T, P, C).
            text: One embedding per cell (T, D).
        """
        dense = functional.normalize(self.model.dense_map(maps.to(self.device)), dim=-1).cpu()
        cosines = torch.einsum("tpd,td->tp", dense, text)
        return (self.text_scale("visual") * cosines).softmax(-1)


class TinyAudioCLIPExtractor(AudioCLIPExtractor):
    """The same classes, narrow, with weights in the package: trained on synthetic video only."""

    name = "audioclip-tiny"
    file_name = "audioclip-tiny.safetensors"
    config = TINY
    # On the validation split of `avel synth`, below 98 % of events' cosines and above those of
    # cells without object or sound; `benchmarks/zero_shot.py` prints both.
    rest_cosines: ClassVar[Mapping[str, float]] = {"visual": 0.72, "audio": 0.82}

    @classmethod
    def known_labels(cls) -> tuple[str, ...]:
        """The class names of its training, from the record beside the weights."""
        record = find_weights(cls.file_name).path.with_suffix(".json")
        return tuple(json.loads(record.read_text("utf-8"))["classes"])
