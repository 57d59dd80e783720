"""Asking at a terminal whether to get the weights that are missing."""

import sys

from avel.extractors.weights.files import MissingWeights
from avel.extractors.weights.registry import described
from avel.pipeline.work.say import hint, warn


def fetch_or_raise(missing: MissingWeights) -> None:
    """Fetch what is missing, if somebody sits at a terminal and says so.

    Asks once. Nothing is fetched unasked.

    Raises:
        MissingWeights: nobody can be asked, or the answer is no.
        WeightsError: they cannot be fetched.
    """
    if not missing.group or not _wanted(missing.group):
        raise missing
    from avel.pipeline.exchange.weight_files import fetch_published  # slow, for few

    for entry, path in fetch_published(missing.group):
        doubt = f" ({entry.doubt})" if entry.doubt else ""
        warn(f"{path}  {entry.content}; licence {entry.licence}{doubt}")


def _wanted(group: str) -> bool:
    """Whether somebody is there and wants what a group's name fetches, a few MB."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    lacks = f"The {group} model needs weights that are not here ({described(group)})."
    hint(f"{lacks} Fetch them? [Y/n] ")
    answer = sys.stdin.readline()
    return answer.endswith("\n") and answer.strip().lower() in ("", "y", "yes")
