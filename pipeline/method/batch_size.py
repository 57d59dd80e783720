"""How many pieces go through an encoder together, as memory allows."""

PATIENCE = 16
"""Batches without trouble after which a larger one is tried."""
MOST_PATIENCE = 1_024


class BatchSize:
    """Halved where memory runs out, and doubled again after a while without trouble.

    Where the larger batch fails again, the next is tried after twice as many batches: somebody else
    may hold the memory for a minute or for good.

    Args:
        most: Pieces that go together where there is room.
    """

    def __init__(self, most: int) -> None:
        self.now = self._most = max(1, most)
        self._patience, self._calm, self._tried = PATIENCE, 0, False

    def shrink(self) -> bool:
        """Half as many from now on; False where that is not possible."""
        if self.now == 1:
            return False
        if self._tried:
            self._patience = min(2 * self._patience, MOST_PATIENCE)
        self.now, self._calm, self._tried = self.now // 2, 0, False
        return True

    def went_well(self) -> None:
        """Count a batch that fitted; twice as many where enough of them did."""
        self._calm += 1
        if self._calm < self._patience:
            return
        self._calm, self._tried = 0, self.now < self._most
        self.now = min(self._most, 2 * self.now)
