"""An evaluation of whatever kind the model and the question are."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.models.card import MATCHERS
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.evaluation.protocols import PROTOCOLS
from avel.pipeline.method.model import TrainedModel
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig

if TYPE_CHECKING:
    from avel.pipeline.evaluation.evaluate import Keep

SPLITS = ("train", "val", "test")
ALL = "all"
"""In the place of a protocol: every one."""


def check_question(split: str, protocol: str | None = None, labels: Path | None = None) -> None:
    """Refuse what nobody can answer, before anything is read.

    Raises:
        InputError: no such split or protocol, or labels that no protocol asks for.
    """
    if split not in SPLITS:
        raise InputError(f"split ({split!r}) must be one of {', '.join(SPLITS)}")
    if protocol not in (None, ALL, *PROTOCOLS):
        raise InputError(f"no protocol '{protocol}'; there are {', '.join(PROTOCOLS)}, {ALL}")
    if labels and not protocol:
        raise InputError(f"labels ({labels}) are what a protocol counts by; give a protocol too")


def evaluate_any(
    data: AveFolder,
    split: str,
    model: TrainedModel,
    runtime: RuntimeConfig,
    *,
    run: Path | None = None,
    protocol: str | None = None,
    labels: Path | None = None,
    keep: "Keep | None" = None,
) -> dict[str, Any]:
    """Numbers of a model on a split, by the way of what it does and how it is to be counted.

    Accuracies are shares in [0, 1].

    Args:
        data: The dataset.
        split: Of `SPLITS`.
        model: Finds events, or answers queries.
        runtime: Where the features are.
        run: The model's run folder, where a protocol may find the epoch that it selects.
        protocol: Accuracy as a code base counts it, or `ALL`; None for all numbers by our own.
        labels: Segment labels that the protocol counts by; None for its own file.
        keep: Takes what was decided, where all numbers are asked for.

    Raises:
        InputError: as `check_question`; or the dataset has other classes, no such split, or no
            features of the model's recipe.
    """
    check_question(split, protocol, labels)
    from avel.pipeline.evaluation.evaluate import evaluate  # slow: loads torch
    from avel.pipeline.evaluation.match import evaluate_matcher
    from avel.pipeline.evaluation.published import evaluate_protocols

    if model.card.name in MATCHERS:
        return evaluate_matcher(data, split, model.path, runtime)
    if protocol is None:
        return evaluate(data, split, model.path, runtime, keep)
    names = list(PROTOCOLS) if protocol == ALL else [protocol]
    return evaluate_protocols(data, split, run or model.path, runtime, names, labels)
