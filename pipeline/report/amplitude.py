"""What the amplitude convention of AudioCLIP does to a sound.

AudioCLIP hears samples in [-32768, 32767]; code that gives it samples in [-1, 1] gets other
features, quietly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import cosine_similarity

from avel.extractors import choose
from avel.extractors.audioclip.extractor import AudioCLIPExtractor
from avel.pipeline.media.cells import SegmentConfig, join
from avel.pipeline.media.decoder import decode_windows
from avel.pipeline.media.limits import DecodeLimits


@dataclass(frozen=True)
class Second:
    """One second heard both ways.

    Attributes:
        right: Mean level of the spectrogram in dB, of samples in [-32768, 32767].
        wrong: The same, of samples in [-1, 1].
        likeness: Cosine of the two embeddings.
    """

    right: float
    wrong: float
    likeness: float


def compare_amplitudes(sound: Path, weights: Sequence[Path]) -> tuple[str, list[Second]]:
    """Hear a file both ways; the extractor's name, and what each second gives.

    Raises:
        MediaError: the file cannot be read.
        WeightsError: the weights are missing or another model's.
    """
    name = "audioclip" if weights else "audioclip-tiny"
    extractor = choose(name, weights).load()
    assert isinstance(extractor, AudioCLIPExtractor)  # the two names are
    head = extractor.model.audio
    segments = join(list(decode_windows(sound, SegmentConfig(), DecodeLimits())))
    samples = torch.from_numpy(segments.samples).float()
    both = (samples, samples / 32768)
    with torch.inference_mode():
        levels = [head.spectrogram(x).mean((1, 2, 3)) for x in both]
        likeness = cosine_similarity(*(head(x) for x in both))
    rows = zip(*(values.tolist() for values in (*levels, likeness)), strict=True)
    return name, [Second(*row) for row in rows]
