"""How a picture lies on the screen: turned and mirrored as its file says."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from numpy.typing import NDArray

MATRIX_BYTES = 36


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways in which a stored picture can lie on a screen.

    Attributes:
        transposed: Whether rows are shown as columns, before anything else.
        mirrored: Whether left is then shown on the right.
        upended: Whether the top is then shown at the bottom.
    """

    transposed: bool = False
    mirrored: bool = False
    upended: bool = False

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A stored picture (H, W, 3) as it is shown; a view of the same pixels."""
        shown = rgb.transpose(1, 0, 2) if self.transposed else rgb
        return shown[:: -1 if self.upended else 1, :: -1 if self.mirrored else 1]


def orientation_of(frame: VideoFrame) -> Orientation:
    """How a frame is shown by the display matrix beside it; as it is stored where there is none.

    An angle between the quarters is taken as the nearest one, as most players do.
    """
    beside: Any  # PyAV's own types take it for a mapping of names
    try:
        # Not `frame.side_data`: the frame keeps that, which keeps the frame, until some collection
        # of garbage; a hundred pictures of a film are a gigabyte by then.
        made: Any = SideDataContainer
        beside = made(frame)
    except ValueError:  # side data of a kind newer than PyAV's list, which hides all the others
        return _of_angle(frame.rotation)
    for data in beside:
        if data.type == Type.DISPLAYMATRIX and data.buffer_size >= MATRIX_BYTES:
            a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
            return of_matrix(a, b, c, d)
    return Orientation()


def of_matrix(a: int, b: int, c: int, d: int) -> Orientation:
    """The orientation nearest to a matrix that shows the point (x, y) at (a x + c y, b x + d y).

    y grows downwards. A mirror is a matrix whose determinant a d - b c is negative; its angle alone
    cannot be told from that of a turn.

    Source: ISO/IEC 14496-12, 6.2.2 (the matrix of a track).
    """
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(mirrored=a < 0, upended=d < 0)
    return Orientation(transposed=True, mirrored=c < 0, upended=b < 0)


def _of_angle(degrees: int) -> Orientation:
    """A turn counterclockwise, without mirrors."""
    return (
        Orientation(),
        Orientation(transposed=True, upended=True),
        Orientation(mirrored=True, upended=True),
        Orientation(transposed=True, mirrored=True),
    )[round(degrees / 90) % 4]
