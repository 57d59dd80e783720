"""`avel cache`: look at the cache and keep it in order."""

import argparse
from importlib import import_module
from pathlib import Path

from avel.pipeline.commands import options

ACTIONS = {
    "ls": ("cache_look", "list all stores"),
    "info": ("cache_look", "one store's recipe and numbers"),
    "explain": ("cache_look", "say why a file or run would miss"),
    "verify": ("cache_keep", "read every item, and recompute a sample of features"),
    "gc": ("cache_keep", "remove what nothing will ever read"),
    "export": ("cache_move", "write features in a layout that other code reads"),
    "import": ("cache_move", "take feature files that other code wrote"),
    "compare": ("cache_join", "say where two feature sets differ, and by how much"),
    "merge": ("cache_join", "take all that other caches hold into this one"),
}
"""Each is a function of the file named: `info` is `cache_look.info`, `import` is `import_`."""
AS_JSON = ("ls", "info", "gc", "compare", "merge")
"""Those that print JSON where it is asked for; the others refuse `--json`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, (file, what) in ACTIONS.items():
        sub = actions.add_parser(name, help=what, description=what)
        sub.set_defaults(action=name)
        options.add_cache_dir(sub)
        if name in AS_JSON:
            sub.add_argument("--json", action="store_true", help="print as JSON")
        module = import_module(f"avel.pipeline.commands.{file}")
        module.add_arguments(sub, name)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.work.runtime import cache_root

    file, _ = ACTIONS[args.action]
    module = import_module(f"avel.pipeline.commands.{file}")
    function = getattr(module, args.action if args.action != "import" else "import_")
    root: Path = cache_root(args.cache_dir)[0]
    return int(function(args, root))
