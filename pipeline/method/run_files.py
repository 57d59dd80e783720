"""Names of a training's files in its run folder; the checkpoint's is in `models.card`."""

TEST_SELECTED = "test_selected.safetensors"
"""The run's epoch that was best on the test split, which several published protocols report."""
CONFIG = "config.yaml"
METRICS = "metrics.json"
DECISIONS = "decisions.npz"
"""Of a run: `rows` (N,) of the dataset, `videos` (N,), `classes` (K,), and class indices (N, 10):
the `truth`, the model's `own` decisions and those of the field's decoders by name."""
