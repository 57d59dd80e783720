"""Names of the files in a training's run folder, for those who read one."""

from pathlib import Path

CHECKPOINT = "model.safetensors"
TEST_SELECTED = "test_selected.safetensors"
"""The run's epoch that was best on the test split, which several published protocols report."""
CONFIG = "config.yaml"
METRICS = "metrics.json"
DECISIONS = "decisions.npz"
"""Of a run: `rows` (N,) of the dataset, `videos` (N,), `classes` (K,), and class indices (N, 10):
the `truth`, the model's `own` decisions and those of the field's decoders by name."""


def checkpoint_of(path: Path) -> Path:
    """A checkpoint's file, given itself or the run folder that holds it."""
    return path / CHECKPOINT if path.is_dir() else path
