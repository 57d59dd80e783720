"""Encoders of sound alone, as a run plans with them; no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avel.extractors.declaration import Declaration
from avel.extractors.options import EncodeOptions
from avel.extractors.weights.files import Weights, find_file, find_weights


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


@dataclass(frozen=True)
class EitherDeclaration(Declaration):
    """An encoder published in several forms: any one of its files, the first that is there."""

    def find(self, given: Sequence[Path]) -> Weights:
        """The weight file given, else the first of `files` where weights are kept.

        Raises:
            WeightsError: none is there.
        """
        return find_weights((), given) if given else Weights((find_file(*self.files),))


def _mn(width: str, score: int) -> Declaration:
    """EfficientAT's network of a width in tenths, by its mean average precision in thousandths."""
    return Declaration(
        name=f"mn{width}",
        network=f"avel.extractors.sound.mn:MN{width}Extractor",
        files=(f"mn{width}_as_mAP_{score}.pt",),
        hears=True,
        cut={"sample_rate": 32_000},
        audio_list="sound/audioset-527.txt",
        roots_list="sound/mn04-roots.txt" if width == "04" else "",
    )


MN04, MN05, MN10, MN20 = _mn("04", 432), _mn("05", 443), _mn("10", 471), _mn("20", 478)
YAMNET = EitherDeclaration(
    name="yamnet",
    network="avel.extractors.sound.yamnet:YAMNetExtractor",
    files=("yamnet.safetensors", "yamnet.tflite"),  # the first is made of the Keras file
    hears=True,
    cut={"sample_rate": 16_000},
    audio_list="sound/yamnet-521.txt",
)
