"""Tokens of CLIP's own vocabulary, which comes with open_clip, and of others from local files."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from open_clip import SimpleTokenizer
from open_clip.tokenizer import HFTokenizer
from torch import Tensor

from avel.extractors.errors import ExtractorError
from avel.extractors.vision.record import RECORD, VOCABULARIES
from avel.extractors.weights.files import WeightsError
from avel.extractors.words import Tokens

CLIPS = {"clean", "additional_special_tokens"}
"""Options of CLIP's own vocabulary."""
EXAMPLE = "tokenizer.json and tokenizer_config.json"
CLEANINGS = ("canonicalize", "lower", "whitespace")
"""What open_clip does to texts before they are cut."""
OPTIONS = {
    "clean": CLEANINGS,
    "strip_sep_token": (True, False),
    "language": str,
    "additional_special_tokens": list,
    "use_fast": (True, False),
}
"""What a record may ask for, and its values or their type: nothing that names another file, asks
for code or a network, or draws at random."""
FROM_FILES = {"local_files_only": True, "trust_remote_code": False}
"""Whatever a record asks for: nothing is downloaded, and no code that lies in the folder is run."""


class ClipTokens:
    """CLIP's vocabulary of 49,408 pieces."""

    def __init__(
        self,
        context_length: int = 77,
        *,
        clean: str = "lower",
        additional_special_tokens: Sequence[str] = (),
    ) -> None:
        self.context_length = context_length
        self._tokenizer = _vocabulary(clean, tuple(map(str, additional_special_tokens)))

    def __call__(self, texts: list[str]) -> Tensor:
        """Tokens (L, context_length)."""
        tokens: Tensor = self._tokenizer(texts, self.context_length)
        return tokens

    def count(self, text: str) -> int:
        """Number of tokens of a text, its start and end included."""
        return len(self._tokenizer.encode(text)) + 2


@cache
def _vocabulary(clean: str, special: tuple[str, ...]) -> SimpleTokenizer:
    """Read once per process, for a second of work."""
    return SimpleTokenizer(clean=clean, additional_special_tokens=list(special) or None)


class HubTokens:
    """A vocabulary of a model hub, from files in a folder; nothing is downloaded, no code is run.

    Raises:
        WeightsError: they are not there, or cannot be read.
        ExtractorError: the package that reads them is not installed.
    """

    def __init__(self, folder: Path, name: str, context_length: int, **options: Any) -> None:
        find_vocabulary(folder, name)
        if find_spec("transformers") is None:
            raise ExtractorError(
                f"the tokenizer '{name}' is read by the package transformers, which is not "
                "installed; `pip install transformers sentencepiece`"
            )
        self.context_length = context_length
        try:
            self._tokenizer = HFTokenizer(
                str(folder), context_length=context_length, **{**options, **FROM_FILES}
            )
        except (OSError, ValueError, KeyError, ImportError) as err:
            raise WeightsError(
                f"{folder}: the tokenizer '{name}' cannot be read ({err}); put its {EXAMPLE} there"
            ) from err

    def __call__(self, texts: list[str]) -> Tensor:
        """Tokens (L, context_length)."""
        tokens: Tensor = self._tokenizer(texts)
        return tokens

    def count(self, text: str) -> int:
        """Number of tokens of a text, its start and end included."""
        inner = self._tokenizer
        return len(inner.tokenizer(inner.clean_fn(text)).input_ids)


def find_vocabulary(folder: Path, name: str) -> Path:
    """The file of a tokenizer in a folder.

    Raises:
        WeightsError: there is none.
    """
    for file in VOCABULARIES:
        if (folder / file).is_file():
            return folder / file
    raise WeightsError(
        f"{folder}: its text head has the tokenizer '{name}', which is not there and is not "
        f"downloaded; put its {EXAMPLE} beside the weights"
    )


def make_tokens(text_config: Mapping[str, Any], folder: Path) -> Tokens:
    """The tokenizer that an open_clip record's `text_cfg` asks for.

    Raises:
        WeightsError: its files are not in the folder.
        ExtractorError: the package that reads them is not installed.
    """
    length = text_config.get("context_length", 77)
    options = _options(text_config.get("tokenizer_kwargs") or {}, folder)
    if name := text_config.get("hf_tokenizer_name"):
        mode = text_config.get("tokenizer_mode")
        return HubTokens(folder, name, length, tokenizer_mode=mode, **options)
    if not_clips := options.keys() - CLIPS:
        raise WeightsError(
            f"{folder / RECORD}: tokenizer_kwargs asks for {', '.join(sorted(not_clips))}, which "
            "CLIP's own vocabulary does not know; leave it out"
        )
    return ClipTokens(length, **options)


def _options(asked: Any, folder: Path) -> dict[str, Any]:
    """What a record's `tokenizer_kwargs` asks for; code and downloads are never asked for."""
    if not isinstance(asked, dict):
        raise WeightsError(f"{folder / RECORD}: tokenizer_kwargs is {asked!r}, expected keys")
    options = {name: value for name, value in asked.items() if name not in FROM_FILES}
    for name, value in options.items():
        allowed: Any = OPTIONS.get(name, ())
        is_known = isinstance(value, allowed) if isinstance(allowed, type) else value in allowed
        if not is_known:
            raise WeightsError(
                f"{folder / RECORD}: tokenizer_kwargs asks for {name} = {value!r}, which is not "
                f"read; leave it out (known are {', '.join(OPTIONS)})"
            )
    return options
