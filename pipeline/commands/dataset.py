"""`avel dataset`: datasets of what people write, and what to label next."""

import argparse
from importlib import import_module

ACTIONS = {
    "from-annotations": (
        "dataset_from",
        "write an AVE-shaped dataset of annotations that people made or corrected",
    ),
    "suggest": ("dataset_suggest", "say which seconds to label next, as tasks for a tool"),
}
"""Each is `commands/<file>.py` with `add_arguments` and `run`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, (file, what) in ACTIONS.items():
        sub = actions.add_parser(name, help=what, description=what)
        sub.set_defaults(action=name)
        import_module(f"avel.pipeline.commands.{file}").add_arguments(sub)


def run(args: argparse.Namespace) -> int:
    file, _ = ACTIONS[args.action]
    return int(import_module(f"avel.pipeline.commands.{file}").run(args))
