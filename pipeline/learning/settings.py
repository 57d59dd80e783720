"""Settings of training with what they may be; reading them loads no numeric library."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple


class Range(NamedTuple):
    """What a number may be: in words, and as a test that NaN fails."""

    words: str
    holds: Callable[[float], bool]


COUNT = Range("must be at least 1", lambda x: x >= 1)
NATURAL = Range("must not be negative", lambda x: x >= 0)
POSITIVE = Range("must be greater than 0", lambda x: x > 0)
SHARE = Range("must be in [0, 1]", lambda x: 0 <= x <= 1)
BELOW_ONE = Range("must be in [0, 1)", lambda x: 0 <= x < 1)
FACTOR = Range("must be in (0, 1]", lambda x: 0 < x <= 1)
SEED = Range("must be in [0, 2^32)", lambda x: 0 <= x < 2**32)


def check_ranges(section: str, config: Any, ranges: Mapping[str, Range]) -> None:
    """Refuse numbers that are out of their range.

    Raises:
        ValueError: names the first key, its value and the rule.
    """
    for name, (words, holds) in ranges.items():
        value = getattr(config, name)
        if not holds(value):
            raise ValueError(f"{section}.{name} ({value}) {words}")


@dataclass(frozen=True)
class TrainConfig:
    """Optimisation.

    The defaults are DMSF's, reference section 3.8.2, with the learning rate of the narrow model;
    the presets of the other systems are their authors'.
    """

    epochs: int = 20
    """Passes over the training videos."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    """Adam with weight decay apart from the gradient, or without any."""
    learning_rate: float = 7e-4
    """Of the model, per step."""
    schedule: Literal["cosine", "milestones"] = "cosine"
    """Cosine to zero after warm-up, or a factor at each milestone."""
    warmup_epochs: int = 3
    """Epochs over which the cosine's rate grows from nothing."""
    milestones: Sequence[int] = ()
    """When the rate is cut, in epochs or steps as `milestone_unit` says."""
    milestone_unit: Literal["epoch", "step"] = "epoch"
    """What milestones are counted in."""
    milestone_factor: float = 0.5
    """By which the rate is multiplied at each milestone."""
    adapter_learning_rate: float = 2e-3
    """Of adapters, per step; better than 3.5e-4 on the shifted synthetic set's validation split."""
    weight_decay: float = 0.02
    """Share of the rate; not of norms, biases and the scan's A and D; none with adam."""
    batch_size: int = 32
    """Videos in a batch, of all processes together."""
    shuffle: bool = True
    """Whether every epoch has its own order."""
    drop_last: bool = False
    """Whether an epoch leaves out the last batch where it is not full, as AVE's scripts do."""
    accumulate: int = 1
    """Batches whose gradients are summed for one step."""
    recompute: bool = False
    """Whether in-trunk activations are computed again for the gradient instead of being kept."""
    clip_norm: float = 1.0
    """Largest norm of all gradients together; 0: not clipped."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """Of the model's arithmetic; weights stay in float32. The encoder's, where training runs it, is
    `extractor_options.precision`."""
    average_decay: float = 0.0
    """Of an exponential moving average of the weights, per step, which is then what is kept; 0:
    none."""
    balanced: bool = False
    """Whether every class is drawn equally often."""
    splice: bool = True
    """Weak supervision: whether pieces of background-only videos are put into others."""
    foreign_sound: float = 0.0
    """Full supervision: share of videos that get a piece of another class's sound, which makes
    background of the segments under it."""
    sense_weight: float = 1.0
    """Full supervision: factor of what teaches adapters each sense by itself, see `SenseHeads`."""
    mutual_weight: float = 1.0
    """Factor of what the two branches learn from each other."""
    mutual_ramp_epochs: int = 5
    """Epochs over which mutual learning grows from nothing to its weight."""
    patience: int = 8
    """Validations without a better accuracy before training ends; 0: it never does."""
    validate_every: int = 1
    """Epochs from one validation to the next; the last epoch is always validated."""
    validate_first: bool = False
    """Whether the first epoch is validated and every so many after it (0, 5, 10 …), as AVE's
    scripts count, instead of the last of every so many (4, 9, 14 …)."""
    seed: int = 0
    """Of every draw; whole number below 2^32."""

    def __post_init__(self) -> None:
        check_ranges("train", self, TRAIN_RANGES)
        if any(step < 1 for step in self.milestones):
            raise ValueError(f"train.milestones {list(self.milestones)} must each be at least 1")

    def validates(self, epoch: int) -> bool:
        """Whether an epoch, counted from 0, ends with a validation."""
        passed = epoch if self.validate_first else epoch + 1
        return passed % self.validate_every == 0 or epoch == self.epochs - 1


TRAIN_RANGES = {
    **dict.fromkeys(("epochs", "batch_size", "accumulate", "validate_every"), COUNT),
    **dict.fromkeys(("learning_rate", "adapter_learning_rate"), POSITIVE),
    **dict.fromkeys(("warmup_epochs", "mutual_ramp_epochs", "patience"), NATURAL),
    **dict.fromkeys(("weight_decay", "clip_norm", "sense_weight", "mutual_weight"), NATURAL),
    "milestone_factor": FACTOR,
    "average_decay": BELOW_ONE,
    "foreign_sound": SHARE,
    "seed": SEED,
}


@dataclass(frozen=True)
class AugmentConfig:
    """What is varied, per video; training then reads segments and runs the whole encoder."""

    enabled: bool = False
    """Whether anything is."""
    shift_cells: int = 3
    """Picture, sound and labels turn together by up to so many segments, round the end."""
    brightness: float = 0.2
    """x of a factor that is drawn from 1 - x to 1 + x."""
    contrast: float = 0.2
    """x of a factor that is drawn from 1 - x to 1 + x."""
    saturation: float = 0.2
    """x of a factor that is drawn from 1 - x to 1 + x."""
    gain_db: float = 6.0
    """Of the sound, up or down, in dB."""
    snr_db: tuple[float, float] = (20.0, 50.0)
    """Range of the signal-to-noise ratio of white noise that is added, in dB."""
    mix: float = 0.0
    """Share of videos that another video of the batch is laid over, pictures blended and sounds
    added, with the union of both's labels. Their events then need not be the only ones that can be
    seen and heard, so it is off unless asked for, and only losses that take two labels allow it."""

    def __post_init__(self) -> None:
        check_ranges("augment", self, AUGMENT_RANGES)
        low, high = self.snr_db
        if not low <= high:
            raise ValueError(f"augment.snr_db ({low}, {high}) must be the lower and the higher end")


AUGMENT_RANGES = {
    **dict.fromkeys(("brightness", "contrast", "saturation"), BELOW_ONE),
    **dict.fromkeys(("shift_cells", "gain_db"), NATURAL),
    "mix": SHARE,
}


@dataclass(frozen=True)
class PretrainConfig:
    """Recipe of the tiny encoder's weights."""

    epochs: int = 10
    """Passes over the cells."""
    groups: int = 2
    """Contrastive groups in a batch; each holds every class once."""
    learning_rate: float = 2e-3
    """Highest of the one cycle, per step."""
    weight_decay: float = 0.02
    """Share of the rate."""
    seed: int = 0
    """Of every draw; whole number below 2^32."""
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"
    """Lightning's word; three times as fast as float32 on a CPU with bf16 instructions."""

    def __post_init__(self) -> None:
        check_ranges("pretrain", self, PRETRAIN_RANGES)


PRETRAIN_RANGES = {
    **dict.fromkeys(("epochs", "groups"), COUNT),
    "learning_rate": POSITIVE,
    "weight_decay": NATURAL,
    "seed": SEED,
}
