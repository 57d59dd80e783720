"""Makes the notebook of the tour: what docs/tour.md says, run on two drawn films.

    python docs/make_tour.py [docs/tour.ipynb]

Cells are run in a folder of their own, so that no path of this machine is in them.
"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from avel.pipeline.synth.dataset import write_synth
from avel.pipeline.synth.script import SynthConfig

DOCS = Path(__file__).resolve().parent
SOURCE = DOCS / "tour.md"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SECONDS = 600
"""That one cell may take."""


def cells(text: str) -> list[nbformat.NotebookNode]:
    """The notebook's cells: blocks of Python, and the text between them."""
    parts = re.split(r"```python\n(.*?)```\n", text, flags=re.DOTALL)
    found = []
    for number, part in enumerate(map(str.strip, parts)):
        make = nbformat.v4.new_code_cell if number % 2 else nbformat.v4.new_markdown_cell
        if part:
            found.append(make(part, id=f"cell-{len(found)}"))
    return found


def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run all cells in a folder; what they print is kept in them."""
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
    )
    client.execute()
    notebook.metadata = {"kernelspec": KERNEL}
    for cell in notebook.cells:  # what a bar draws is not what it says
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]


def film(folder: Path) -> None:
    """Put two drawn films there: `my.mp4` and `other.mp4`."""
    config = SynthConfig(num_videos=84, noisy_share=0, seed=20261121)
    list(write_synth(folder / "data", config, 1, only_test=2))
    for name, path in zip(("my", "other"), sorted(folder.glob("data/AVE/*.mp4")), strict=True):
        shutil.copyfile(path, folder / f"{name}.mp4")


def main(target: Path) -> None:
    """Write the notebook."""
    notebook = nbformat.v4.new_notebook(cells=cells(SOURCE.read_text()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film(folder)
        os.environ["AVEL_CACHE_DIR"] = str(folder / "cache")
        run(notebook, folder)
    nbformat.validate(notebook)
    nbformat.write(notebook, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "tour.ipynb")
