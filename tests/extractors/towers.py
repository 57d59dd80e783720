"""Whole image-text models of every kind, small and random, in the folders of model hubs."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors.torch import save_file

from tests import fill

VISION: dict[str, Any] = {
    "layers": 1,
    "width": 16,
    "head_width": 8,
    "patch_size": 32,
    "image_size": 64,
}
TEXT: dict[str, Any] = {"width": 16, "heads": 2, "layers": 1, "context_length": 77}
KINDS: dict[str, dict[str, Any]] = {
    "clip": {"embed_dim": 128, "vision_cfg": VISION, "text_cfg": TEXT, "quick_gelu": True},
    # SigLIP: each pair by itself (a bias), both directions, the last token; here CLIP's tokenizer
    "siglip": {
        "embed_dim": 128,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": VISION,
        "text_cfg": {
            **TEXT,
            "context_length": 64,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
            "norm_kwargs": {"eps": 1e-6},
        },
    },
    # PE-Core: timm's tower of sight, a short context
    "pe": {
        "embed_dim": 128,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 384,
            "timm_model_name": "vit_pe_core_tiny_patch16_384",
            "timm_model_pretrained": False,
            "timm_pool": "map",
            "timm_proj": "linear",
        },
        "text_cfg": {**TEXT, "context_length": 32},
    },
}
PREPARED = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash"}


@cache
def whole(kind: str) -> torch.nn.Module:
    """The model as open_clip builds it, random such that words differ: to be read, not changed."""
    config = dict(KINDS[kind])
    made = open_clip.CustomTextCLIP if config.pop("custom_text", False) else open_clip.CLIP
    model: torch.nn.Module = made(**config)
    model.load_state_dict(fill.weights(model.state_dict(), 3))
    return model.eval()


def tower(folder: Path, kind: str, **text: Any) -> Path:
    """A folder of a kind, with settings of its text part changed."""
    folder.mkdir(parents=True)
    state = {key: value.contiguous() for key, value in whole(kind).state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors")
    config = {**KINDS[kind], "text_cfg": {**KINDS[kind]["text_cfg"], **text}}
    record = {"model_cfg": config, "preprocess_cfg": PREPARED}
    (folder / "open_clip_config.json").write_text(json.dumps(record))
    return folder
