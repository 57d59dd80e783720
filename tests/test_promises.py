"""A GPU that is promised is there: a test that needs one and is skipped has failed."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest


def reported(outcome: str, mark: str) -> Any:
    """What becomes of a report of a test with a mark."""
    report = SimpleNamespace(outcome=outcome, skipped=outcome == "skipped", longrepr="no bfloat16")
    item: Any = SimpleNamespace(get_closest_marker=lambda name: name == mark)
    hook: Any = conftest.pytest_runtest_makereport(item)
    next(hook)
    with pytest.raises(StopIteration):
        hook.send(SimpleNamespace(get_result=lambda: report))
    return report


@pytest.mark.parametrize(
    ("promise", "outcome", "mark", "expected"),
    [
        ("1", "skipped", "needs_cuda", "failed"),
        ("1", "passed", "needs_cuda", "passed"),
        ("1", "skipped", "slow", "skipped"),
        ("", "skipped", "needs_cuda", "skipped"),
    ],
)
def test_what_becomes_of_a_report(
    monkeypatch: pytest.MonkeyPatch, promise: str, outcome: str, mark: str, expected: str
) -> None:
    monkeypatch.setenv("FAIL_WITHOUT_CUDA", promise)
    report = reported(outcome, mark)
    assert report.outcome == expected
    if outcome != expected:
        assert report.longrepr == "FAIL_WITHOUT_CUDA is 1, and this test was skipped: no bfloat16"
