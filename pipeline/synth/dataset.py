"""The synthetic AVE: a folder of real MP4s with AVE's own tables; `script` says what they show."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from avel.cache.ave_h5 import write_labels, write_order
from avel.pipeline.datasets.ave import CELLS, match_file
from avel.pipeline.synth.film import film
from avel.pipeline.synth.script import (
    Script,
    SynthConfig,
    annotated_scripts,
    class_names,
    noisy_scripts,
)
from avel.pipeline.work.workers import Crashed, map_unordered


def write_synth(
    root: Path, config: SynthConfig, workers: int, *, only_test: int | None = None
) -> Iterator[int]:
    """Write the dataset folder in AVE's layout; yields the number of videos done so far.

    Every video lasts ten seconds, in cells of one.
    Layout: `AVE/<id>.mp4`, `noisy/<id>.mp4`, `Annotations.txt` (with header),
    `categories.txt`, `trainSet.txt`, `valSet.txt`, `testSet.txt`, the order files,
    `labels_noisy.h5`, `noisySet.txt` and `synth.json`. Files that are there already are kept.

    Args:
        root: The folder.
        config: Decides every byte.
        workers: Processes that draw and encode.
        only_test: Film that many videos of the test split and no others; tables stay whole.
    """
    scripts, noisy = annotated_scripts(config), noisy_scripts(config)
    for folder in ("AVE", "noisy"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    test_ids = _write_tables(root, scripts, noisy, config)
    jobs = [(script, root / "AVE") for script in scripts] + [(s, root / "noisy") for s in noisy]
    if only_test is not None:
        count = min(only_test, len(test_ids))
        chosen = {test_ids[n * len(test_ids) // count] for n in range(count)}
        jobs = [(script, folder) for script, folder in jobs if script.video_id in chosen]
    missing = [
        (script, folder / f"{script.video_id}.mp4", config.style, config.timbre)
        for script, folder in jobs
        if not (folder / f"{script.video_id}.mp4").exists()
    ]
    done = len(jobs) - len(missing)
    for _, made in map_unordered(film, missing, workers):
        if isinstance(made, Crashed):
            raise RuntimeError(f"{root}: a worker died while it wrote a video; run again to go on")
        done += 1
        yield done


def _write_tables(
    root: Path, scripts: list[Script], noisy: list[Script], config: SynthConfig
) -> list[str]:
    """Write every table; ids of the test split's videos."""
    names = class_names()
    record = {"config": asdict(config), "classes": names}
    (root / "synth.json").write_text(json.dumps(record, indent=2) + "\n")
    rows = [(script.video_id, *row) for script in scripts for row in script.rows]
    rows.sort(key=lambda row: row[1])  # stable: grouped by class as AVE's
    lines = [f"{names[label]}&{video}&good&{start}&{end}" for video, label, start, end in rows]
    header = "Category&VideoID&Quality&StartTime&EndTime"
    (root / "Annotations.txt").write_text("\n".join([header, *lines]) + "\n")
    (root / "categories.txt").write_text("\n".join(names) + "\n")
    (root / "noisySet.txt").write_text("".join(f"{script.video_id}\n" for script in noisy))
    labels = np.zeros((len(noisy), len(names) + 1), np.float32)
    labels[:, -1] = 1
    write_labels(root / "labels_noisy.h5", labels)
    splits = _splits([row[1] for row in rows], config.seed)
    for split, order in splits.items():
        write_order(root / f"{split}_order.h5", order)
        text = "".join(f"{lines[row]}\n" for row in order)
        (root / f"{split}Set.txt").write_text(text)
    for split, order in _match_splits([row[1:] for row in rows]).items():
        write_order(root / match_file(split), order)
    return [rows[row][0] for row in splits["test"]]


def _match_splits(rows: list[tuple[int, int, int]]) -> dict[str, list[int]]:
    """Splits of cross-modality localization, as AVE's.

    Rows of the first classes validate, those of the others train, and rows of every class whose
    event fills a part of the video test. AVE's validation is of classes 0 to 2 alone, of which its
    training has next to none (specification section 1.6).
    """
    tenth = max(1, round(len(rows) / 10))
    partial = [n for n, (_, start, end) in enumerate(rows) if 0 < end - start < CELLS]
    test = partial[:: max(1, len(partial) // tenth)][:tenth]
    rest = sorted(set(range(len(rows))) - set(test))
    return {"train_match": rest[tenth:], "val_match": rest[:tenth], "test_match": test}


def _splits(labels: list[int], seed: int) -> dict[str, list[int]]:
    """80 / 10 / 10 within each class, grouped by class, as AVE's order files.

    Rows are drawn one by one, as AVE's were, so the two rows of one video may stand in two splits.
    """
    rng = np.random.default_rng([seed, 2_000_000])
    splits: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for label in sorted(set(labels)):
        rows = rng.permutation([row for row, other in enumerate(labels) if other == label])
        tenth = max(1, round(len(rows) / 10))
        splits["test"] += [int(row) for row in rows[:tenth]]
        splits["val"] += [int(row) for row in rows[tenth : 2 * tenth]]
        splits["train"] += [int(row) for row in rows[2 * tenth :]]
    return splits
