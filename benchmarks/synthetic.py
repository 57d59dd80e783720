"""DMSF on the synthetic test split over seeds: full, weak, and blind to one modality.

    avel synth data/synth && avel extract data/synth
    python -m benchmarks.synthetic --data data/synth --out runs/synthetic --write docs/synthetic.md

Runs that have finished are not done again.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from avel.pipeline.datasets.ave import open_ave

VERSIONS = {
    "DMSF, fully supervised": ["--config", "dmsf.yaml"],
    "DMSF, weakly supervised": ["--config", "dmsf_weak.yaml"],
    "audio only, fully supervised": ["--config", "dmsf.yaml", "--set", "options.modalities=audio"],
    "visual only, fully supervised": [
        "--config",
        "dmsf.yaml",
        "--set",
        "options.modalities=visual",
    ],
}
BARS = {
    "DMSF, fully": ">= 90",
    "DMSF, weakly": ">= 80",
    "audio only": "<= 75",
    "visual only": "<= 75",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parallel", type=int, default=2, help="runs at once, one thread each")
    parser.add_argument("--ave", type=Path, help="AVE's own tables, of which splits are told too")
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    jobs = [(name, seed) for seed in range(args.seeds) for name in VERSIONS]
    running: list[subprocess.Popen[bytes]] = []
    for name, seed in jobs:
        folder = run_folder(args.out, name, seed)
        if (folder / "metrics.json").exists():
            continue
        while len(running) >= args.parallel:
            running.pop(0).wait()
        command = [sys.executable, "-m", "avel.pipeline", "train", "--data", str(args.data)]
        command += ["--out", str(folder), "--seed", str(seed), *VERSIONS[name]]
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log.txt").open("wb") as log:
            env = {**os.environ, "OMP_NUM_THREADS": "1"}
            running.append(subprocess.Popen(command, stdout=log, stderr=log, env=env))
    for process in running:
        process.wait()
    text = table(args.out, args.seeds, args.data, args.ave)
    print(text)
    if args.write:
        args.write.write_text(text + by_hand(args.write))


def by_hand(page: Path) -> str:
    """Sections of a page under the tables, which no run of this script measures."""
    text = page.read_text() if page.is_file() else ""
    return text[text.index("\n## ") :] if "\n## " in text else ""


def run_folder(out: Path, name: str, seed: int) -> Path:
    return out / f"{name.replace(', ', '-').replace(' ', '_')}-{seed}"


def across(data: Path) -> str:
    """How many videos with two rows, each of another class, are in two splits of a dataset."""
    folder = open_ave(data)
    of: dict[str, set[int]] = {}
    for row, values in enumerate(folder.rows):
        of.setdefault(values.video_id, set()).add(row)
    twice = [rows for rows in of.values() if len(rows) > 1]
    splits = {name: set(rows.tolist()) for name, rows in folder.splits.items()}
    test, val = (
        sum(bool(rows & splits["train"]) and bool(rows & splits[name]) for rows in twice)
        for name in ("test", "val")
    )
    return (
        f"{test} of {len(twice)} such videos with train and test, {val} with train and validation"
    )


def table(out: Path, seeds: int, data: Path, ave: Path | None = None) -> str:
    lines = [
        "# DMSF on synthetic video",
        "",
        "Test split of `avel synth` (1000 annotated videos, 150 background-only, seed 0), shipped tiny",
        "encoder, default recipe, checkpoint selected on validation. Mean ± standard deviation over",
        f"seeds 0-{seeds - 1}; accuracy is the share of segments whose class or background is right.",
        "",
        "| model | accuracy, gate decoder (%) | bar | accuracy, argmax (%) | best on test (%) | event F1 | mAP@0.5 |",
        "|---|---|---|---|---|---|---|",
    ]
    background = 0.0
    for name in VERSIONS:
        runs = [
            json.loads((run_folder(out, name, s) / "metrics.json").read_text())
            for s in range(seeds)
        ]
        background = runs[0]["baselines"]["all background"]
        columns = [
            spread([100 * r["accuracy"]["own"] for r in runs], 1),
            next(bar for start, bar in BARS.items() if name.startswith(start)),
            spread([100 * r["accuracy"]["argmax"] for r in runs], 1),
            spread([100 * r["test_selected_accuracy"] for r in runs], 1),
            spread([r["event_f1"] for r in runs], 3),
            spread([r["map"]["0.5"] for r in runs], 3),
        ]
        lines.append(f"| {name} | {' | '.join(columns)} |")
    lines += [
        f"| all background | {100 * background:.1f} | | | | | |",
        "",
        f"Two runs at a time with one thread each on {os.cpu_count()} cores of {processor()}. Command:",
        "",
        "```",
        "avel synth data/synth && avel extract data/synth",
        "python -m benchmarks.synthetic --data data/synth --out runs/synthetic --write docs/synthetic.md \\",
        "    --ave path/to/AVE_Dataset",
        "```",
        "",
        "The weak row learns from video labels and background-only videos alone. Neither single",
        "modality can know when an event is: outside events the videos show the object without its",
        "sound, its sound without the object, or either with another class's partner.",
        "",
        "The splits draw rows, not videos, as AVE's do: where a video has two rows, each of another class,",
        "one may train and the other test. In this set that is",
        across(data) + (f"; in AVE's published splits, {across(ave)}." if ave else "."),
        "",
    ]
    return "\n".join(lines)


def spread(values: list[float], digits: int) -> str:
    return f"{statistics.mean(values):.{digits}f} ± {statistics.pstdev(values):.{digits}f}"


def processor() -> str:
    names = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return names[0].split(":")[1].strip() if names else platform.processor()


if __name__ == "__main__":
    main()
