"""Makes the reference of Python names from their docstrings, by pdoc; a warning is an error.

python docs/make_reference.py [FOLDER]
"""

import sys
import warnings
from pathlib import Path

import pdoc
import pdoc.render

import avel

PUBLIC = (
    "avel",
    "avel.functions",
    "avel.result",
    "avel.pipeline.method.events",
    "avel.pipeline.method.results",
    "avel.pipeline.reasons",
    "avel.configs.load",
    "avel.models.card",
    "avel.models.output",
    "avel.extractors.errors",
    "avel.extractors.weights.files",
    "avel.cache.errors",
)
"""What people import, and where its words and errors are."""
PLACE = Path("build/reference")


def main(folder: Path) -> None:
    """Write a page a module, with a search, into a folder."""
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # of libraries
    for name in avel.__all__:  # they are loaded when they are first used
        vars(avel)[name] = getattr(avel, name)
    pdoc.render.configure(docformat="google", footer_text="avel", search=True)
    pdoc.pdoc(*PUBLIC, output_directory=folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
