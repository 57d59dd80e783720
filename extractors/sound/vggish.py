"""VGGish: 128 numbers a second, as the AVE dataset's audio features were made.

Source: Hershey et al., ICASSP 2017; the log-mel front end and the post-processing as published
with AudioSet. The AVE features are the raw embeddings after the last ReLU (reference section 1.4).
The weights' names are those of the widely used PyTorch conversion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.compliance.kaldi import get_mel_banks

from avel.extractors.extractor import EncodeOptions, FrozenExtractor
from avel.extractors.weights.files import Weights, WeightsError, load_into, read_all

SAMPLE_RATE = 16_000
WINDOW, HOP, FFT = 400, 160, 512
"""25 ms every 10 ms, in samples."""
NUM_BANDS, LOWEST, HIGHEST = 64, 125.0, 7500.0
"""Mel bands between two frequencies in Hz."""
NUM_FRAMES = 96
"""Of one example: the first 0.96 s of each second."""
LOG_OFFSET = 0.01
QUANTIZE_MIN, QUANTIZE_MAX = -2.0, 2.0


@dataclass(frozen=True)
class VGGishOptions(EncodeOptions):
    """VGGish's own choice beside the common ones."""

    postprocess: bool = False
    """PCA, whitening and 8 bits as in the AudioSet release; needs `vggish_pca_params-…pth` too."""


class VGGish(nn.Module):
    """Log-mel patch (N, 1, 96, 64) to an embedding (N, 128), never negative."""

    window: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for width, depth in ((64, 1), (128, 1), (256, 2), (512, 2)):
            for _ in range(depth):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        sizes = (512 * 6 * 4, 4096, 4096, 128)
        dense = [
            layer
            for i in range(3)
            for layer in (nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU(inplace=True))
        ]
        self.embeddings = nn.Sequential(*dense)
        self.register_buffer("window", torch.hann_window(WINDOW, dtype=torch.float32))
        self.register_buffer("mel", mel_matrix())

    def forward(self, log_mel: Tensor) -> Tensor:
        """Embed patches."""
        maps = self.features(log_mel)
        # the weights were trained with channels last
        return self.embeddings(maps.permute(0, 2, 3, 1).flatten(1))  # type: ignore[no-any-return]

    def log_mel(self, samples: Tensor) -> Tensor:
        """Patches (N, 1, 96, 64) of sound in [-1, 1] (N, S at 16 kHz); always in float32.

        Shorter sound is padded with silence; frames after the 96th are not used.
        """
        with torch.autocast(samples.device.type, enabled=False):
            needed = (NUM_FRAMES - 1) * HOP + WINDOW
            samples = functional.pad(samples.float(), (0, max(0, needed - samples.shape[-1])))
            # torch centres the window in the transform: the same magnitudes, 56 samples earlier
            side = (FFT - WINDOW) // 2
            padded = functional.pad(samples, (side, side))
            spectrum = torch.stft(
                padded, FFT, HOP, WINDOW, self.window, center=False, return_complex=True
            )
            mel = spectrum.abs()[..., :NUM_FRAMES].transpose(1, 2) @ self.mel
            return torch.log(mel + LOG_OFFSET)[:, None]


def mel_matrix() -> Tensor:
    """Triangles in mel, not in Hz (bins 257, bands 64), as VGGish's own and as Kaldi's are."""
    banks, _ = get_mel_banks(NUM_BANDS, FFT, SAMPLE_RATE, LOWEST, HIGHEST, 100.0, -500.0, 1.0)
    return functional.pad(banks, (0, 1)).T.contiguous()  # the bin at 8 kHz is above all bands


class VGGishExtractor(FrozenExtractor):
    """Raw embeddings, or post-processed ones in [0, 255]."""

    name = "vggish"
    files = ("vggish-10086976.pth",)
    options_type = VGGishOptions
    options: VGGishOptions
    model: VGGish

    def load(self) -> nn.Module:
        """The network; the front end's constants are not in its files."""
        tensors = self.tensors(self.weights)
        self._pca = tensors.pop("pca_eigen_vectors", None), tensors.pop("pca_means", None)
        if self.options.postprocess and None in self._pca:
            raise WeightsError(
                f"{self.weights.source}: has no pca_eigen_vectors and pca_means, which "
                "postprocess=true needs; add their file: --weights vggish_pca_params-970ea276.pth"
            )
        model = VGGish()
        front_end = {name: getattr(model, name) for name in ("window", "mel")}
        load_into(model, {**tensors, **front_end}, self.weights.source)
        return model

    @classmethod
    def tensors(cls, weights: Weights) -> dict[str, Tensor]:
        """The network's tensors, and the post-processing's where they are given."""
        return {name.removeprefix("pproc."): value for name, value in read_all(weights).items()}

    @classmethod
    def cells(cls, weights: Weights) -> Mapping[str, Any]:
        """Sound at 16 kHz."""
        return {"sample_rate": SAMPLE_RATE}

    def hear(self, samples: Tensor) -> Tensor:
        """Embeddings (N, 128) of sound on the int16 scale."""
        embedded = self.model(self.model.log_mel(samples / 32768)).float()
        return self._postprocess(embedded) if self.options.postprocess else embedded

    def _postprocess(self, embedded: Tensor) -> Tensor:
        """PCA with whitening, clipped to [-2, 2] and quantised to 0..255."""
        vectors, means = (part.to(self.device).float() for part in self._pca if part is not None)
        projected = (embedded - means.reshape(1, -1)) @ vectors.T
        clipped = projected.clamp(QUANTIZE_MIN, QUANTIZE_MAX)
        return ((clipped - QUANTIZE_MIN) * (255 / (QUANTIZE_MAX - QUANTIZE_MIN))).round()
