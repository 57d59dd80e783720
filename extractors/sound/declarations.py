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
