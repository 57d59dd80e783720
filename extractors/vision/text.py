"""The text tower of any open_clip model, loaded alone when words are asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from open_clip import CustomTextCLIP
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.audioclip.checkpoint import OPENAI_SCALARS
from avel.extractors.tokens import make_tokens
from avel.extractors.vision.record import read_record, record_path
from avel.extractors.weights.files import Weights, WeightsError
from avel.extractors.weights.tensors import load_into, read_all
from avel.extractors.words import Tokens

NO_SIGHT = {"width": 8, "head_width": 8, "layers": 1, "patch_size": 8, "image_size": 8}
PROMPTS_AT_ONCE = 64
OTHER_HEADS = ("visual.", "text_decoder.", "audio.")
SCALES = ("logit_scale", "logit_bias")


class TextTower:
    """Words in the space of an open_clip tower's pictures.

    Raises:
        WeightsError: the file has no text tower, or one that open_clip alone cannot build.
    """

    hears_text = False

    def __init__(self, weights: Weights) -> None:
        tensors = read_all(weights)
        config = text_settings(weights, tensors)
        self.tokens = text_tokens(weights, config)
        self.model = _tower(config, weights.source)
        load_into(self.model, _text_part(tensors, weights.source), weights.source)
        self.model.eval().requires_grad_(False)
        self._scale = float(tensors["logit_scale"].float().exp())
        bias = tensors.get("logit_bias")
        self.text_bias = None if bias is None else float(bias.float())

    @torch.inference_mode()
    def text(self, prompts: Sequence[str]) -> Tensor:
        """Embeddings (L, D) of prompts, normalised, on the CPU."""
        tokens = self.tokens(list(prompts))
        parts = [self.model(part) for part in torch.split(tokens, PROMPTS_AT_ONCE)]
        return functional.normalize(torch.cat(parts).float(), dim=-1)

    def text_scale(self, modality: str) -> float:
        """What cosines in [-1, 1] with text are multiplied by, as the tower learned it."""
        return self._scale

    def text_attention(self, maps: Tensor, text: Tensor) -> Tensor:
        """Nothing (T, 0): the map of a tower's last block is in no space with text."""
        return maps.new_zeros(len(maps), 0)


def text_settings(weights: Weights, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """`embed_dim`, `text_cfg` and `quick_gelu` by the record, or by an OpenAI archive's tensors.

    Raises:
        WeightsError: there is no text tower.
    """
    if record := read_record(weights):
        config = record["model_cfg"]
        if "text_cfg" not in config:
            raise WeightsError(f"{record_path(weights)}: has no text_cfg, so nothing embeds words")
        return dict(config)
    if "text_projection" not in tensors:
        raise WeightsError(f"{weights.source}: has no text tower (text_projection)")
    vocabulary, width = tensors["token_embedding.weight"].shape
    text = {
        "context_length": len(tensors["positional_embedding"]),
        "vocab_size": vocabulary,
        "width": width,
        "heads": width // 64,  # as OpenAI's all have it
        "layers": len({k.split(".")[2] for k in tensors if k.startswith("transformer.resblocks")}),
    }
    embed_dim = tensors["text_projection"].shape[1]
    return {"embed_dim": embed_dim, "text_cfg": text, "quick_gelu": True}


def text_tokens(weights: Weights, config: Mapping[str, Any]) -> Tokens:
    """The tokenizer of a tower; see `make_tokens`."""
    return make_tokens(config["text_cfg"], record_path(weights).parent)


def _tower(config: Mapping[str, Any], source: str) -> nn.Module:
    text = {**config["text_cfg"], "output_tokens": False}
    if text.get("hf_model_name"):
        raise WeightsError(
            f"{source}: the text tower '{text['hf_model_name']}' is of another library; --labels "
            "takes towers whose text part is open_clip's own (CLIP, SigLIP, PE-Core, MobileCLIP, …)"
        )
    quick = bool(config.get("quick_gelu", False))
    whole = CustomTextCLIP(config["embed_dim"], NO_SIGHT, text, quick_gelu=quick)
    return whole.text  # type: ignore[no-any-return]


def _text_part(tensors: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """What is neither sight nor a scale; towers keep it with or without a prefix `text.`."""
    part = {
        name.removeprefix("text."): value
        for name, value in tensors.items()
        if not name.startswith(OTHER_HEADS) and name not in (*SCALES, *OPENAI_SCALARS)
    }
    if not part or "logit_scale" not in tensors:
        raise WeightsError(f"{source}: has no text tower; --labels needs the whole model's weights")
    return part
