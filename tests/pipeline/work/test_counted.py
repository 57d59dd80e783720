"""One is one, and of all others there are several."""

import pytest

from avel.pipeline.work.counted import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 events"), (1, "1 event"), (2, "2 events"), (21, "21 events")]
)
def test_one_and_several(number: int, said: str) -> None:
    assert counted(number, "event") == said
