"""What is known of an extractor before its network is read: enough to plan a run without torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.extractors.classes import read_classes
from avel.extractors.options import EncodeOptions
from avel.extractors.weights.files import Weights, find_weights

if TYPE_CHECKING:
    from avel.extractors.extractor import FrozenExtractor


@dataclass(frozen=True)
class Declaration:
    """One extractor: how it is called, what it needs, what it takes, and where its network is."""

    name: str
    network: str
    """Module and class of the network, `avel.extractors.vision.vgg19:VGG19Extractor`."""
    files: tuple[str, ...] = ()
    """File names that are looked for when no weights are given."""
    options_type: type[EncodeOptions] = EncodeOptions
    sees: bool = False
    hears: bool = False
    pools: bool = False
    """Whether its network can make a picture's vector from the tokens of a map."""
    cut: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """How videos must be cut for it: settings of the segments stage, by name."""
    visual_list: str = ""
    audio_list: str = ""
    """Lists in the package of the classes that it scores in pictures and in sound; empty: none."""
    usual_list: str = ""
    """List in the package of each visual class's mean log-probability in ordinary pictures."""
    roots_list: str = ""
    """List in the package of each class's mean square root of probability in ordinary videos."""
    ships: bool = False
    """Whether its weights come with what is installed, so that nobody has to give them."""

    @property
    def visual_classes(self) -> tuple[str, ...]:
        """Names of what it scores in a picture, in the order of its logits; empty: nothing."""
        return read_classes(self.visual_list)

    @property
    def visual_usual(self) -> tuple[float, ...]:
        """Mean natural logarithm of each visual class's probability in ordinary pictures."""
        return tuple(map(float, read_classes(self.usual_list)))

    @property
    def usual_roots(self) -> tuple[float, ...]:
        """Mean square root of each class's probability in ordinary videos, by class."""
        return tuple(map(float, read_classes(self.roots_list)))

    @property
    def audio_classes(self) -> tuple[str, ...]:
        """Names of what it scores in sound, in the order of its logits; empty: nothing."""
        return read_classes(self.audio_list)

    def find(self, given: Sequence[Path]) -> Weights:
        """The weight files given, else those of `files` where weights are kept.

        Raises:
            WeightsError: one is not there, or no file of weights.
        """
        return find_weights(self.files, given)

    def cells(self, weights: Weights) -> Mapping[str, Any]:
        """How videos must be cut into cells for these weights: settings by name, sizes in px."""
        return self.cut

    def recipe_of(self, weights: Weights, options: EncodeOptions) -> Mapping[str, Any]:
        """Everything that decides the features; no tensor is read for it."""
        return {
            "extractor": self.name,
            "weights_sha256": weights.sha256,
            "options": options.chosen,
            "map_precision": "float16",
        }

    def network_class(self) -> "type[FrozenExtractor]":
        """The class that runs the weights; imports torch."""
        module, name = self.network.split(":")
        found: type[FrozenExtractor] = getattr(import_module(module), name)
        return found

    def load(
        self, weights: Weights, options: EncodeOptions | None = None, device: str = "cpu"
    ) -> "FrozenExtractor":
        """The network with its weights on a torch device, `cpu` or `cuda:1`.

        Raises:
            WeightsError: the files cannot be read, or are another model's.
            ExtractorError: the device lacks the precision.
        """
        return self.network_class()(weights, options, device)
