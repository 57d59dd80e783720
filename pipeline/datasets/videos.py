"""Which files a user means: media files, folders, lists, and AVE-shaped folders."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.media.inputs import expand_into
from avel.pipeline.media.paths import Paths


@dataclass(frozen=True)
class Videos:
    """Files to read, and a sentence for each row of a dataset whose video is not there."""

    paths: Paths
    missing: list[str]


def find_videos(names: Sequence[str], tell: Callable[[str], object] = warnings.warn) -> Videos:
    """Files that a user's words mean; an AVE-shaped folder means the videos of its rows.

    Args:
        names: Files, folders and lists.
        tell: Told of each folder how many files of which kind are left out, if any.

    Raises:
        InputError: as `expand_into` and `open_ave`.
    """
    found = Videos(Paths(), [])
    for name in names:
        if (Path(name) / "Annotations.txt").is_file():
            _add_dataset(found, Path(name))
        else:
            expand_into(found.paths, name, tell)
    return found


def _add_dataset(found: Videos, root: Path) -> None:
    data = open_ave(root)
    wanted = {row.video_id: data.video_path(row.video_id) for row in data.rows}
    noisy = {video_id: data.noisy_path(video_id) for video_id in data.noisy}
    for video_id, path in [*wanted.items(), *noisy.items()]:
        if path:
            found.paths.add(path)
        else:
            found.missing.append(f"{root}: no video file for id {video_id}")
