"""Cached features of an AVE folder's rows as training examples of ten segments."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.models.losses import IGNORED
from avel.pipeline.datasets.ave import CELLS, AveFolder, Row, segment_labels
from avel.pipeline.media.cells import Segments
from avel.pipeline.method.extract import Features
from avel.pipeline.method.kept import unpack_features
from avel.pipeline.method.stores import unpack
from avel.pipeline.reasons import InputError


class Example(NamedTuple):
    """One row, or a batch of them with a leading axis.

    audio (T, D), visual_map (T, P, C), visual (T, D), mask (T,) of existing segments, present (T,)
    of those with both picture and sound, segments (T,) and video () labels, where background is
    index K, row (), the example's position, and other (), the second label of a mixed video, else
    IGNORED.
    """

    audio: Tensor
    visual_map: Tensor
    visual: Tensor
    mask: Tensor
    present: Tensor
    segments: Tensor
    video: Tensor
    row: Tensor
    other: Tensor


@dataclass(frozen=True)
class RowKeys:
    """Where each row's features are.

    Attributes:
        keys: Content key by row number; a row whose video has no features is not in it.
        missing: Video ids without features, each once, with the reason.
    """

    keys: dict[int, str]
    missing: dict[str, str]


def find_rows(data: AveFolder, store: Store, contents: ContentKeys, rows: Sequence[int]) -> RowKeys:
    """Match rows with cached features by their videos' content, or by row where so imported.

    Rows are numbers, counted from 0.

    Raises:
        InputError: the features were imported for other rows than the dataset's.
    """
    keys, missing = {}, {}
    if _by_row(data, store):
        for number in rows:
            if row_key(number) in store:
                keys[number] = row_key(number)
            else:
                missing[data.rows[number].video_id] = "not imported"
        return RowKeys(keys, missing)
    for number in rows:
        video_id = data.rows[number].video_id
        path = data.video_path(video_id)
        key = _key(path, store, contents)
        if key:
            keys[number] = key
        else:
            missing[video_id] = "no video file" if path is None else "not extracted"
    return RowKeys(keys, missing)


def row_key(number: int, kind: str = "row") -> str:
    """Item key, 64 hex digits, of a row (or a background-only video, `noisy`) that was imported."""
    return hashlib.sha256(f"{kind} {number}".encode()).hexdigest()


def _by_row(data: AveFolder, store: Store) -> bool:
    config = store.recipe["config"]
    if "imported" not in config:
        return False
    if config["rows"] != data.sha256:
        raise InputError(
            f"{store.folder}: was imported for the rows {config['rows'][:12]}, {data.root} has "
            f"{data.sha256[:12]}; use the dataset folder that it was imported for"
        )
    return True


def _key(path: Path | None, store: Store, contents: ContentKeys) -> str | None:
    key = contents.key(path) if path else None
    return key if key and key in store else None


def noisy_keys(data: AveFolder, store: Store, contents: ContentKeys) -> list[str]:
    """Keys, 64 hex digits each, of background-only videos that have features."""
    if _by_row(data, store):
        imported = (row_key(n, "noisy") for n in range(store.recipe["config"]["noisy"]))
        return [key for key in imported if key in store]
    keys = (_key(data.noisy_path(video_id), store, contents) for video_id in data.noisy)
    return [key for key in keys if key]


class FeatureRows(Dataset[Example]):
    """Examples by position; features are read from the cache when asked for."""

    def __init__(
        self, store: Store, keys: Sequence[str], rows: Sequence[Row | None], num_classes: int
    ) -> None:
        self._store, self.keys = store, list(keys)
        self.background = num_classes
        events = [row or Row(num_classes, "", 0, 0) for row in rows]
        self.segments = segment_labels(events, num_classes)
        self.videos = np.array([row.label for row in events], np.int64)

    def __len__(self) -> int:
        return len(self.keys)

    def features(self, index: int) -> Features:
        """Features (T, ...) of one example at their own length, in cells.

        Raises:
            LookupError: the item was damaged since; names it and what to do.
        """
        return unpack_features(self._arrays(index))

    def _arrays(self, index: int) -> dict[str, NDArray[np.generic]]:
        arrays = self._store.get(self.keys[index])
        if arrays is None:
            why = "; ".join(self._store.damage) or "it was deleted"
            raise LookupError(
                f"{self._store.stage} {self.keys[index][:12]} cannot be read ({why}); run "
                "`avel extract` again"
            )
        return arrays

    def __getitem__(self, index: int) -> Example:
        features = self.features(index)
        length = min(CELLS, len(features.visual))

        def fit(array: NDArray[np.generic]) -> Tensor:
            fitted = np.zeros((CELLS, *array.shape[1:]), array.dtype)
            fitted[:length] = array[:length]
            return torch.from_numpy(fitted)

        return Example(
            fit(features.audio),
            fit(features.visual_map),
            fit(features.visual),
            torch.arange(CELLS) < length,
            fit(features.visual_mask & features.audio_mask),
            torch.from_numpy(self.segments[index]),
            torch.tensor(self.videos[index]),
            torch.tensor(index),
            torch.tensor(IGNORED),
        )


class SegmentRows(FeatureRows):
    """Examples of decoded segments, before any encoder.

    `audio` holds samples int16 (T, S), `visual_map` pictures uint8 (T, F, 3, H, W), `visual`
    nothing.
    """

    def features(self, index: int) -> Features:
        """One video's segments, samples (T, S) and frames (T, F, 3, H, W), in place of features."""
        segments = unpack(Segments, self._arrays(index))
        return Features(
            visual=np.zeros((len(segments.samples), 0), np.float32),
            visual_map=segments.pictures,  # type: ignore[arg-type]
            audio=segments.samples,  # type: ignore[arg-type]
            visual_mask=segments.visual_mask,
            audio_mask=segments.audio_mask,
            duration=segments.duration,
            flags=segments.flags,
            notes=segments.notes,
        )
