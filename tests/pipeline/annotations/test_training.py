"""`avel train` takes a dataset of annotations, and `avel evaluate` too."""

from pathlib import Path
from typing import Any

import pytest

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.annotations.checks import Rules
from avel.pipeline.annotations.dataset import write_dataset
from avel.pipeline.annotations.films import Films
from avel.pipeline.annotations.gather import gather
from avel.pipeline.annotations.reading import read
from avel.pipeline.annotations.rows import Layout, plan_rows
from avel.pipeline.datasets.ave import AveFolder, open_ave
from tests.pipeline.annotations.made import TEN, put
from tests.pipeline.commands.said import run_json
from tests.pipeline.learning.small import QUICK, run, sets


@pytest.fixture(scope="module")
def dataset(bench: tuple[Path, Path]) -> AveFolder:
    """What a table says of the bench's films, whose features are in its cache."""
    data, cache = open_ave(bench[0]), bench[1]
    lines = [
        f"{row.video_id}.mp4,{row.start},{row.end},{data.classes[row.label]}\n" for row in data.rows
    ]
    lines += [f"{video}.mp4,0,10,background\n" for video in data.noisy]
    table = put(bench[0].parent, "notes.csv", "file,onset,offset,label\n" + "".join(lines))
    films = Films.below(bench[0])
    found = gather(read(table), films, lambda path: TEN, Rules())
    planned = plan_rows(found.films, ContentKeys(cache).key, Layout())
    nothing_to_cut: Any = None
    out = bench[0].parent / "made"
    assert not [why for _, why in write_dataset(out, planned, nothing_to_cut) if why]
    return open_ave(out)


def test_it_says_what_the_table_says(bench: tuple[Path, Path], dataset: AveFolder) -> None:
    data = open_ave(bench[0])

    def rows(folder: AveFolder) -> set[tuple[str, str, int, int]]:
        return {
            (folder.classes[row.label], row.video_id[: len("video000000")], row.start, row.end)
            for row in folder.rows
        }

    assert rows(dataset) == rows(data)
    assert {name[: len("noisy000000")] for name in dataset.noisy} == {*data.noisy}
    for label in range(len(dataset.classes)):
        own = [n for n, row in enumerate(dataset.rows) if row.label == label]
        assert sum(n in dataset.splits["test"] for n in own) == 2
        assert sum(n in dataset.splits["val"] for n in own) == 2


def test_training_and_evaluation_take_it(
    bench: tuple[Path, Path],
    dataset: AveFolder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run((dataset.root, bench[1]), tmp_path / "run", *sets(*QUICK)) == 0
    capsys.readouterr()
    how = ["--model", tmp_path / "run", "--cache-dir", bench[1], "--device", "cpu", "--json"]
    code, numbers = run_json(capsys, "evaluate", "--data", dataset.root, *how)
    assert code == 0
    assert numbers["coverage"] == {"rows": 8, "evaluated": 8, "missing": {}}


def test_so_does_training_by_films_labels_alone(
    bench: tuple[Path, Path], dataset: AveFolder, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert run((dataset.root, bench[1]), out, *sets(*QUICK), config="dmsf_weak") == 0
