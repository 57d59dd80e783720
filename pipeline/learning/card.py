"""What a run folder says of its model to people: data, protocol, numbers, versions, licence."""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from avel.models.card import Card
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.learning.run_folder import write_text

PACKAGES = (
    "avel",
    "torch",
    "torchvision",
    "torchaudio",
    "open_clip_torch",
    "lightning",
    "av",
    "numpy",
)


def write_card(path: Path, card: Card, metrics: Mapping[str, Any], data: Path) -> None:
    """Write a run folder's `card.md`; accuracies are in [0, 1], there in percent."""
    lines = [
        f"| {name} | {value.replace('|', '/')} |" for name, value in _rows(card, metrics, data)
    ]
    text = "\n".join(["# Model card", "", "| | |", "|---|---|", *lines, ""])
    use = "`avel localize my.mp4 --model FOLDER`; settings are in `config.yaml`."
    write_text(path, f"{text}\nUse: {use}\n")


def _rows(card: Card, metrics: Mapping[str, Any], data: Path) -> Iterator[tuple[str, str]]:
    experiment = card.training["experiment"]
    encoder = card.features["config"]
    rows = {
        "model": f"{card.name}, {experiment['supervision']} supervision",
        "classes": f"{len(card.classes)}: {'; '.join(card.classes[:4])} …",
        "data": f"{data.resolve().name}, {card.training['videos']} training videos, "
        f"{metrics['coverage']['evaluated']} of {metrics['coverage']['rows']} test rows",
        "features": f"{encoder.get('extractor') or encoder['imported'] + ', imported'}, "
        f"adapters: {experiment['adapter']['placement']}",
        "protocol": f"{metrics['protocol']}, seed {experiment['train']['seed']}",
        f"test accuracy, {metrics['decoder']} decoder": f"{metrics['accuracy']['own']:.2%}",
        "test accuracy, argmax decoder": f"{metrics['accuracy']['argmax']:.2%}",
        "best on test by epoch (not selected so)": f"{metrics['test_selected_accuracy']:.2%}",
        **{name: f"{value:.2%}" for name, value in metrics["baselines"].items()},
        "event F1, mAP@0.5": f"{metrics['event_f1']:.3f}, {metrics['map']['0.5']:.3f}",
        **({"start": metrics["start"]} if metrics.get("start") else {}),
        "knows": card.knows,
        "versions": ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        + f", Python {platform.python_version()}",
        "licence": "code MIT; the weights are bound by the licences of the data and the encoder",
    }
    yield from rows.items()


def knows(data: AveFolder) -> str:
    """What a model that was trained on a dataset can and cannot know."""
    if (data.root / "synth.json").exists():
        return (
            f"trained on synthetic video only: knows {len(data.classes)} drawn shapes with made-up "
            "sounds, and no event of the real world"
        )
    return f"trained on {data.root.name}: knows its {len(data.classes)} classes and nothing else"
