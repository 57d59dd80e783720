"""What stands before a model in training: cached stages to features, with adapters that learn."""

from torch import Tensor, nn

from avel.extractors.adapters.adapters import Adapters, Pooling
from avel.extractors.extractor import FrozenExtractor


class Front(nn.Module):
    """What turns the cached stage into features in training; its parameters are the adapters'."""

    adapters: Adapters | None


class OutputFront(Front):
    """Features of a frozen encoder to features with output adapters, for training."""

    adapters: Adapters

    def __init__(self, adapters: Adapters, pooling: Pooling | None) -> None:
        super().__init__()
        self.adapters, self._pooling = adapters, pooling

    def forward(
        self, audio: Tensor, visual_map: Tensor, visual: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Audio (B, T, D), visual_map (B, T, P, C) and visual (B, T, D) to the same."""
        return self.adapters.outputs(audio, visual_map.float(), visual, self._pooling)


class SegmentFront(Front):
    """Segments to features through the whole encoder, with or without adapters, for training.

    The trunk is no part of the module's state: it is frozen and has a file of its own. It runs in
    the precision that the extractor's options say, whatever that of the training is.
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
            audio (B, T, D), visual_map (B, T, P, C) and visual (B, T, D), float32.
        """
        B, T, F = visual_map.shape[:3]
        extractor = self._extractor
        extractor.to(audio.device)
        with extractor.mixed():
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
