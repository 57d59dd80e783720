"""MobileNets on log-mel spectrograms: AudioSet's 527 classes, and the vector before them.

Source: Schmid et al., ICASSP 2023 (EfficientAT); the network is MobileNetV3-large (Howard et al.,
ICCV 2019) with squeeze-excite over channels. Names are those of the published files.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.convolve import Activation, convolve
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.fold import fold_batch_norms
from avel.extractors.protocol import CutSound
from avel.extractors.sound.declarations import MN04, MN05, MN10, MN20
from avel.extractors.sound.log_mel import FULL_SCALE, LogMel
from avel.extractors.sound.shared import SharedColumns
from avel.extractors.weights.tensors import load_into

STEM, LAST, CLASSES = 16, 1280, 527
"""Channels after the first convolution and before the classes, at width 1; outputs."""
BLOCKS = (
    (3, 16, 16, False, 1),
    (3, 64, 24, False, 2),
    (3, 72, 24, False, 1),
    (5, 72, 40, True, 2),
    (5, 120, 40, True, 1),
    (5, 120, 40, True, 1),
    (3, 240, 80, False, 2),
    (3, 200, 80, False, 1),
    (3, 184, 80, False, 1),
    (3, 184, 80, False, 1),
    (3, 480, 112, True, 1),
    (3, 672, 112, True, 1),
    (5, 672, 160, True, 2),
    (5, 960, 160, True, 1),
    (5, 960, 160, True, 1),
)
"""Kernel, wide channels and channels at width 1, whether it squeezes, stride."""
FIRST_HARD_SWISH = 6
"""The blocks before it have ReLU."""
EXACT = 7
"""Layers in float32 whatever the precision: with them in 16 bits, vectors turn by 5 degrees."""
NORM_EPS = 1e-3
DIVISOR = 8


def rounded(channels: float) -> int:
    """The nearest multiple of 8 that is at least 0.9 of a number of channels."""
    near = max(DIVISOR, int(channels + DIVISOR / 2) // DIVISOR * DIVISOR)
    return near if near >= 0.9 * channels else near + DIVISOR


class Convolution(nn.Sequential):
    """A convolution, its norm and its activation."""

    def __init__(
        self,
        channels: int,
        width: int,
        activation: Activation,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            nn.Conv2d(channels, width, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(width, NORM_EPS),
        )
        self._activation: Activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H / stride, W / stride)."""
        convolution, norm = self
        assert isinstance(convolution, nn.Conv2d)
        return convolve(x, convolution, norm, self._activation)


class SqueezeExcite(nn.Module):
    """Channels scaled by what they are on average; named as the published module nests it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = rounded(channels // 4)
        layer = nn.Module()
        layer.fc1, layer.fc2 = nn.Linear(channels, squeezed), nn.Linear(squeezed, channels)
        self.conc_se_layers = nn.ModuleList([layer])

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        fc1, fc2 = self.conc_se_layers[0].children()
        scale = torch.sigmoid(fc2(functional.relu(fc1(x.mean((2, 3))))))
        return x * scale[:, :, None, None]


class Block(nn.Module):
    """Inverted residual: wider, filtered by channel, scaled, narrow again."""

    def __init__(
        self,
        channels: int,
        wide: int,
        width: int,
        kernel: int,
        stride: int,
        squeeze: bool,
        hard: bool,
    ) -> None:
        super().__init__()
        active: Activation = "hardswish" if hard else "relu"
        layers: list[nn.Module] = []
        if wide != channels:
            layers.append(Convolution(channels, wide, active))
        layers.append(Convolution(wide, wide, active, kernel, stride, wide))
        if squeeze:
            layers.append(SqueezeExcite(wide))
        layers.append(Convolution(wide, width, ""))
        self.block = nn.Sequential(*layers)
        self.adds = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H', W')."""
        narrow: Tensor = self.block(x)
        return x + narrow if self.adds else narrow


class MN(nn.Module):
    """Log-mel (N, 1, 128, frames) to the vector (N, D) before the classes.

    Args:
        width: All channels are multiplied by it.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        channels = rounded(STEM * width)
        layers: list[nn.Module] = [Convolution(1, channels, "hardswish", 3, 2)]
        for i, (kernel, wide, out, squeeze, stride) in enumerate(BLOCKS):
            inner, outer = rounded(wide * width), rounded(out * width)
            hard = i >= FIRST_HARD_SWISH
            layers.append(Block(channels, inner, outer, kernel, stride, squeeze, hard))
            channels = outer
        layers.append(Convolution(channels, 6 * channels, "hardswish"))
        self.features = nn.Sequential(*layers)
        last = rounded(LAST * width)
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(6 * channels, last),
            nn.Hardswish(),
            nn.Dropout(),
            nn.Linear(last, CLASSES),
        )
        self.log_mel = LogMel()

    def forward(self, log_mel: Tensor) -> Tensor:
        """Vectors (N, D)."""
        return self.classifier[2:4](self.pooled(log_mel))  # type: ignore[no-any-return]

    def pooled(self, log_mel: Tensor) -> Tensor:
        """Means over frequency and time (N, C) of the last map, before the last two layers."""
        with torch.autocast(log_mel.device.type, enabled=False):
            large = self.features[:EXACT](log_mel)
        return self.features[EXACT:](large).mean((2, 3))  # type: ignore[no-any-return]

    def classify(self, vectors: Tensor) -> Tensor:
        """Logits (..., 527) of vectors (..., D)."""
        logits: Tensor = self.classifier[5](vectors)
        return logits


class MNExtractor(FrozenExtractor):
    """The vector before AudioSet's classes (512 numbers at width 0.4), and their logits."""

    side_by_side = True
    width: float
    model: MN

    def load(self) -> nn.Module:
        """The network, BatchNorm folded."""
        model = MN(self.width)
        load_into(model, self.tensors(self.weights), self.weights.source)
        return fold_batch_norms(model)

    @property
    def cut_sound(self) -> CutSound | None:
        """On a CPU, where a spectrogram takes a third of what sound takes."""
        if self.device.type != "cpu" or self.options.compile:  # spectrogram and network are one
            return None
        return SharedColumns(self.model.log_mel)

    def hear(self, samples: Tensor) -> Tensor:
        """Vectors (N, D) of sound (N, S) on the int16 scale, or of spectrograms (N, 128, frames).

        Any S; trained on 10 s.
        """
        is_cut = samples.dim() == 3
        log_mel = samples[:, None] if is_cut else self.model.log_mel(samples / FULL_SCALE)
        return self.model(log_mel)  # type: ignore[no-any-return]

    def sound_logits(self, vectors: Tensor) -> Tensor:
        """Logits (..., 527) of AudioSet's classes, of vectors (..., D)."""
        return self.model.classify(vectors)


class MN04Extractor(MNExtractor):
    """Width 0.4: 1 million parameters, vectors of 512."""

    declaration = MN04
    width = 0.4


class MN05Extractor(MNExtractor):
    """Width 0.5, vectors of 640."""

    declaration = MN05
    width = 0.5


class MN10Extractor(MNExtractor):
    """Width 1: 4.9 million parameters, vectors of 1280."""

    declaration = MN10
    width = 1.0


class MN20Extractor(MNExtractor):
    """Width 2, vectors of 2560."""

    declaration = MN20
    width = 2.0
