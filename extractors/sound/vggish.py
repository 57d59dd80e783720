"""VGGish: 128 numbers a second, as the AVE dataset's audio features were made.

Source: Hershey et al., ICASSP 2017; the log-mel front end and the post-processing as published
with AudioSet. The AVE features are the raw embeddings after the last ReLU (reference section 1.4).
The weights' names are those of the widely used PyTorch conversion.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.extractor import FrozenExtractor
from avel.extractors.sound.declarations import VGGISH, VGGishOptions
from avel.extractors.sound.mel import mel_bands
from avel.extractors.weights.files import Weights, WeightsError
from avel.extractors.weights.tensors import load_into, read_all

SAMPLE_RATE = VGGISH.cut["sample_rate"]
WINDOW, HOP, FFT = 400, 160, 512
"""25 ms every 10 ms, in samples."""
NUM_BANDS, LOWEST, HIGHEST = 64, 125.0, 7500.0
"""Mel bands between two frequencies in Hz."""
NUM_FRAMES = 96
"""Of one example: the first 0.96 s of each second."""
DENSE = 4096
"""Units of the two hidden layers."""
LOG_OFFSET = 0.01
QUANTIZE_MIN, QUANTIZE_MAX = -2.0, 2.0


class VGGish(nn.Module):
    """Log-mel patch (N, 1, 96, 64) to an embedding (N, 128), never negative."""

    window: Tensor
    mel: Tensor
    pca_vectors: Tensor
    pca_means: Tensor

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
        sizes = (512 * 6 * 4, DENSE, DENSE, 128)
        dense = [
            layer
            for i in range(3)
            for layer in (nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU(inplace=True))
        ]
        self.embeddings = nn.Sequential(*dense)
        window = torch.hann_window(WINDOW, dtype=torch.float32)
        self.register_buffer("window", window, persistent=False)  # in no file of weights
        self.register_buffer("mel", mel_matrix(), persistent=False)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Patches (N, 1, 96, 64) to embeddings (N, 128)."""
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
    """Mel bands (bins 257, bands 64)."""
    return mel_bands(NUM_BANDS, FFT, SAMPLE_RATE, LOWEST, HIGHEST)


class VGGishExtractor(FrozenExtractor):
    """Raw embeddings, or post-processed ones in [0, 255]."""

    declaration = VGGISH
    options: VGGishOptions
    model: VGGish

    def load(self) -> nn.Module:
        """The network; the post-processing's matrix (128, 128) goes with it where it is asked for.

        Raises:
            WeightsError: the post-processing is in none of the files.
        """
        tensors = self.tensors(self.weights)
        vectors, means = tensors.pop("pca_eigen_vectors", None), tensors.pop("pca_means", None)
        model = VGGish()
        load_into(model, tensors, self.weights.source)
        if self.options.postprocess:
            if vectors is None or means is None:
                raise WeightsError(
                    f"{self.weights.source}: has no pca_eigen_vectors and pca_means, which "
                    "postprocess=true needs; add their file: --weights "
                    "vggish_pca_params-970ea276.pth"
                )
            model.register_buffer("pca_vectors", vectors.float())
            model.register_buffer("pca_means", means.float().reshape(1, -1))
        return model

    @classmethod
    def tensors(cls, weights: Weights) -> dict[str, Tensor]:
        """The network's tensors, and the post-processing's where they are given."""
        return {name.removeprefix("pproc."): value for name, value in read_all(weights).items()}

    def hear(self, samples: Tensor) -> Tensor:
        """Embeddings (N, 128) of sound (N, S) on the int16 scale: means over its whole seconds."""
        seconds = max(1, samples.shape[1] // SAMPLE_RATE)
        if seconds > 1:
            samples = samples[:, : seconds * SAMPLE_RATE].reshape(-1, SAMPLE_RATE)
        embedded = self.model(self.model.log_mel(samples / 32768)).float()
        embedded = embedded.unflatten(0, (-1, seconds)).mean(1) if seconds > 1 else embedded
        return self._postprocess(embedded) if self.options.postprocess else embedded

    def _postprocess(self, embedded: Tensor) -> Tensor:
        """Of (N, 128): PCA with whitening, clipped to [-2, 2] and quantised to 0..255."""
        model = self.model
        projected = (embedded - model.pca_means) @ model.pca_vectors.T
        clipped = projected.clamp(QUANTIZE_MIN, QUANTIZE_MAX)
        return ((clipped - QUANTIZE_MIN) * (255 / (QUANTIZE_MAX - QUANTIZE_MIN))).round()
