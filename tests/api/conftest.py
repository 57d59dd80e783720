"""The small bench of the pipeline's tests, here too."""

from tests.pipeline.conftest import bench

__all__ = ["bench"]
