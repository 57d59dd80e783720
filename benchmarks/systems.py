"""Each system's training step beside a literal transcription of its published equations.

    python -m benchmarks.systems

Both have the same weights, and their outputs in eval mode are compared first. A step is forward, the
published loss and backward; the fastest of some rounds in which the two take turns. The transcriptions
do what the specification's chapter 2 says step by step: a loop over the 49 positions and one over all
64 rotations in DMIN, attention over an axis of length one in MAGAN, windows multiplied in place in DCMR.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.models.losses import IGNORED, Targets
from avel.models.output import Visual
from avel.models.published.cmm import CMM, contrastive_loss
from avel.models.published.dmin import DMIN, TripletAttention, matched_relevance
from avel.models.published.interaction import DenseAttention
from avel.models.published.magan import MAGAN
from avel.models.table import LOSSES, build

T, P, AUDIO, CHANNELS, K = 10, 49, 128, 512, 28
Run = Callable[[], tuple[Tensor, ...]]


def literal_av_att(model: nn.Module, audio: Tensor, visual_map: Tensor) -> Tensor:
    """Reference 2.1 and 2.2, rows of all segments in one axis."""
    B = len(audio)
    V = visual_map.reshape(B * T, P, CHANNELS)
    a = audio.reshape(B * T, AUDIO)
    v = torch.relu(model.affine_video(V))
    g = torch.relu(model.affine_audio(a))
    content = model.affine_v(v) + model.affine_g(g).unsqueeze(2)
    z = model.affine_h(torch.tanh(content)).squeeze(2)
    alpha = functional.softmax(z, -1).view(-1, 1, P)
    attended = torch.bmm(alpha, V).view(B, T, CHANNELS)
    hidden = torch.zeros(2, B, 128)
    heard, _ = model.lstm_audio(audio, (hidden, hidden))
    seen, _ = model.lstm_video(attended, (hidden, hidden))
    if model.config.fusion == "residual":
        merged = torch.mul(model.U_v(seen) + model.U_a(heard), 0.5)
        new_seen, new_heard = torch.tanh(heard + merged), torch.tanh(seen + merged)
        return model.L2(torch.mul(new_seen + new_heard, 0.5))
    joint = torch.relu(torch.cat((heard, seen), -1))
    return model.L2(torch.relu(model.L1(joint)))


class LiteralDense(nn.Module):
    """DIMA with its 64 rotations of the query, one product each."""

    def __init__(self, like: DenseAttention) -> None:
        super().__init__()
        self.like = like

    def forward(self, query: Tensor, other: Tensor) -> Tensor:
        memory = torch.cat([other, query], 1)
        w, b = self.like.in_proj_weight.chunk(3), self.like.in_proj_bias.chunk(3)
        heads = [
            functional.linear(x, wi, bi).view(*x.shape[:2], 4, 64).transpose(1, 2)
            for x, wi, bi in zip((query, memory, memory), w, b, strict=True)
        ]
        q, k, v = heads[0] * 64**-0.5, heads[1], heads[2]
        km = k[:, :, :T].transpose(-1, -2)
        rotated = torch.zeros(*q.shape[:3], T)
        for r in range(1, 64):
            turned = torch.cat([q[..., r:], q[..., :r]], -1)
            rotated = rotated + turned @ km
        across = (0.5 * (q @ km) + 0.5 / 63 * rotated) / 64
        logits = torch.cat([across, q @ k[:, :, T:].transpose(-1, -2)], -1)
        shares = functional.dropout(logits.softmax(-1), self.like.dropout, self.training)
        return self.like.out_proj((shares @ v).transpose(1, 2).flatten(2))


def literal_triplet(att: TripletAttention, visual_map: Tensor, audio: Tensor) -> Tensor:
    """AGTA with its loop over positions."""
    B = len(audio)
    V, a = visual_map.reshape(B * T, P, CHANNELS), audio.reshape(B * T, AUDIO)
    heard = torch.relu(att.affine_audio_1(a)).unsqueeze(1).repeat(1, P, 1)
    joint = (torch.relu(att.affine_video_1(V)) * heard).mean(1)
    gate = torch.sigmoid(att.affine_v_c_att(torch.relu(att.affine_bottleneck(joint))))
    Vc = V * gate.unsqueeze(1) + V
    heard = torch.relu(att.affine_audio_2(a)).unsqueeze(1).repeat(1, P, 1)
    joint = att.dropout(torch.relu(att.affine_video_2(Vc)) * heard)
    summed = joint.view(B * T, P, 256, 5).sum(3)
    # the epsilon keeps the published difference of roots differentiable at zero
    root = torch.sqrt(torch.relu(summed) + 1e-20) - torch.sqrt(torch.relu(-summed) + 1e-20)
    M = functional.normalize(root, dim=-1)
    x = torch.relu(att.Linear_visual(Vc)).view(B, T, P, 256)
    y = torch.relu(att.Linear_audio(audio))
    states = []
    for position in range(P):
        sequence = torch.cat([x[:, :, position] + y, y], -1)
        states.append(att.lstm(sequence)[0])
    L = torch.stack(states, 2).view(B * T, P, 256)
    alpha = functional.softmax(torch.tanh(att.affine_v_s_att(M + L)).transpose(2, 1), -1)
    return torch.bmm(alpha, Vc).view(B, T, CHANNELS)


def literal_dmin(model: DMIN, audio: Tensor, visual_map: Tensor) -> tuple[Tensor, ...]:
    features = model.dropout(torch.relu(model.v_fc(visual_map)))
    visual = literal_triplet(model.spatial_channel_att, features, audio)
    memory, seen, heard = model.decode(audio, visual)
    fused = model.AVInter(seen, heard)
    heads = model.localize_module
    return (
        heads.classifier(fused).squeeze(-1),
        heads.event_classifier(fused.max(1)[0]),
        heads.event_self(memory.max(1)[0]),
    )


def with_rotations(model: DMIN) -> DMIN:
    for decoder in (model.video_decoder, model.audio_decoder):
        layer = decoder._layer[0]
        if isinstance(layer.multihead_attn, DenseAttention):
            layer.multihead_attn = LiteralDense(layer.multihead_attn)
    return model


def literal_dcmr(model: DMIN, audio: Tensor, visual: Tensor, events: Tensor) -> Tensor:
    """A2V: windows of the searched rows multiplied one after the other."""
    _, seen, heard = model.decode(audio, visual)
    rows = []
    for n in range(len(audio)):
        query = heard[n][events[n]].mean(1)
        length, row = len(query), [seen[n, t] for t in range(T)]
        for k in range(T - length + 1):
            for i in range(length):
                row[k + i] = row[k + i] * query[i]
        rows.append(torch.stack(row))
    return model.localize_module.classifier(torch.stack(rows)).squeeze(-1)


class DeadLayers(nn.Module):
    """MAGAN's sight-to-sound layers whose softmax runs over one element."""

    def __init__(self) -> None:
        super().__init__()
        self.a1, self.a2, self.a3 = (
            nn.Linear(size, out) for size, out in ((AUDIO, 512), (512, 256), (512, 256))
        )
        self.a_s, self.a4 = nn.Linear(256, 1), nn.Linear(512, 256)
        self.v1, self.v_s = nn.Linear(512, 256), nn.Linear(256, 1)


def literal_sound(part: nn.Module, dead: DeadLayers, sight: Tensor, sound: Tensor) -> Tensor:
    """Reference 2.8 point 4 before its closed form."""
    B = len(sound)
    V, a = sight.reshape(B * T, P, CHANNELS), sound.reshape(B * T, AUDIO)
    hot = torch.relu(part.affine_audio_channel(a))
    J = torch.relu(part.affine_visual_channel(V)) * hot.unsqueeze(1).repeat(1, P, 1)
    j = torch.cat([J.mean(1), J.max(1)[0]], -1)
    m = torch.sigmoid(part.affine_channel_att(torch.relu(part.affine_channel_bottleneck(j))))
    ac = (hot * (1 + m)).unsqueeze(1)  # (N, 1, 512)
    q = torch.relu(dead.a2(torch.relu(dead.a1(a)))).unsqueeze(1)
    first = functional.softmax(torch.tanh(dead.a_s(q * torch.relu(dead.a3(ac)))), 1)
    q = torch.relu(dead.v1(V.mean(1))).unsqueeze(1)
    second = functional.softmax(torch.tanh(dead.v_s(q * torch.relu(dead.a4(ac)))), 1)
    f1, f2 = (first * ac).sum(1), (second * ac).sum(1)
    out = f1 + part.beta[0] * torch.sigmoid(f2) * f1 + f2 + part.beta[1] * torch.sigmoid(f1) * f2
    return out.view(B, T, CHANNELS)


def literal_sight(part: nn.Module, sight: Tensor, sound: Tensor) -> Tensor:
    """Reference 2.8 point 3."""
    B = len(sound)
    V, a = sight.reshape(B * T, P, CHANNELS), sound.reshape(B * T, AUDIO)
    heard = torch.relu(part.affine_audio_channel(a)).unsqueeze(1).repeat(1, P, 1)
    J = torch.relu(part.affine_visual_channel(V)) * heard
    j = torch.cat([J.mean(1), J.max(1)[0]], -1)
    m = torch.sigmoid(part.affine_channel_att(torch.relu(part.affine_channel_bottleneck(j))))
    Vc = V * (1 + m.unsqueeze(1))
    q = torch.relu(part.affine_visual_v1(torch.cat([Vc.mean(1), Vc.max(1)[0]], -1)))
    k = torch.relu(part.affine_visual_v2(V))
    alpha = torch.tanh(part.affine_v_s_att(k * q.unsqueeze(1).repeat(1, P, 1)))
    f1 = torch.bmm(functional.softmax(alpha.transpose(1, 2), -1), Vc).squeeze(1)
    k = torch.relu(part.affine_visual_v3(Vc))
    q = torch.relu(part.affine_audio_a1(a)).unsqueeze(1).repeat(1, P, 1)
    alpha = torch.tanh(part.affine_a_s_att(k * q))
    f2 = torch.bmm(functional.softmax(alpha.transpose(1, 2), -1), Vc).squeeze(1)
    out = f1 + part.beta[0] * torch.sigmoid(f2) * f1 + f2 + part.beta[1] * torch.sigmoid(f1) * f2
    return out.view(B, T, CHANNELS)


def literal_magan(
    model: MAGAN, dead: DeadLayers, audio: Tensor, visual_map: Tensor
) -> tuple[Tensor, ...]:
    sight, sound = model._attend_to_self(visual_map, audio)  # as published: nothing to transcribe
    seen = literal_sight(model.visual_spatial_channel_att, sight, sound)
    heard = literal_sound(model.audio_spatial_channel_att, dead, sight, sound)
    heard, seen = model.audio_visual_rnn_layer(heard, seen)
    visual_kv, audio_kv = model.visual_encoder(seen), model.audio_encoder(heard)
    audio_q = model.audio_decoder(heard, visual_kv)
    visual_q = model.visual_decoder(seen, audio_kv)
    relevance, classes, extra = model._full(visual_q, audio_q, visual_kv, audio_kv)
    return relevance, classes, *(extra[name] for name in sorted(extra))


def literal_cmm(model: CMM, audio: Tensor, visual: Tensor) -> Tensor:
    v, a = model.video(visual), model.audio(audio)
    return torch.sqrt(torch.clamp(((v - a) ** 2).sum(-1), min=1e-7))


def cases(
    batch: int,
) -> dict[str, tuple[nn.Module, Run, Run, Callable[[tuple[Tensor, ...]], Tensor]]]:
    """By name: a model, ours, the transcription, and the loss of what either gives."""
    torch.manual_seed(0)
    audio, visual_map = torch.rand(batch, T, AUDIO), torch.rand(batch, T, P, CHANNELS)
    mask = torch.ones(batch, T, dtype=torch.bool)
    events = (torch.arange(T) >= 2) & (torch.arange(T) < 6)
    events = events.expand(batch, T)
    videos = torch.arange(batch) % K
    segments = torch.where(events, videos[:, None], K)
    targets = Targets(segments, videos, mask, ~mask, torch.full((batch,), IGNORED))
    visual, pooled = Visual(visual_map, audio), visual_map.mean(2)
    found: dict[str, tuple[nn.Module, Run, Run, Callable[[tuple[Tensor, ...]], Tensor]]] = {}
    for name in ("av_att", "dmrn"):
        model = build(name, {})

        def scores_loss(out: tuple[Tensor, ...]) -> Tensor:
            hot = functional.one_hot(segments, K + 1).float().flatten(0, 1)
            return functional.multilabel_soft_margin_loss(out[0].softmax(-1).flatten(0, 1), hot)

        ours = (lambda m: lambda: (m(audio, visual, mask).extra["scores"],))(model)
        literal = (lambda m: lambda: (literal_av_att(m, audio, visual_map),))(model)
        found[name] = model, ours, literal, scores_loss
    dmin, copy = build("dmin", {}), build("dmin", {})
    copy.load_state_dict(dmin.state_dict())
    with_rotations(copy)

    def dmin_ours() -> tuple[Tensor, ...]:
        out = dmin(audio, visual, mask)
        return out.relevance, out.classes, out.extra["visual_classes"]

    def dmin_loss(out: tuple[Tensor, ...]) -> Tensor:
        y = events.float()
        bce = functional.binary_cross_entropy_with_logits(out[0], y)
        ce = functional.cross_entropy
        return bce + 0.9 * ce(out[1], videos) + 0.1 * ce(out[2], videos)

    pair = nn.ModuleList([dmin, copy])
    found["dmin"] = pair, dmin_ours, lambda: literal_dmin(copy, audio, visual_map), dmin_loss
    magan, dead = build("magan", {}), DeadLayers()

    def magan_ours() -> tuple[Tensor, ...]:
        out = magan(audio, visual, mask)
        return out.relevance, out.classes, *(out.extra[name] for name in sorted(out.extra))

    def magan_loss(out: tuple[Tensor, ...]) -> Tensor:
        extra = dict(
            zip(
                ("multimodal_gates", "multimodal_scores", "unimodal_gates", "unimodal_scores"),
                out[2:],
                strict=True,
            )
        )
        whole = magan_output._replace(relevance=out[0], classes=out[1], extra=extra)
        return LOSSES["magan"]["full"](whole, targets, 0.0)

    with torch.no_grad():
        magan_output = magan(audio, visual, mask)
    pair = nn.ModuleList([magan, dead])
    found["magan"] = (
        pair,
        magan_ours,
        lambda: literal_magan(magan, dead, audio, visual_map),
        magan_loss,
    )
    cmm = build("cmm", {})
    found["cmm"] = (
        cmm,
        lambda: (cmm(audio, pooled),),
        lambda: (literal_cmm(cmm, audio, pooled),),
        lambda out: contrastive_loss(out[0], events.float()),
    )
    dcmr, other = build("dcmr", {}), build("dcmr", {})
    other.load_state_dict(dcmr.state_dict())
    with_rotations(other)

    def relevance_loss(out: tuple[Tensor, ...]) -> Tensor:
        return functional.binary_cross_entropy_with_logits(out[0], events.float())

    found["dcmr"] = (
        nn.ModuleList([dcmr, other]),
        lambda: (matched_relevance(dcmr, audio, pooled, events, "audio"),),
        lambda: (literal_dcmr(other, audio, pooled, events),),
        relevance_loss,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f"one thread, batches of {args.batch} videos, VGG shapes\n")
    print("| system | avel (ms) | literal (ms) | literal / avel | largest difference |")
    print("|---|---|---|---|---|")
    for name, (model, ours, literal, loss) in cases(args.batch).items():
        model.eval()
        with torch.no_grad():
            pairs = zip(ours(), literal(), strict=True)
            worst = max(float((a - b).abs().max()) for a, b in pairs)
        model.train()
        times: dict[str, list[float]] = {"ours": [], "literal": []}
        pair = [("ours", ours), ("literal", literal)]
        for _ in range(args.rounds + 1):
            pair.reverse()  # who goes second finds the memory warm
            for kind, run in pair:
                model.zero_grad()
                started = time.perf_counter()
                loss(run()).backward()
                times[kind].append(1e3 * (time.perf_counter() - started))
        a, b = (min(values[1:]) for values in times.values())
        print(f"| {name} | {a:.1f} | {b:.1f} | {b / a:.2f} | {worst:.1e} |", flush=True)


if __name__ == "__main__":
    main()
