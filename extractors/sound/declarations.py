"""Encoders of sound alone, as a run plans with them; no torch."""

from dataclasses import dataclass

from avel.extractors.declaration import Declaration
from avel.extractors.options import EncodeOptions


@dataclass(frozen=True)
class VGGishOptions(EncodeOptions):
    """VGGish's own choice beside the common ones."""

    postprocess: bool = False
    """PCA, whitening and 8 bits as in the AudioSet release; needs `vggish_pca_params-…pth` too."""


VGGISH = Declaration(
    name="vggish",
    network="avel.extractors.sound.vggish:VGGishExtractor",
    files=("vggish-10086976.pth",),
    options_type=VGGishOptions,
    hears=True,
    cut={"sample_rate": 16_000},
)


def _mn(width: str, score: int) -> Declaration:
    """EfficientAT's network of a width in tenths, by its mean average precision in thousandths."""
    return Declaration(
        name=f"mn{width}",
        network=f"avel.extractors.sound.mn:MN{width}Extractor",
        files=(f"mn{width}_as_mAP_{score}.pt",),
        hears=True,
        cut={"sample_rate": 32_000},
        audio_list="sound/audioset-527.txt",
    )


MN04, MN05, MN10, MN20 = _mn("04", 432), _mn("05", 443), _mn("10", 471), _mn("20", 478)
YAMNET = Declaration(
    name="yamnet",
    network="avel.extractors.sound.yamnet:YAMNetExtractor",
    files=("yamnet.tflite",),
    hears=True,
    cut={"sample_rate": 16_000},
    audio_list="sound/yamnet-521.txt",
)
