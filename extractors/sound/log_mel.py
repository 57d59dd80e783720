"""Log-mel spectrograms as EfficientAT's networks were trained on."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.convolve import in_parts
from avel.extractors.sound.declarations import MN04
from avel.extractors.sound.mel import mel_bands

SAMPLE_RATE = MN04.cut["sample_rate"]
FULL_SCALE = 32768
"""What int16 is divided by."""
PRE_EMPHASIS = 0.97
WINDOW, HOP, FFT = 800, 320, 1024
"""25 ms every 10 ms, in samples."""
TOGETHER = 128
"""Columns of a spectrogram that are computed together on a CPU."""
NUM_BANDS, LOWEST, HIGHEST = 128, 0.0, 15_000.0
"""Mel bands between two frequencies in Hz."""
LOG_OFFSET, LOG_SHIFT, LOG_SCALE = 1e-5, 4.5, 5.0


class LogMel(nn.Module):
    """Sound to log-mel bands, in float32 whatever the precision around it is."""

    window: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        side = (FFT - WINDOW) // 2
        window = functional.pad(torch.hann_window(WINDOW, periodic=False), (side, side))
        mel = mel_bands(NUM_BANDS, FFT, SAMPLE_RATE, LOWEST, HIGHEST)
        self.register_buffer("window", window, persistent=False)  # in no file of weights
        self.register_buffer("mel", mel, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Spectrograms (N, 1, 128, frames) of sound in [-1, 1] (N, S at 32 kHz).

        Sound shorter than a window is padded with silence.
        """
        padded = functional.pad(samples.float(), (0, max(0, FFT - samples.shape[-1])))
        parts = [self.columns(mirrored(sharpened(part))) for part in in_parts(padded, 1)]
        return torch.cat(parts)[:, None]

    def columns(self, sharp: Tensor) -> Tensor:
        """Bands (N, 128, frames) of sharpened sound (N, S), the first about its sample FFT / 2."""
        with torch.autocast(sharp.device.type, enabled=False):
            frames = in_parts(sharp.unfold(1, FFT, HOP), TOGETHER, 1)
            bands = torch.cat([self._bands(part) for part in frames], 1)
            return ((torch.log(bands + LOG_OFFSET) + LOG_SHIFT) / LOG_SCALE).mT

    def _bands(self, frames: Tensor) -> Tensor:
        """Power (N, frames, 128) in mel bands of pieces of sound (N, frames, FFT)."""
        parts = torch.view_as_real(torch.fft.rfft(frames * self.window)).square()
        return (parts[..., 0] + parts[..., 1]) @ self.mel  # a sum over them would be slow


def sharpened(samples: Tensor) -> Tensor:
    """What is new in each sample after the first: (N, S) to (N, S - 1)."""
    return samples[:, 1:] - PRE_EMPHASIS * samples[:, :-1]


def mirrored(sharp: Tensor) -> Tensor:
    """Sound (N, S) with half a transform of itself before and behind it."""
    return functional.pad(sharp[:, None], (FFT // 2, FFT // 2), "reflect")[:, 0]
