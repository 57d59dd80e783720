"""What decoding may take in a run, and where it happens."""

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.limits import MOST_GPU_CHILDREN, DecodeLimits
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device


def decode_limits(
    runtime: RuntimeConfig, cut: SegmentConfig, *, workers: int | None = None
) -> DecodeLimits:
    """Limits of the children that cut videos.

    Args:
        runtime: Workers, device, the time limit in seconds.
        cut: How videos are cut, and whether on a GPU.
        workers: Children; None for the runtime's.

    Raises:
        EnvironmentProblem: videos are cut on a device that is not there.
    """
    device = resolve_device(runtime.device) if cut.torchcodec else ""
    children = runtime.workers if workers is None else workers
    return DecodeLimits(
        min(children, MOST_GPU_CHILDREN) if device.startswith("cuda") else children,
        runtime.window_cells,
        runtime.timeout_seconds,
        codecs=runtime.codecs,
        device=device,
    )
