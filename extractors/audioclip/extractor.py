"""AudioCLIP as an extractor: sight and sound in one space with text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from open_clip import get_tokenizer
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.adapters.adapters import Pooling
from avel.extractors.audioclip.checkpoint import joint_tensors
from avel.extractors.audioclip.joint import TINY, AudioCLIP, AudioCLIPConfig
from avel.extractors.audioclip.pool import TokenPooling
from avel.extractors.extractor import EncodeOptions, FrozenExtractor
from avel.extractors.fold import fold_batch_norms
from avel.extractors.weights.files import Weights, find_file, load_into

IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)
"""CLIP's own normalisation (reference section 3.3)."""

TOKENIZER = "RN50-quickgelu"


@dataclass(frozen=True)
class AudioCLIPOptions(EncodeOptions):
    """AudioCLIP's own choices beside the common ones."""

    dense_map: bool = False
    """Whether the map is projected into the joint space (7x7x1024), where text lives too."""
    until: int = 0
    """1 to 4: activations after that stage of both trunks instead of features, for training."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.until not in range(5):
            raise ValueError(f"option until={self.until} must be 0 (features) or a stage, 1 to 4")


class AudioCLIPExtractor(FrozenExtractor):
    """The published shape; weights are one file with all heads, or CLIP's and the audio head's.

    With the audio head alone (`ESRNXFBSP.pt`) sound never met text: its vectors are then the
    2048 pooled channels before the classifier, and text can be compared with pictures only.
    """

    name = "audioclip"
    files = ("AudioCLIP-Full-Training.pt",)
    options_type = AudioCLIPOptions
    config = AudioCLIPConfig()
    mean, std = IMAGE_MEAN, IMAGE_STD
    rest_cosines: ClassVar[Mapping[str, float]] = {}
    """Per modality, the cosine with text that unrelated things reach; empty: not calibrated."""
    model: AudioCLIP
    options: AudioCLIPOptions

    def load(self) -> nn.Module:
        """The three heads, BatchNorm folded."""
        tensors = self.tensors(self.weights)
        outputs = tensors["audio.fc.weight"].shape[0] if "audio.fc.weight" in tensors else 0
        audio = replace(self.config.audio, embed_dim=outputs or self.config.embed_dim)
        model = AudioCLIP(replace(self.config, audio=audio))
        load_into(model, tensors, self.weights.source)
        return fold_batch_norms(model)

    @property
    def stage_channels(self) -> Mapping[str, int]:
        """Channels after each stage of both trunks, by place."""
        width, planes = self.config.image_width, self.config.audio.planes
        visual = {f"visual{i}": width * 4 * 2 ** (i - 1) for i in (1, 2, 3, 4)}
        return {**visual, **{f"audio{i}": 4 * planes[i - 1] for i in (1, 2, 3, 4)}}

    @classmethod
    def tensors(cls, weights: Weights) -> dict[str, Tensor]:
        """The published names, from any of the published files."""
        return joint_tensors(weights)

    @classmethod
    def recipe_of(cls, weights: Weights, options: EncodeOptions) -> Mapping[str, Any]:
        """Everything that decides the features; no tensor is read for it."""
        return {
            **super().recipe_of(weights, options),
            "amplitude": "int16",  # AudioCLIP hears samples in [-32768, 32767]
            "image_mean": list(cls.mean),
            "image_std": list(cls.std),
        }

    @property
    def pooling(self) -> Pooling | None:
        """CLIP's attention pooling; none where the map is no longer what it pools."""
        return None if self.options.dense_map else TokenPooling(self.model.visual.attnpool)

    @property
    def hears_text(self) -> bool:
        """Whether sound is in the text's space."""
        return self.model.audio.config.embed_dim == self.config.embed_dim

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Maps and embeddings of normalised pictures."""
        if self.options.until:
            stage = self.model.image_stages(images, self.options.until)
            return stage.flatten(2).transpose(1, 2), images.new_zeros(len(images), 0)
        trunk = self.model.image_map(images, self.adapters)
        maps = trunk.flatten(2).transpose(1, 2)
        if self.options.dense_map:
            maps = self.model.dense_map(maps)
        return maps, self.model.pool_map(trunk)

    def hear(self, samples: Tensor) -> Tensor:
        """Embeddings of sound on the int16 scale."""
        head = self.model.audio
        if self.options.until:
            stem = head.stem(head.spectrogram(samples))
            return head.stages(stem, self.options.until).flatten(1)
        described = head.describe(samples, self.adapters)
        return head.fc(described) if self.hears_text else described

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
        maps = maps.to(self.device)
        dense = maps if self.options.dense_map else self.model.dense_map(maps)
        dense = functional.normalize(dense, dim=-1).cpu()
        cosines = torch.einsum("tpd,td->tp", dense, text)
        return (self.text_scale("visual") * cosines).softmax(-1)


class TinyAudioCLIPExtractor(AudioCLIPExtractor):
    """The same classes, narrow, with weights in the package: trained on synthetic video only."""

    name = "audioclip-tiny"
    files = ("audioclip-tiny.safetensors",)
    config = TINY
    # On the validation split of `avel synth`, below 98 % of events' cosines and above those of
    # cells without object or sound; `benchmarks/zero_shot.py` prints both.
    rest_cosines: ClassVar[Mapping[str, float]] = {"visual": 0.72, "audio": 0.82}

    @classmethod
    def known_labels(cls) -> tuple[str, ...]:
        """The class names of its training, from the record beside the weights."""
        record = find_file(cls.files[0]).path.with_suffix(".json")
        return tuple(json.loads(record.read_text("utf-8"))["classes"])
