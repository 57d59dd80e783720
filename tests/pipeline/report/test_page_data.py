"""What the script of a page is given: numbers as they are, text that ends no script."""

import base64
import json

import numpy as np
import pytest

from avel.pipeline.method.events import Event
from avel.pipeline.report.page_data import Labels, as_json, base64_of, page_data
from avel.pipeline.report.preview import Preview
from tests.pipeline.report.material import EVIL, everyday, evil, result


def unpacked(text: str, kind: str = "u1") -> list[int]:
    return np.frombuffer(base64.b64decode(text), kind).tolist()


def test_labels_are_numbered_as_they_come() -> None:
    labels = Labels()
    assert [labels[name] for name in ("b", "a", "b")] == [0, 1, 0]
    assert list(labels) == ["b", "a"]


def test_seconds_of_each_sense() -> None:
    data = page_data(everyday(), None, Preview(), None)
    labels = data["labels"]
    for sense, names, values in (
        ("heard", ["Bark", "Bark", "Siren", "Speech"], [255, 204, 102, 153]),
        ("seen", ["Bark", "Bark", "Cat", "Cat"], [230, 178, 128, 0]),
        ("both", ["dog", "dog", "cat", "bell"], [230, 204, 26, 153]),
    ):
        assert unpacked(data[sense]["values"]) == pytest.approx(values, abs=1)
        assert [labels[n] for n in unpacked(data[sense]["labels"], "<u2")] == names


def test_what_is_not_known_is_none() -> None:
    data = page_data(result(events=(), relevance=(), top_classes=()), None, Preview(), None)
    for name in ("heard", "seen", "both", "truth", "mel", "pictures", "attention"):
        assert data[name] is None, name
    assert data["peaks"] == ""
    assert page_data(result(), [], Preview(), None)["truth"] == []


def test_truth_is_in_the_order_of_time() -> None:
    data = page_data(result(), [("b", 2.0, 3.0), ("a", 0.0, 1.0)], Preview(), None)
    assert [row[0] for row in data["truth"]] == [0.0, 2.0]


def test_attention_reaches_from_least_to_most_in_each_second() -> None:
    attention = np.array([[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]], np.float32)
    found = page_data(result(), None, Preview(), attention, crop=False)["attention"]
    assert found["side"] == 2
    assert found["crop"] is False
    assert unpacked(found["weights"])[:4] == pytest.approx([0, 85, 170, 255], abs=1)
    assert unpacked(found["weights"])[4:] == [0] * 4
    none = np.zeros((4, 0), np.float32)
    assert page_data(result(), None, Preview(), none)["attention"] is None


def test_times_are_not_rounded_to_what_a_person_reads() -> None:
    found = (Event(7199.123457, 7200.0, "a", 0.123456),)
    (row,) = page_data(result(events=found), None, Preview(), None)["found"]
    assert row[:4] == (7199.123457, 7200.0, 0, 0.1235)


def test_numbers_that_are_none_do_no_harm() -> None:
    nan = float("nan")
    found = page_data(
        result(events=(Event(0.0, 1.0, "a", nan),), relevance=(nan, float("inf"), 2.0, -1.0)),
        None,
        Preview(),
        None,
    )
    assert found["found"][0][3] is None
    assert unpacked(found["both"]["values"]) == [0, 255, 255, 0]
    as_json(found)


def test_no_text_ends_the_script() -> None:
    text = as_json(page_data(evil(), [(EVIL + "\u2028", 0.0, 1.0)], Preview(), None))
    assert not {"<", ">", "&", "\u2028"} & set(text)
    assert json.loads(text)["labels"] == [EVIL, EVIL + "\u2028"]


def test_bytes_of_arrays() -> None:
    assert base64_of(None) == ""
    assert unpacked(base64_of(np.array([1, 2, 300], "<u2")), "<u2") == [1, 2, 300]
