"""A dataset's split as far as its features are in the cache, and what of it is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avel.cache.fingerprint import ContentKeys, fingerprint
from avel.cache.store import Store
from avel.pipeline.datasets.ave import AveFolder, split_file
from avel.pipeline.datasets.features import FeatureRows, RowKeys, find_rows, noisy_keys
from avel.pipeline.method.kept import Kept, part_of, require
from avel.pipeline.method.stores import open_store
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig

NEEDED = ("audio", "visual", "visual_map")
"""Arrays of features that models take."""


@dataclass(frozen=True)
class Split:
    """Rows of a split that have features, and those that do not."""

    rows: FeatureRows
    found: RowKeys
    store: Store
    contents: ContentKeys
    video_ids: tuple[str, ...]

    @property
    def coverage(self) -> dict[str, Any]:
        """How many rows there are, how many are evaluated, and what became of the others."""
        missing = self.found.missing
        evaluated = len(self.rows)
        return {"rows": evaluated + len(missing), "evaluated": evaluated, "missing": missing}

    def with_noisy(self, data: AveFolder) -> FeatureRows:
        """These rows and the background-only videos after them, as the weak setting trains."""
        noisy = noisy_keys(data, self.store, self.contents)
        rows = [data.rows[number] for number in self.found.keys]
        keys = [*self.found.keys.values(), *noisy]
        kind = type(self.rows)
        return kind(self.store, keys, [*rows, *[None] * len(noisy)], len(data.classes))


def open_split(
    data: AveFolder,
    split: str,
    recipe: Mapping[str, Any],
    runtime: RuntimeConfig,
    kind: type[FeatureRows] = FeatureRows,
) -> Split:
    """Rows of a split with their cached features (T, ...), or segments where `kind` reads those.

    Raises:
        InputError: the split is empty, not one row has features, or they were kept without what
            models read.
    """
    store = open_store(runtime.cache_dir, recipe, make=False)
    if store.stage == "features":
        require(recipe, NEEDED, "a model")
    contents = ContentKeys(runtime.cache_dir)
    numbers = {**data.splits, **data.match_splits}[split]
    if not len(numbers):
        raise InputError(
            f"{split_file(data.root, split)}: names no row, so split '{split}' is empty; there is "
            "nothing to train or evaluate on"
        )
    found = find_rows(data, store, contents, [int(row) for row in numbers])
    if not found.keys:
        adapters = " --adapters RUN" if "adapters" in recipe.get("config", {}) else ""
        raise InputError(
            f"{data.root}: no video of split '{split}' ({len(numbers)} rows) has "
            f"{store.stage} {store.fingerprint[:12]} in {runtime.cache_dir}; run "
            f"`avel extract {data.root}{adapters}` first, with --config for what a config reads"
            f"{_in_part(runtime.cache_dir, recipe)}"
        )
    rows = [data.rows[number] for number in found.keys]
    examples = kind(store, list(found.keys.values()), rows, len(data.classes))
    return Split(examples, found, store, contents, tuple(row.video_id for row in rows))


def _in_part(root: Path, recipe: Mapping[str, Any]) -> str:
    """What is said of features of the recipe that were kept in part."""
    for other in part_of(root, recipe):
        kept, mark = Kept.of_recipe(other), fingerprint(other)[:12]
        if all(kept.has(name) for name in NEEDED):
            return f". There are such features of another form: --set features={mark}"
        return (
            f". Those that are there ({mark}) were kept with --arrays {','.join(kept.arrays)} and "
            "lack what a model reads: leave out --arrays"
        )
    return ""
