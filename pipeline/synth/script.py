"""What a synthetic video shows and when: one script a video, from the seed alone.

Each class is one look and one sound. Outside its event a video goes on being misleading: the
object without its sound, the sound without its object, either with another class's partner.
So neither modality alone can tell when the event is; only their agreement can.

Everything derives from the seed: video `row` is a function of (seed, row) alone.
"""

import string
from dataclasses import dataclass, field

import numpy as np

from avel.pipeline.reasons import InputError
from avel.pipeline.synth.looks import FILLS, NUM_LOOKS, SHAPES, Style
from avel.pipeline.synth.timbres import VOICES, Timbre

CELLS = 10
NOTHING = -1

TIMBRES = np.random.default_rng(28).permutation(NUM_LOOKS)

ID_LETTERS = np.array(list(string.ascii_letters + string.digits + "-_"))

BACKGROUNDS = {
    "seen only": 0.22,
    "heard only": 0.22,
    "seen, other heard": 0.25,
    "heard, other seen": 0.25,
    "neither": 0.06,
}
"""What the cells on one side of an event show, with how often. Chosen so that a model of one
modality cannot know: about half of all background cells look like the event, half sound so."""


@dataclass(frozen=True)
class SynthConfig:
    """A dataset; two equal configs write equal files."""

    num_videos: int = 1000
    noisy_share: float = 0.15
    """Background-only videos of the weak setting, beside the others, per annotated video."""
    seed: int = 0
    style: Style = field(default_factory=Style)
    timbre: Timbre = field(default_factory=Timbre)

    def __post_init__(self) -> None:
        if self.num_videos < 3 * NUM_LOOKS:
            raise InputError(
                f"num_videos ({self.num_videos}) must be at least {3 * NUM_LOOKS}: "
                f"{NUM_LOOKS} classes in three splits"
            )


@dataclass(frozen=True)
class Script:
    """What one video shows: per cell the class seen and the class heard, or NOTHING."""

    video_id: str
    seed: tuple[int, int]
    seen: tuple[int, ...]
    heard: tuple[int, ...]
    rows: tuple[tuple[int, int, int], ...]
    """Annotated events: class, start second, end second. None in a background-only video."""
    has_audio: bool = True


def class_names() -> list[str]:
    """The 28 names; like AVE's, some hold a comma."""
    return [
        f"{FILLS[c % len(FILLS)].capitalize()} {SHAPES[c // len(FILLS)]}, "
        f"{VOICES[timbre_of(c) % len(VOICES)]}"
        for c in range(NUM_LOOKS)
    ]


def timbre_of(label: int) -> int:
    """The sound of a look, both counted from 0; shuffled, so that order gives nothing away."""
    return int(TIMBRES[label])


def annotated_scripts(config: SynthConfig) -> list[Script]:
    """One script of ten cells per video, class after class as in AVE; some have two events."""
    labels = [index * NUM_LOOKS // config.num_videos for index in range(config.num_videos)]
    return [_annotated(config.seed, index, label) for index, label in enumerate(labels)]


def _annotated(seed: int, index: int, label: int) -> Script:
    rng = np.random.default_rng([seed, index])
    seen, heard = np.full(CELLS, NOTHING), np.full(CELLS, NOTHING)
    length = CELLS if rng.random() < 0.15 else int(rng.integers(2, 9))
    start = int(rng.integers(0, CELLS - length + 1))
    end = start + length
    rows = [(label, start, end)]
    seen[start:end] = heard[start:end] = label
    for side in (slice(0, start), slice(end, CELLS)):
        _background(seen, heard, side, label, rng)
    if index % 100 == 50 and length < 7:
        rows.append(_second_event(seen, heard, start, end, label, rng))
    if index == 3:  # AVE has one row without a single second (specification 1.2)
        rows = [(label, 0, 0)]
        heard[seen == heard] = NOTHING
    has_audio = index % 200 != 120
    return Script(
        _video_id(rng), (seed, index), _cells(seen), _cells(heard), tuple(rows), has_audio
    )


def _background(
    seen: np.ndarray, heard: np.ndarray, side: slice, label: int, rng: np.random.Generator
) -> None:
    kind = rng.choice(list(BACKGROUNDS), p=list(BACKGROUNDS.values()))
    other = _other(label, rng)
    if kind.startswith("seen"):
        seen[side] = label
        heard[side] = other if "other" in kind else NOTHING
    elif kind.startswith("heard"):
        heard[side] = label
        seen[side] = other if "other" in kind else NOTHING


def _second_event(
    seen: np.ndarray, heard: np.ndarray, start: int, end: int, label: int, rng: np.random.Generator
) -> tuple[int, int, int]:
    """Another class's event on the longer free side: AVE's two rows on one video."""
    other = _other(label, rng)
    low, high = (0, start) if start >= CELLS - end else (end, CELLS)
    seen[low:high] = heard[low:high] = other
    return other, low, high


def _other(label: int, rng: np.random.Generator) -> int:
    return int((label + rng.integers(1, NUM_LOOKS)) % NUM_LOOKS)


def noisy_scripts(config: SynthConfig) -> list[Script]:
    """Background-only videos of ten cells: every side of nothing; sight and sound never agree."""
    scripts = []
    for index in range(round(config.num_videos * config.noisy_share)):
        number = 1_000_000 + index
        rng = np.random.default_rng([config.seed, number])
        seen, heard = np.full(CELLS, NOTHING), np.full(CELLS, NOTHING)
        label, cut = int(rng.integers(NUM_LOOKS)), int(rng.integers(1, CELLS))
        for side in (slice(0, cut), slice(cut, CELLS)):
            _background(seen, heard, side, label, rng)
        scripts.append(
            Script(_video_id(rng), (config.seed, number), _cells(seen), _cells(heard), ())
        )
    return scripts


def _cells(values: np.ndarray) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _video_id(rng: np.random.Generator) -> str:
    """Eleven letters like YouTube's; a quarter starts with "-", as in AVE."""
    letters = "".join(rng.choice(ID_LETTERS, 11))
    return "-" + letters[1:] if rng.random() < 0.25 else letters
