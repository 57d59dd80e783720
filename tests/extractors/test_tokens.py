"""Tokens of CLIP, and of vocabularies that must lie in a folder."""

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import open_clip
import pytest
import torch

from avel.extractors import ExtractorError
from avel.extractors.tokens import ClipTokens, HubTokens, find_vocabulary, make_tokens
from avel.extractors.weights.files import WeightsError

NAME = "timm/ViT-B-16-SigLIP"


class WordTokenizer:
    """One token a word; says where it was read from."""

    read: list[tuple[str, bool]] = []  # noqa: RUF012
    options: list[dict[str, object]] = []  # noqa: RUF012

    @classmethod
    def from_pretrained(
        cls, name: str, local_files_only: bool, **options: object
    ) -> "WordTokenizer":
        cls.read.append((name, local_files_only))
        cls.options.append(options)
        if (Path(name) / "tokenizer.json").read_text() == "damaged":
            raise ValueError("expected value at line 1")
        return cls()

    def __call__(self, texts: str | list[str], **given: int) -> SimpleNamespace:
        if isinstance(texts, str):
            return SimpleNamespace(input_ids=[len(word) for word in texts.split()] + [1])
        ids = torch.zeros(len(texts), given["max_length"], dtype=torch.long)
        for row, text in zip(ids, texts, strict=True):
            lengths = [len(word) for word in text.split()]
            row[: len(lengths)] = torch.tensor(lengths)
        return SimpleNamespace(input_ids=ids)


@pytest.fixture
def transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the package, which avel does not need."""
    module = ModuleType("transformers")
    module.__spec__ = ModuleSpec("transformers", None)
    module.AutoTokenizer = WordTokenizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "transformers", module)


def test_clips_own() -> None:
    """As open_clip's, start and end counted; any script."""
    tokens = ClipTokens(20)
    torch.testing.assert_close(
        tokens(["a dog", "犬"]), open_clip.SimpleTokenizer(context_length=20)(["a dog", "犬"])
    )
    assert [tokens.count(text) for text in ("", "dog", "a dog")] == [2, 3, 4]


def test_a_records_settings_reach_clips() -> None:
    asked = {"context_length": 8, "tokenizer_kwargs": {"clean": "canonicalize"}}
    made = make_tokens(asked, Path())
    assert made(["a dog."]).tolist() == ClipTokens(8)(["a dog"]).tolist()  # full stop cleaned away
    assert make_tokens({}, Path()).context_length == 77


@pytest.mark.usefixtures("transformers")
def test_a_vocabulary_in_the_folder(tmp_path: Path) -> None:
    """Read from there and nowhere else, in the context of the record."""
    (tmp_path / "tokenizer.json").write_text("{}")
    tokens = make_tokens({"hf_tokenizer_name": NAME, "context_length": 4}, tmp_path)
    assert WordTokenizer.read[-1] == (str(tmp_path), True)
    assert tokens(["a dog"]).tolist() == [[1, 3, 0, 0]]
    assert (tokens.count("a dog"), tokens.context_length) == (3, 4)


@pytest.mark.usefixtures("transformers")
def test_a_record_cannot_ask_for_code_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    asked = {"trust_remote_code": True, "local_files_only": False, "use_fast": True}
    make_tokens({"hf_tokenizer_name": NAME, "tokenizer_kwargs": asked}, tmp_path)
    assert WordTokenizer.read[-1] == (str(tmp_path), True)
    assert WordTokenizer.options[-1]["trust_remote_code"] is False
    assert WordTokenizer.options[-1]["use_fast"] is True


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"bpe_path": "/etc/passwd"},
            r"asks for bpe_path = '/etc/passwd', which is not read; leave",
        ),
        ({"bpe_path": "../vocab.gz"}, "asks for bpe_path"),
        ({"reduction_mask": "random"}, "asks for reduction_mask = 'random'"),
        (
            {"clean": "shout"},
            r"asks for clean = 'shout', which is not read; leave it out \(known are clean,",
        ),
        ({"clean": ["lower"]}, r"asks for clean = \['lower'\]"),
        ({"context_length": 8}, "asks for context_length = 8"),
        ({"additional_special_tokens": "<a>"}, "asks for additional_special_tokens = '<a>'"),
        (["clean"], r"tokenizer_kwargs is \['clean'\], expected keys"),
    ],
)
@pytest.mark.parametrize("name", [None, NAME])
def test_a_record_that_asks_for_more(
    tmp_path: Path, name: str | None, asked: object, message: str
) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(
        WeightsError,
        match=r"open_clip_config\.json: tokenizer_kwargs "
        + message.removeprefix("tokenizer_kwargs "),
    ):
        make_tokens({"hf_tokenizer_name": name, "tokenizer_kwargs": asked}, tmp_path)


def test_what_clips_own_vocabulary_does_not_know() -> None:
    asked = {"tokenizer_kwargs": {"strip_sep_token": True}}
    with pytest.raises(WeightsError, match="asks for strip_sep_token, which CLIP's own vocabulary"):
        make_tokens(asked, Path())


def test_special_tokens_of_a_record() -> None:
    tokens = make_tokens({"tokenizer_kwargs": {"additional_special_tokens": ["<cat>"]}}, Path())
    assert tokens.count("<cat>") == 3
    assert ClipTokens().count("<cat>") == 5


@pytest.mark.usefixtures("transformers")
def test_a_damaged_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("damaged")
    with pytest.raises(WeightsError, match=r"SigLIP' cannot be read \(expected value .*put its to"):
        HubTokens(tmp_path, NAME, 64)


def test_a_vocabulary_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError,
        match=r"the tokenizer 'timm/ViT-B-16-SigLIP', which is not there and is not downloaded; "
        r"put its tokenizer\.json and tokenizer_config\.json beside the weights",
    ):
        make_tokens({"hf_tokenizer_name": NAME}, tmp_path)


def test_a_vocabulary_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avel.extractors.tokens.find_spec", lambda name: None)
    (tmp_path / "spiece.model").write_text("x")
    assert find_vocabulary(tmp_path, NAME) == tmp_path / "spiece.model"
    with pytest.raises(ExtractorError, match="is read by the package transformers, which is not"):
        make_tokens({"hf_tokenizer_name": NAME}, tmp_path)
