"""A leaderboard that trains in seconds."""

from pathlib import Path

from avel.pipeline.cli import main

SMALL = """
base: dmsf.yaml
seeds: [0, 1]
settings: {train.epochs: 1, train.batch_size: 16}
rows:
  DMSF: {options.d_model: 16, options.heads: 2, train.learning_rate: 0.004}
  AV_att: {base: av_att.yaml, loss: corrected}
  DMRN: {base: dmrn.yaml, after: AV_att}
  DMSF weak: {base: dmsf_weak.yaml, options.d_model: 16, options.heads: 2}
  AVDLN: {base: cmm.yaml}
"""


def bench_command(bench: tuple[Path, Path], out: Path, *extra: str) -> int:
    """`avel bench` of the small table in a folder; its exit code."""
    argv = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--device", "cpu"]
    return main(["bench", *argv, "--config", str(out / "small.yaml"), "--out", str(out), *extra])
