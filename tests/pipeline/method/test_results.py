"""Results as documents, and the verdict that stands in them."""

from avel.pipeline.method.results import Result


def test_documents_have_no_nan_and_are_stable() -> None:
    document = Result("a.mp4", "ok", duration=float("nan"), relevance=(1 / 3,)).document()
    assert document["duration"] is None
    assert document["relevance"] == [0.333333]
    assert next(iter(document)) == "schema"
    assert "cached" not in document
