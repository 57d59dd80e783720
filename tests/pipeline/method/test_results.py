"""Results as documents, and the verdict that stands in them."""

import pandas
import pytest

from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result

FULL = Result(
    "a.mp4",
    "ok",
    duration=2.4,
    segments=3,
    events=(Event(0.0, 2.0, "Bark", 0.75),),
    relevance=(0.5, 0.75, 0.25),
    top_classes=(("Bark", 0.9), ("Bark", 0.8), ("Bell", 0.7)),
)
EMPTY = Result("b.mp4", "failed", ("EMPTY",))


def test_documents_have_no_nan_and_are_stable() -> None:
    document = Result("a.mp4", "ok", duration=float("nan"), relevance=(1 / 3,)).document()
    assert document["duration"] is None
    assert document["relevance"] == [0.333333]
    assert next(iter(document)) == "schema"
    assert "cached" not in document


def test_events_as_a_table() -> None:
    assert FULL.to_dataframe().to_dict("records") == [
        {"file": "a.mp4", "onset": 0.0, "offset": 2.0, "label": "Bark", "score": 0.75}
    ]


def test_segments_as_a_table_whose_last_ends_with_the_video() -> None:
    table = FULL.to_dataframe(segments=True)
    assert list(table.onset) == [0.0, 1.0, 2.0]
    assert list(table.offset) == [1.0, 2.0, 2.4]
    assert list(table.relevance) == [0.5, 0.75, 0.25]
    assert list(table.label) == ["Bark", "Bark", "Bell"]
    assert list(table.score) == [0.9, 0.8, 0.7]


def test_segments_of_a_model_that_names_no_classes() -> None:
    table = Result("a", "ok", duration=2.0, relevance=(0.5, 0.25)).to_dataframe(segments=True)
    assert list(table.label) == ["", ""]
    assert table.score.isna().all()


@pytest.mark.parametrize("segments", [False, True])
def test_columns_and_types_are_the_same_without_rows(segments: bool) -> None:
    full, empty = (each.to_dataframe(segments=segments) for each in (FULL, EMPTY))
    assert len(empty) == 0
    assert list(full.columns) == list(empty.columns)
    assert list(full.dtypes) == list(empty.dtypes)
    both = pandas.concat([empty, full], ignore_index=True)
    assert list(both.dtypes) == list(full.dtypes)
