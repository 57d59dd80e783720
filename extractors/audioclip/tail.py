"""The rest of AudioCLIP's trunks after a cached stage, with adapters, for training in-trunk."""

import torch
from torch import Tensor

from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.fronts import Front
from avel.extractors.audioclip.extractor import AudioCLIPExtractor
from avel.extractors.extractor import PRECISIONS


class TrunkFront(Front):
    """Activations after the first adapted stage to features; only the adapters learn.

    The trunk is no part of the module's state: it is frozen and has a file of its own. It runs in
    the precision that the extractor's options say, whatever that of the training is.

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
            audio (B, T, D), visual_map (B, T, P, C) and visual (B, T, D), float32.
        """
        extractor = self._extractor
        extractor.to(audio.device)
        B, T = audio.shape[:2]
        image, sound = self._cached(audio, visual_map)
        with extractor.mixed():
            maps, seen, heard = self._rest(image, sound)
        return self.adapters.outputs(
            heard.float().view(B, T, -1),
            maps.float().reshape(B, T, *maps.shape[1:]),
            seen.float().view(B, T, -1),
            extractor.pooling,
        )

    def _cached(self, audio: Tensor, visual_map: Tensor) -> tuple[Tensor, Tensor]:
        """Both stages as the trunks made them: maps (N, C, H, W), in the trunks' precision."""
        B, T, P, C = visual_map.shape
        dtype = PRECISIONS[self._extractor.options.precision]
        side = round(P**0.5)
        image = visual_map.to(dtype).reshape(B * T, side, side, C).permute(0, 3, 1, 2)
        sound = audio.to(dtype).reshape(B * T, *self._audio_shape[1:])
        return image, sound.contiguous(memory_format=torch.channels_last)

    def _rest(self, image: Tensor, sound: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the rest of the trunks gives: tokens (N, P, C), pictures (N, D), sounds (N, D)."""
        extractor, model = self._extractor, self._extractor.model
        maps = model.image_rest(image, self._done, self.adapters)
        tokens = maps.flatten(2).transpose(1, 2)
        seen: Tensor = model.visual.attnpool(tokens)
        tokens = model.dense_map(tokens) if extractor.options.dense_map else tokens
        heard = model.audio.pool(model.audio.rest(sound, self._done, self.adapters))
        heard = model.audio.fc(heard) if extractor.hears_text else heard
        return tokens, seen, heard
