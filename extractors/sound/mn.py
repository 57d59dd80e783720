"""MobileNets on log-mel spectrograms: AudioSet's 527 classes, and the vector before them.

Source: Schmid et al., ICASSP 2023 (EfficientAT); the network is MobileNetV3-large (Howard et al.,
ICCV 2019) with squeeze-excite over channels. Names are those of the published files.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.convolve import Activation, convolve, in_parts
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.fold import fold_batch_norms
from avel.extractors.sound.declarations import MN04, MN05, MN10, MN20
from avel.extractors.sound.mel import mel_bands
from avel.extractors.weights.tensors import load_into

SAMPLE_RATE = MN04.cut["sample_rate"]
PRE_EMPHASIS = 0.97
WINDOW, HOP, FFT = 800, 320, 1024
"""25 ms every 10 ms, in samples."""
TOGETHER = 128
"""Columns of a spectrogram that are computed together on a CPU."""
NUM_BANDS, LOWEST, HIGHEST = 128, 0.0, 15_000.0
"""Mel bands between two frequencies in Hz."""
LOG_OFFSET, LOG_SHIFT, LOG_SCALE = 1e-5, 4.5, 5.0
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

    window: Tensor
    mel: Tensor

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
        side = (FFT - WINDOW) // 2
        window = functional.pad(torch.hann_window(WINDOW, periodic=False), (side, side))
        mel = mel_bands(NUM_BANDS, FFT, SAMPLE_RATE, LOWEST, HIGHEST)
        self.register_buffer("window", window, persistent=False)  # in no file of weights
        self.register_buffer("mel", mel, persistent=False)

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

    def log_mel(self, samples: Tensor) -> Tensor:
        """Spectrograms (N, 1, 128, frames) of sound in [-1, 1] (N, S at 32 kHz), in float32.

        Sound shorter than a window is padded with silence.
        """
        with torch.autocast(samples.device.type, enabled=False):
            padded = functional.pad(samples.float(), (0, max(0, FFT - samples.shape[-1])))
            return torch.cat([self._log_mel(part) for part in in_parts(padded, 1)])

    def _log_mel(self, samples: Tensor) -> Tensor:
        sharp = samples[:, 1:] - PRE_EMPHASIS * samples[:, :-1]
        centred = functional.pad(sharp[:, None], (FFT // 2, FFT // 2), "reflect")[:, 0]
        frames = in_parts(centred.unfold(1, FFT, HOP), TOGETHER, 1)
        bands = torch.cat([self._bands(part) for part in frames], 1)
        return ((torch.log(bands + LOG_OFFSET) + LOG_SHIFT) / LOG_SCALE).mT[:, None]

    def _bands(self, frames: Tensor) -> Tensor:
        """Power (N, frames, 128) in mel bands of pieces of sound (N, frames, FFT)."""
        parts = torch.view_as_real(torch.fft.rfft(frames * self.window)).square()
        return (parts[..., 0] + parts[..., 1]) @ self.mel  # a sum over them would be slow


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

    def hear(self, samples: Tensor) -> Tensor:
        """Vectors (N, D) of sound (N, S) on the int16 scale; any S, trained on 10 s."""
        return self.model(self.model.log_mel(samples / 32768))  # type: ignore[no-any-return]

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
