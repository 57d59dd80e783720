"""YAMNet: 1024 numbers of each 0.96 s, and what of AudioSet's sounds (521 classes) is heard.

Source: Plakal and Ellis, `research/audioset/yamnet` of TensorFlow's models (MobileNet v1, Howard
et al., 2017, on log-mel patches). Ours differs from the published tflite in the front end, whose
8-bit arithmetic is wrong by up to 6.8 in the log-mel: here it is the same matrices in float32.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.convolve import SameConv2d, convolve, in_parts
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.sound.declarations import YAMNET
from avel.extractors.sound.yamnet_files import BANDS, BINS, WINDOW, yamnet_tensors
from avel.extractors.weights.files import Weights
from avel.extractors.weights.tensors import load_into

SAMPLE_RATE = YAMNET.cut["sample_rate"]
HOP = 160
"""10 ms, in samples."""
PATCH = 15_600
"""Samples of one patch of 96 frames; patches begin every second."""
LOG_OFFSET = 0.001
STEM, CLASSES = 32, 521
LAYERS = (
    (1, 64),
    (2, 128),
    (1, 128),
    (2, 256),
    (1, 256),
    (2, 512),
    (1, 512),
    (1, 512),
    (1, 512),
    (1, 512),
    (1, 512),
    (2, 1024),
    (1, 1024),
)
"""Stride and channels of the depthwise-separable layers, the second to the fourteenth."""


LARGE, TOGETHER = 5, 4
"""Layers whose maps are large, and patches that go through them together, in float32 whatever the
precision."""


class Layer(nn.Module):
    """Each channel filtered, then all mixed; named as in the published code."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.depthwise_conv = SameConv2d(channels, channels, 3, stride, groups=channels)
        self.pointwise_conv = SameConv2d(channels, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H / stride, W / stride)."""
        filtered = convolve(x, self.depthwise_conv, None, "relu")
        return convolve(filtered, self.pointwise_conv, None, "relu")


class Stem(nn.Module):
    """The first convolution, under its published name."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = SameConv2d(1, STEM, 3, 2)


class YAMNet(nn.Module):
    """Log-mel patches (N, 1, 96, 64) to embeddings (N, 1024), never negative."""

    transform: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = Stem()
        channels = STEM
        for i, (stride, width) in enumerate(LAYERS):
            self.add_module(f"layer{i + 2}", Layer(channels, width, stride))
            channels = width
        self.dense = nn.Linear(channels, CLASSES)
        self.register_buffer("transform", torch.zeros(WINDOW, 2 * BINS))
        self.register_buffer("mel", torch.zeros(BINS, BANDS))

    def forward(self, log_mel: Tensor) -> Tensor:
        """Patches (N, 1, 96, 64) to embeddings (N, 1024)."""
        with torch.autocast(log_mel.device.type, enabled=False):
            x = torch.cat([self._large(part) for part in in_parts(log_mel, TOGETHER)])
        for number in range(LARGE + 1, len(LAYERS) + 2):
            x = self.get_submodule(f"layer{number}")(x)
        return x.mean((2, 3))

    def _large(self, log_mel: Tensor) -> Tensor:
        """The first layers' map (N, 256, 12, 8)."""
        x = convolve(log_mel, self.layer1.conv, None, "relu")
        for number in range(2, LARGE + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x

    def log_mel(self, samples: Tensor) -> Tensor:
        """Patches (N, 1, 96, 64) of sound in [-1, 1] (N, 15600 at 16 kHz); always in float32."""
        with torch.autocast(samples.device.type, enabled=False):
            bands = [self._bands(part) for part in in_parts(samples.float(), TOGETHER)]
            return torch.log(torch.cat(bands) + LOG_OFFSET)[:, None]

    def _bands(self, samples: Tensor) -> Tensor:
        """Magnitudes (N, 96, 64) in mel bands."""
        parts = (samples.unfold(1, WINDOW, HOP) @ self.transform).square_()
        return (parts[..., :BINS] + parts[..., BINS:]).sqrt_() @ self.mel


class YAMNetExtractor(FrozenExtractor):
    """Means over patches of the 1024 numbers before the classes, and their logits."""

    declaration = YAMNET
    model: YAMNet

    def load(self) -> nn.Module:
        """The network; the published BatchNorm is in the convolutions' weights already."""
        model = YAMNet()
        load_into(model, self.tensors(self.weights), self.weights.source)
        return model

    @classmethod
    def tensors(cls, weights: Weights) -> dict[str, Tensor]:
        """This network's tensors, from any form of the published file."""
        return yamnet_tensors(weights)

    def hear(self, samples: Tensor) -> Tensor:
        """Embeddings (N, 1024) of sound (N, S) on the int16 scale: means over its whole seconds.

        The last 0.04 s of each second are not heard; sound shorter than 0.975 s is padded with
        silence.
        """
        padded = functional.pad(samples / 32768, (0, max(0, SAMPLE_RATE - samples.shape[1])))
        seconds = padded.shape[1] // SAMPLE_RATE
        patches = padded[:, : seconds * SAMPLE_RATE].reshape(-1, SAMPLE_RATE)[:, :PATCH]
        embedded: Tensor = self.model(self.model.log_mel(patches))
        return embedded.view(len(samples), seconds, -1).mean(1)

    def sound_logits(self, vectors: Tensor) -> Tensor:
        """Logits (..., 521) of vectors (..., 1024)."""
        logits: Tensor = self.model.dense(vectors)
        return logits
