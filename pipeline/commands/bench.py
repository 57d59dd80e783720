"""`avel bench`: train and evaluate every system on one feature set, and write the leaderboard."""

import argparse

from avel.pipeline.commands.ablate import add_table_arguments
from avel.pipeline.work.say import put, say, warn
from avel.pipeline.work.talk import note


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_table_arguments(parser, "leaderboard")


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.commands.ablate import train_rows
    from avel.pipeline.report.table import markdown, write_table
    from avel.pipeline.studies.leaderboard import (
        HEADER,
        MATCH_HEADER,
        leaderboard,
    )

    bench, failed = train_rows(args)
    board = leaderboard(bench, args.out)
    for name, header, cells, pairs in (
        ("leaderboard", HEADER, board.localization, board.pairs),
        ("leaderboard_matching", MATCH_HEADER, board.matching, ()),
    ):
        if cells:
            write_table(args.out, name, header, cells, board.notes, pairs=pairs)
            put(markdown(header, cells) + "\n\n")
    say(*board.notes)
    for sentence in failed:
        warn(f"avel: {sentence}")
    note(f"{args.out}: leaderboard.csv, .md and .html")
    return 3 if failed else 0
