"""The text head beside open_clip's."""

from dataclasses import replace

import open_clip
import torch
from open_clip.model import CLIPTextCfg
from open_clip.transformer import QuickGELU, TextTransformer

from avel.extractors.audioclip.joint import TINY, AudioCLIP

PROMPTS = ["a dog", "", "a church bell that rings"]
SHAPE = replace(TINY, text_layers=3)


@torch.no_grad()
def test_texts_are_embedded_as_by_open_clip() -> None:
    torch.manual_seed(0)
    ours = AudioCLIP(SHAPE).eval()
    config = CLIPTextCfg(width=SHAPE.text_width, heads=SHAPE.text_heads, layers=SHAPE.text_layers)
    theirs = TextTransformer(
        width=config.width,
        heads=config.heads,
        layers=config.layers,
        output_dim=SHAPE.embed_dim,
        act_layer=QuickGELU,
    ).eval()
    names = theirs.state_dict().keys()
    theirs.load_state_dict({k: v for k, v in ours.state_dict().items() if k in names})
    tokens = open_clip.get_tokenizer("RN50-quickgelu")(PROMPTS)
    found, expected = ours.encode_text(tokens), theirs(tokens)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(found[0], found[1], atol=1e-2)
    assert not torch.allclose(found[0], found[2], atol=1e-2)
