"""`avel cache export | import`: what they ask for and say; the layouts themselves are in exchange."""

from pathlib import Path
from typing import Any

import pytest

from avel.cache.fingerprint import fingerprint
from avel.pipeline.cli import main
from avel.pipeline.exchange import ave_export, ave_import, npy
from tests.pipeline.commands.said import refused, store_mark


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """In the place of the layouts: what each was asked for."""
    found: list[Any] = []

    def stand_in(name: str) -> Any:
        def made(data: Any, store: Any, out: Path, root: Path, **how: Any) -> Any:
            found.append((name, data.root, store.fingerprint, out, root, how))
            return iter(range(3))

        return made

    monkeypatch.setattr(ave_export, "export_ave_h5", stand_in("ave-h5"))
    monkeypatch.setattr(npy, "export_npy", stand_in("npy"))
    return found


def command(bench: tuple[Path, Path], *extra: object) -> list[str]:
    where = ["--data", bench[0], "--cache-dir", bench[1]]
    return [str(word) for word in ["cache", *extra, *where]]


@pytest.mark.parametrize(
    ("given", "layout", "how"),
    [
        ([], "ave-h5", {"dtype": "float64", "missing_ok": False}),
        (["--float32", "--allow-missing"], "ave-h5", {"dtype": "float32", "missing_ok": True}),
        (["--layout", "npy"], "npy", {"missing_ok": False}),
    ],
)
def test_exports(
    asked: list[Any],
    bench: tuple[Path, Path],
    given: list[str],
    layout: str,
    how: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(command(bench, "export", "--out", "o", *given)) == 0
    mark = store_mark(bench[1], "features")
    assert asked == [(layout, bench[0], mark, Path("o"), bench[1], how)]
    assert capsys.readouterr().out == f"o: features {mark[:12]} of 72 rows, {layout}\n"


def test_a_feature_set_that_is_not_there(
    asked: list[Any], bench: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = refused(capsys, *command(bench, "export", "--out", "o", "--store", "zzz"))
    assert code in (2, 4)
    assert "zzz" in text
    assert asked == []


def test_an_import_says_how_to_train_on_it(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Store:
        fingerprint = fingerprint({"stage": "features"})

        def __len__(self) -> int:
            return 72

    asked: list[Any] = []

    def import_ave_h5(data: Any, folder: Path, root: Path) -> Any:
        asked.append((data.root, folder, root))
        return Store(), iter(range(72))

    monkeypatch.setattr(ave_import, "import_ave_h5", import_ave_h5)
    assert main(command(bench, "import", "theirs")) == 0
    assert asked == [(bench[0], Path("theirs"), bench[1])]
    mark = Store.fingerprint[:12]
    assert capsys.readouterr().out.splitlines() == [
        f"theirs: 72 rows are feature set {mark}",
        f"next: avel train --data {bench[0]} --set features={mark}",
    ]


def test_layouts_that_cannot_be_imported(bench: tuple[Path, Path]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(command(bench, "import", "theirs", "--layout", "npy"))
    assert caught.value.code == 2
