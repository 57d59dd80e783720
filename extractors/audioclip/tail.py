"""The rest of AudioCLIP's trunks after a cached stage, with adapters, for training in-trunk."""

import torch
from torch import Tensor

from avel.extractors.adapters.adapters import Adapters, Front
from avel.extractors.audioclip.extractor import AudioCLIPExtractor


class TrunkFront(Front):
    """Activations after the first adapted stage to features; only the adapters learn.

    The trunk is no part of the module's state: it is frozen and has a file of its own.

    Args:
        extractor: Frozen, with all of its stages.
        adapters: In-trunk ones, and output ones where both are placed.
    """

    adapters: Adapters

    def __init__(self, extractor: AudioCLIPExtractor, adapters: Adapters) -> None:
        super().__init__()
        self.adapters = adapters
        self._extractor = extractor
        self._done = adapters.config.trunk_stages[0]
        head = extractor.model.audio
        with torch.no_grad():
            stem = head.stem(head.spectrogram(torch.zeros(1, 44_100, device=extractor.device)))
            self._audio_shape = head.stages(stem, self._done).shape

    def forward(
        self, audio: Tensor, visual_map: Tensor, visual: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Activations (B, T, C * F * T'), (B, T, P, C) and nothing (B, T, 0) to features.

        Returns:
            audio (B, T, D), visual_map (B, T, P, C) and visual (B, T, D).
        """
        extractor = self._extractor
        extractor.to(audio.device)
        B, T = visual_map.shape[:2]
        with extractor.in_precision():
            heard, seen, tokens = self._rest(audio, visual_map)
        return self.adapters.outputs(
            heard.float().view(B, T, -1),
            tokens.float().reshape(B, T, *tokens.shape[1:]),
            seen.float().view(B, T, -1),
            extractor.pooling,
        )

    def _rest(self, audio: Tensor, visual_map: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors of sound (N, D) and picture (N, D), and tokens (N, P, C), N = B T."""
        model, options = self._extractor.model, self._extractor.options
        B, T, P, C = visual_map.shape
        side = round(P**0.5)
        image = visual_map.float().reshape(B * T, side, side, C).permute(0, 3, 1, 2)
        sound = audio.reshape(B * T, *self._audio_shape[1:])
        sound = sound.contiguous(memory_format=torch.channels_last)
        maps = model.image_rest(image, self._done, self.adapters)
        heard = model.audio.pool(model.audio.rest(sound, self._done, self.adapters))
        heard = model.audio.fc(heard) if self._extractor.hears_text else heard
        seen, tokens = model.pool_map(maps), maps.flatten(2).transpose(1, 2)
        return heard, seen, model.dense_map(tokens) if options.dense_map else tokens
