"""How windows are laid: what may be asked for."""

import pytest

from avel.pipeline.method.scores import ScoreConfig
from avel.pipeline.reasons import InputError


def test_windows_cannot_overlap_by_less_than_nothing() -> None:
    assert ScoreConfig(0).overlap_cells == 0
    with pytest.raises(InputError, match=r"overlap_cells \(-1\) must not be negative"):
        ScoreConfig(-1)
