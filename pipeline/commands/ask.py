"""Asking at a terminal whether to get the weights that are missing."""

import sys
from collections.abc import Callable
from typing import TypeVar

from avel.extractors.weights.files import MissingWeights

Made = TypeVar("Made")


def with_weights(make: Callable[[], Made]) -> Made:
    """What `make` gives; where it lacks weights that can be fetched, once more when they are there.

    Asks once, and only where somebody sits at a terminal. Nothing is fetched unasked.

    Raises:
        MissingWeights: nobody can be asked, or the answer is no.
        WeightsError: they cannot be fetched.
    """
    try:
        return make()
    except MissingWeights as err:
        if not err.group or not _wanted(err.group):
            raise
        group = err.group
    from avel.pipeline.exchange.weight_files import fetch_published  # slow: loads joblib, for few

    for entry, path in fetch_published(group):
        doubt = f" ({entry.doubt})" if entry.doubt else ""
        print(f"{path}  {entry.content}; licence {entry.licence}{doubt}", file=sys.stderr)
    return make()


def _wanted(group: str) -> bool:
    """Whether somebody is there and wants what a group's name fetches, a few MB."""
    from avel.extractors.weights.registry import described

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    question = f"The {group} model needs weights that are not here ({described(group)}). Fetch them? [Y/n] "
    print(question, end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    return answer.endswith("\n") and answer.strip().lower() in ("", "y", "yes")
