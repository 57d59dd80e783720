"""What commands that read annotations share: their options, and the annotations themselves."""

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.reasons import InputError
from avel.pipeline.work.say import warn

if TYPE_CHECKING:
    from avel.pipeline.annotations.checks import Rules
    from avel.pipeline.annotations.gather import Gathered

MERGES = ("refuse", "union", "intersection", "first")
"""As in `annotations/merging.py`, which loads numpy."""


def add_rules(parser: argparse.ArgumentParser) -> None:
    """How annotations are read: times in seconds or frames."""
    group = parser.add_argument_group("how annotations are read")
    group.add_argument(
        "--rename",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="give a label another name; again for more",
    )
    group.add_argument(
        "--renames",
        type=Path,
        action="append",
        default=[],
        metavar="TABLE",
        help="the same of a CSV table of old and new names",
    )
    group.add_argument(
        "--merge",
        choices=MERGES,
        default="refuse",
        help="two annotators of one film: all that one of them says, what all say, what the first "
        "says; without a rule films about which they differ are named and nothing is written "
        "[refuse]",
    )
    group.add_argument(
        "--tier",
        action="append",
        default=[],
        metavar="NAME",
        help="of ELAN and Praat: the tier that holds the labels; again for more [all with times]",
    )
    group.add_argument(
        "--point",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="length of an event where a moment is marked, about it [0: such are left out]",
    )
    group.add_argument(
        "--frame-rate",
        type=rate,
        metavar="RATE",
        help="frames a second where times are frames, such as 25 or 30000/1001 [each film's own]",
    )


UNSAID: dict[str, object] = {
    **{"rename": [], "renames": [], "merge": "refuse", "tier": []},
    **{"point": 0.0, "frame_rate": None},
}
"""What these options are where nobody gave them."""


def check_unsaid(args: argparse.Namespace) -> None:
    """Refuse rules for annotations where there are none.

    Raises:
        InputError: says which.
    """
    for name, usual in UNSAID.items():
        if getattr(args, name) != usual:
            option = name.replace("_", "-")
            raise InputError(
                f"--{option} says how annotations are read; give some with --against, or leave it "
                "out"
            )


def rate(text: str) -> Fraction:
    """Frames a second, for argparse: 25, 29.97 or 30000/1001."""
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError) as err:
        raise argparse.ArgumentTypeError(f"{text} is no rate such as 25 or 30000/1001") from err
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError(f"{text} must be in (0, 1000] frames a second")
    return value


def rules(args: argparse.Namespace) -> "Rules":
    """What the options say; times in seconds.

    Raises:
        InputError: a name is given two, or a length is none.
    """
    from avel.pipeline.annotations.checks import Rules
    from avel.pipeline.annotations.names import renames_of

    if not 0 <= args.point < float("inf"):
        raise InputError(f"--point ({args.point:g}) must be a length in seconds, 0 or more")
    return Rules(renames_of(args.rename, args.renames), args.point, args.frame_rate)


def tell(gathered: "Gathered") -> None:
    """What was changed, what is alike, how far annotators agree, and what is left out."""
    for sentence in gathered.notes:
        warn(f"note: {sentence}")
    for each in gathered.agreements:
        warn(f"two annotators: {each.in_words()}")
    for sentence in gathered.problems:
        warn(f"left out: {sentence}")
