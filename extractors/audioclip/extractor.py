"""AudioCLIP as an extractor: sight and sound in one space with text."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.adapters.adapters import Pooling
from avel.extractors.audioclip.checkpoint import joint_tensors
from avel.extractors.audioclip.declarations import (
    AUDIOCLIP,
    AUDIOCLIP_TINY,
    IMAGE_MEAN,
    IMAGE_STD,
    AudioCLIPOptions,
)
from avel.extractors.audioclip.joint import TINY, AudioCLIP, AudioCLIPConfig
from avel.extractors.audioclip.pool import TokenPooling
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.fold import fold_batch_norms
from avel.extractors.weights.files import Weights
from avel.extractors.weights.tensors import load_into


class AudioCLIPExtractor(FrozenExtractor):
    """The published shape; weights are one file with all heads, or CLIP's and the audio head's.

    With the audio head alone (`ESRNXFBSP.pt`) sound never met text: its vectors are then the
    2048 pooled channels before the classifier, and text can be compared with pictures only.
    """

    declaration = AUDIOCLIP
    config = AudioCLIPConfig()
    mean, std = IMAGE_MEAN, IMAGE_STD
    model: AudioCLIP
    options: AudioCLIPOptions
    side_by_side = True
    text_bias = None

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
        """Number of channels after each stage of both trunks, by place."""
        width, planes = self.config.image_width, self.config.audio.planes
        visual = {f"visual{i}": width * 4 * 2 ** (i - 1) for i in (1, 2, 3, 4)}
        return {**visual, **{f"audio{i}": 4 * planes[i - 1] for i in (1, 2, 3, 4)}}

    @classmethod
    def tensors(cls, weights: Weights) -> dict[str, Tensor]:
        """The published names, from any of the published files."""
        return joint_tensors(weights)

    @property
    def pooling(self) -> Pooling | None:
        """CLIP's attention pooling of (N, P, C); none where the map is no longer what it pools."""
        return None if self.options.dense_map else TokenPooling(self.model.visual.attnpool)

    @property
    def hears_text(self) -> bool:
        """Whether sound is in the text's space."""
        return self.model.audio.config.embed_dim == self.config.embed_dim

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, 49, C) and embeddings (N, D) of normalised pictures (N, 3, H, W).

        With the option `until`, that stage's map (N, P, C) and nothing (N, 0).
        """
        if self.options.until:
            stage = self.model.image_stages(images, self.options.until)
            return stage.flatten(2).transpose(1, 2), images.new_zeros(len(images), 0)
        maps = self.model.image_map(images, self.adapters).flatten(2).transpose(1, 2)
        vectors: Tensor = self.model.visual.attnpool(maps)
        return self.model.dense_map(maps) if self.options.dense_map else maps, vectors

    def hear(self, samples: Tensor) -> Tensor:
        """Embeddings (N, D) of sound (N, S) on the int16 scale.

        With the option `until`, that stage's map as rows (N, C * F * T').
        """
        head = self.model.audio
        if self.options.until:
            stem = head.stem(head.spectrogram(samples))
            return head.stages(stem, self.options.until).flatten(1)
        described = head.describe(samples, self.adapters)
        return head.fc(described) if self.hears_text else described

    @torch.inference_mode()
    def text(self, prompts: Sequence[str]) -> Tensor:
        """Embeddings (L, D) of prompts, normalised, on the CPU."""
        from avel.extractors.tokens import ClipTokens  # its package takes seconds to load

        tokens = ClipTokens()(list(prompts)).to(self.device)
        text: Tensor = functional.normalize(self.model.encode_text(tokens), dim=-1)
        return text.cpu()

    def text_scale(self, modality: str) -> float:
        """What cosines of a modality with text are multiplied by, in [1, 100]."""
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

    declaration = AUDIOCLIP_TINY
    config = TINY
