"""AudioCLIP whole: image, text and audio heads, one embedding space.

The state dict has exactly the published 861 tensor names (reference section 3.6).
"""

from dataclasses import dataclass, field
from math import factorial, log

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.adapters.adapters import Adapters
from avel.extractors.audioclip.audio import AudioHead, AudioHeadConfig
from avel.extractors.audioclip.image import ImageHead
from avel.extractors.audioclip.text import CONTEXT, VOCABULARY, Transformer


@dataclass(frozen=True)
class AudioCLIPConfig:
    """Shape of the three heads; the defaults are AudioCLIP's (CLIP RN50, QuickGELU text)."""

    embed_dim: int = 1024
    image_size: int = 224
    image_layers: tuple[int, int, int, int] = (3, 4, 6, 3)
    image_width: int = 64
    text_width: int = 512
    text_heads: int = 8
    text_layers: int = 12
    audio: AudioHeadConfig = field(default_factory=AudioHeadConfig)


TINY = AudioCLIPConfig(
    embed_dim=128,
    image_layers=(1, 1, 1, 1),
    image_width=16,
    text_width=16,
    text_heads=2,
    text_layers=2,
    audio=AudioHeadConfig(
        stem_width=16,
        planes=(8, 16, 32, 64),
        layers=(1, 1, 1, 1),
        groups=8,
        base_width=16,
        embed_dim=128,
    ),
)
"""The same classes, narrow: map 7x7x512 and embedding 128, the shapes of VGG-19 and VGGish."""


class AudioCLIP(nn.Module):
    """CLIP with a third head for sound.

    Source: Guzhov et al., ICASSP 2022, section 3; reference sections 3.2-3.5.
    """

    def __init__(self, config: AudioCLIPConfig | None = None) -> None:
        super().__init__()
        config = config or AudioCLIPConfig()
        width = config.text_width
        self.visual = ImageHead(
            config.image_layers, config.image_width, config.image_size, config.embed_dim
        )
        self.transformer = Transformer(width, config.text_heads, config.text_layers)
        self.token_embedding = nn.Embedding(VOCABULARY, width)
        self.positional_embedding = nn.Parameter(torch.empty(CONTEXT, width))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, config.embed_dim))
        self.audio = AudioHead(config.audio)
        self.logit_scale = nn.Parameter(torch.tensor(1.0))
        self.logit_scale_ai = nn.Parameter(torch.tensor(log(100.0)))
        self.logit_scale_at = nn.Parameter(torch.tensor(log(100.0)))
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        nn.init.normal_(self.text_projection, std=width**-0.5)

    def encode_image(self, images: Tensor) -> Tensor:
        """Embeddings (N, embed_dim) of normalised pictures (N, 3, H, W)."""
        return self.pool_map(self.image_map(images))

    def encode_text(self, tokens: Tensor) -> Tensor:
        """Embeddings (N, embed_dim) of tokens (N, 77): where the end of each text is."""
        x = self.token_embedding(tokens) + self.positional_embedding
        x = self.ln_final(self.transformer(x))
        ends = tokens.argmax(-1)  # the end has the highest number of all tokens
        return x[torch.arange(len(x), device=x.device), ends] @ self.text_projection  # type: ignore[no-any-return]

    def image_map(self, images: Tensor, adapters: Adapters | None = None) -> Tensor:
        """Map (N, C, 7, 7) of the image trunk before attention pooling."""
        return self.image_rest(self.visual.stem(images), 0, adapters)

    def image_stages(self, images: Tensor, until: int) -> Tensor:
        """Map (N, C, H, W) of the image trunk after the first `until` stages."""
        x = self.visual.stem(images)
        for i in range(1, until + 1):
            x = getattr(self.visual, f"layer{i}")(x)
        return x

    def image_rest(self, x: Tensor, done: int, adapters: Adapters | None = None) -> Tensor:
        """Last map (N, C, H, W) from that after `done` stages, each stage's adapter after it."""
        for i in range(done, 5):
            x = getattr(self.visual, f"layer{i}")(x) if i > done else x
            x = adapters.after("visual", i, x) if adapters else x
        return x

    def pool_map(self, image_map: Tensor) -> Tensor:
        """Image embedding (N, embed_dim) of a map (N, C, H, W), by attention pooling."""
        vectors: Tensor = self.visual.attnpool(image_map.flatten(2).mT)
        return vectors

    def dense_map(self, image_map: Tensor) -> Tensor:
        """Map (N, P, embed_dim) in the joint space: the pooling's projections at each position.

        Args:
            image_map: (N, P, C) as `image_map` gives it, positions in reading order.
        """
        pool = self.visual.attnpool
        dense: Tensor = pool.c_proj(pool.v_proj(image_map))
        return dense

    def logits(self, audio: Tensor, image: Tensor, text: Tensor) -> dict[str, Tensor]:
        """Scaled cosines of each pair: audio-image, audio-text and image-text, (N, M) each."""
        a, i, t = (functional.normalize(x, dim=-1) for x in (audio, image, text))
        scale_ai, scale_at, scale_it = (
            s.exp().clamp(1.0, 100.0)
            for s in (self.logit_scale_ai, self.logit_scale_at, self.logit_scale)
        )
        return {
            "audio_image": scale_ai * a @ i.T,
            "audio_text": scale_at * a @ t.T,
            "image_text": scale_it * i @ t.T,
        }

    def loss(self, audio: Tensor, image: Tensor, text: Tensor) -> Tensor:
        """Training objective for embeddings (N, D) whose rows belong together.

        Cross entropy of each pair in both directions, summed and divided by the factorial of the
        number of pairs, plus the mean square distance of the audio filters' norms from 1.
        Reference section 3.5.
        """
        pairs = self.logits(audio, image, text)
        target = torch.arange(len(audio), device=audio.device)
        total = torch.stack(
            [
                functional.cross_entropy(m, target) + functional.cross_entropy(m.T, target)
                for m in pairs.values()
            ]
        ).sum()
        real, imaginary = self.audio.fbsp()
        norms = (real.square() + imaginary.square()).sum(1).sqrt()
        regularizer: Tensor = (norms - 1).square().mean()
        return total / factorial(len(pairs)) + regularizer
