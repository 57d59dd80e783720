"""Mel bands, as the encoders of sound here were trained on."""

from torch import Tensor
from torch.nn import functional
from torchaudio.compliance.kaldi import get_mel_banks


def mel_bands(num_bands: int, fft: int, sample_rate: int, lowest: float, highest: float) -> Tensor:
    """Triangles in mel, not in Hz, of height 1: (bins fft/2 + 1, bands), float32.

    The scale is 1127 ln(1 + f / 700). Kaldi's own matrix has no bin at half the sample rate; it
    is above all bands.

    Args:
        num_bands: Number of triangles.
        fft: Samples of the transform.
        sample_rate: In Hz.
        lowest: Where the first triangle begins, in Hz.
        highest: Where the last one ends, in Hz.
    """
    banks, _ = get_mel_banks(num_bands, fft, sample_rate, lowest, highest, 100.0, -500.0, 1.0)
    return functional.pad(banks, (0, 1)).T.contiguous()
