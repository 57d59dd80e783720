"""A table of trainings that differ in some settings: what its YAML file says."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avel.pipeline.learning.experiment import Experiment, load_experiment
from avel.pipeline.studies.runs import run_folder, slug


@dataclass(frozen=True)
class Ablation:
    """Rows of one table; the first is what the others are compared with."""

    base: str
    """Config of every row, a file or the name of a preset."""
    rows: dict[str, dict[str, Any]]
    """Settings by dotted name that a row changes, by the row's name. Two are not settings: `base`,
    a config of its own, and `after`, a row whose weights of the same seed are where it starts."""
    seeds: Sequence[int] = (0, 1, 2)
    """Each row is trained once with each."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of all rows, by dotted name."""

    def __post_init__(self) -> None:
        if not self.rows or not self.seeds:
            raise ValueError("an ablation needs at least one row and one seed")
        slugs = [slug(row) for row in self.rows]
        if len(set(slugs)) < len(slugs):
            raise ValueError(f"rows {list(self.rows)} must differ in letters or digits")
        after = [row["after"] for row in self.rows.values() if "after" in row]
        strange = [row for row in after if row not in self.rows]
        if strange:
            raise ValueError(f"after: there is no row '{strange[0]}'")
        chained = [row for row in after if "after" in self.rows[row]]
        if chained:
            raise ValueError(f"after: row '{chained[0]}' itself comes after another; one step only")

    @property
    def first(self) -> str:
        """The row that the others are compared with."""
        return next(iter(self.rows))

    def experiment(self, row: str, seed: int, out: Path) -> Experiment:
        """The experiment of one row and seed, whose runs are in `out`.

        Raises:
            ConfigError: a setting is wrong.
            InputError: settings do not go together.
        """
        own = dict(self.rows[row])
        base = Path(own.pop("base", self.base))
        if (after := own.pop("after", None)) is not None:
            own["start"] = str(run_folder(out, after, seed))
        settings = {**self.settings, **own, "train.seed": seed}
        return load_experiment(base, [f"{name}={_text(v)}" for name, v in settings.items()])

    def experiments(self, out: Path) -> dict[tuple[str, int], Experiment]:
        """All of them, by row and seed; wrong settings of any row are named before one trains."""
        return {
            (row, seed): self.experiment(row, seed, out) for row in self.rows for seed in self.seeds
        }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
