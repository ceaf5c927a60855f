#!/usr/bin/env python3
"""Golden values of tiny DeepSeek-V3 models: writes tests/golden/deepseek_v3/<case>/{config.json,model.safetensors,golden.safetensors}
and tests/golden/deepseek_v3/gate.json.

The reference is transformers' deepseek_v3 (eager attention, eager experts; its MtpLayer for the MTP head) with torch 2.11, on the
CPU; bench/peers/setup.sh builds that environment. Checkpoints carry Hugging Face names with one tensor per expert, as the published
DeepSeek checkpoints do. They are read back through from_pretrained, so the names and shapes are checked by the reference itself.

golden.safetensors (S = 0, 1: the sequence; L = a layer; NAME = a parameter; all values from a run wholly in float64):
  ids.S [T] i64         logits.S [T, V] f64        logits_f32.S [T, V]: the same from a plain float32 run
  hidden.L.S [T, H] f64: the output of layer L, before the final norm      topk.L.S [T, K] i64: experts chosen, ascending
  loss [] f64: sum of next-token nll over all sequences / number of predicted tokens; loss_f32 [] f32
  grad.NAME f32: d loss / d NAME, computed in float64, rounded once
Case mtp adds, for the MTP module at layer index N = num_hidden_layers (model.md A7): input row i = [enorm(emb(t_{i+1}));
hnorm(h_i)], h before the final norm, position i, i = 0..T-2, row i predicts t_{i+2}:
  mtp_logits.S [T-1, V] f64   mtp_nll_sum [] f64, mtp_count [] i64: over the T-2 rows of each sequence that have a label
  grad_mtp.NAME f32: d (mtp_nll_sum / mtp_count) / d NAME, trunk, embedding and head included
It is not a test: the C++ tests read what it wrote. The same environment gives the same bytes."""

import argparse
import json
import pathlib
import types

import torch
import transformers
from float64 import InFloat64
from safetensors.torch import load_file, save_file
from transformers.modeling_layers import MtpLayer
from transformers.models.deepseek_v3 import modeling_deepseek_v3 as dsv3

CASES = {
    "moe": dict(seed=1, lengths=(13, 7), std=0.15, config={}),
    "yarn": dict(
        seed=2, lengths=(21, 7), std=0.15,
        config=dict(q_lora_rank=None, n_group=1, topk_group=1, norm_topk_prob=False, routed_scaling_factor=1.5,
                    qk_rope_head_dim=16, rope_theta=100.0, max_position_embeddings=64, num_hidden_layers=2,
                    rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=1.0,
                                      beta_slow=0.1, mscale=1.0, mscale_all_dim=0.7))),
    "odd": dict(
        seed=3, lengths=(11, 2), std=0.2,
        config=dict(hidden_size=20, num_attention_heads=3, num_key_value_heads=3, q_lora_rank=11, kv_lora_rank=9,
                    qk_nope_head_dim=5, qk_rope_head_dim=6, v_head_dim=7, n_routed_experts=6, n_group=3, topk_group=2,
                    num_experts_per_tok=2, n_shared_experts=2, moe_intermediate_size=10, intermediate_size=13,
                    vocab_size=37, num_hidden_layers=4, first_k_dense_replace=2)),
    "mtp": dict(
        seed=4, lengths=(13, 7), std=0.15,
        config=dict(hidden_size=24, q_lora_rank=16, kv_lora_rank=12, n_group=2, n_routed_experts=6, topk_group=1,
                    num_experts_per_tok=2, moe_intermediate_size=12, intermediate_size=28, vocab_size=64,
                    num_hidden_layers=2, num_nextn_predict_layers=1)),
}

BASE = dict(
    architectures=["DeepseekV3ForCausalLM"], model_type="deepseek_v3", vocab_size=96, hidden_size=32, intermediate_size=48,
    moe_intermediate_size=24, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=4, n_shared_experts=1,
    n_routed_experts=8, routed_scaling_factor=2.5, q_lora_rank=24, kv_lora_rank=16, qk_rope_head_dim=8, v_head_dim=12,
    qk_nope_head_dim=8, n_group=4, topk_group=2, num_experts_per_tok=3, first_k_dense_replace=1, moe_layer_freq=1,
    norm_topk_prob=True, topk_method="noaux_tc", scoring_func="sigmoid", hidden_act="silu", max_position_embeddings=64,
    initializer_range=0.02, rms_norm_eps=1e-6, tie_word_embeddings=False, rope_theta=10000.0, rope_scaling=None,
    attention_bias=False, attention_dropout=0.0, num_nextn_predict_layers=0, bos_token_id=0, eos_token_id=1,
    torch_dtype="float32", use_cache=True)


def random_checkpoint(config, seed, std):
    """Every tensor of a checkpoint with those sizes, by its Hugging Face name; norms near 1, the routing bias far from 0."""
    g = torch.Generator().manual_seed(seed)
    out, c = {}, types.SimpleNamespace(**config)

    def add(name, *shape, mean=0.0, spread=std):
        out[name] = mean + spread * torch.randn(*shape, generator=g)

    def mlp(prefix, width):
        add(prefix + "gate_proj.weight", width, c.hidden_size)
        add(prefix + "up_proj.weight", width, c.hidden_size)
        add(prefix + "down_proj.weight", c.hidden_size, width)

    def block(layer):
        p = f"model.layers.{layer}."
        heads, qk = c.num_attention_heads, c.qk_nope_head_dim + c.qk_rope_head_dim
        for norm in ("input_layernorm", "post_attention_layernorm"):
            add(p + norm + ".weight", c.hidden_size, mean=1.0, spread=0.1)
        a = p + "self_attn."
        if c.q_lora_rank is None:
            add(a + "q_proj.weight", heads * qk, c.hidden_size)
        else:
            add(a + "q_a_proj.weight", c.q_lora_rank, c.hidden_size)
            add(a + "q_a_layernorm.weight", c.q_lora_rank, mean=1.0, spread=0.1)
            add(a + "q_b_proj.weight", heads * qk, c.q_lora_rank)
        add(a + "kv_a_proj_with_mqa.weight", c.kv_lora_rank + c.qk_rope_head_dim, c.hidden_size)
        add(a + "kv_a_layernorm.weight", c.kv_lora_rank, mean=1.0, spread=0.1)
        add(a + "kv_b_proj.weight", heads * (c.qk_nope_head_dim + c.v_head_dim), c.kv_lora_rank)
        add(a + "o_proj.weight", c.hidden_size, heads * c.v_head_dim)
        if layer < c.first_k_dense_replace:
            mlp(p + "mlp.", c.intermediate_size)
            return
        add(p + "mlp.gate.weight", c.n_routed_experts, c.hidden_size, spread=0.3)
        add(p + "mlp.gate.e_score_correction_bias", c.n_routed_experts, spread=0.2)
        for e in range(c.n_routed_experts):
            mlp(f"{p}mlp.experts.{e}.", c.moe_intermediate_size)
        mlp(p + "mlp.shared_experts.", c.moe_intermediate_size * c.n_shared_experts)

    add("model.embed_tokens.weight", c.vocab_size, c.hidden_size, spread=1.0)
    for layer in range(c.num_hidden_layers):
        block(layer)
    add("model.norm.weight", c.hidden_size, mean=1.0, spread=0.1)
    add("lm_head.weight", c.vocab_size, c.hidden_size)
    for layer in range(c.num_hidden_layers, c.num_hidden_layers + c.num_nextn_predict_layers):
        p = f"model.layers.{layer}."
        block(layer)
        for norm in ("enorm", "hnorm", "shared_head.norm"):
            add(f"{p}{norm}.weight", c.hidden_size, mean=1.0, spread=0.1)
        add(p + "eh_proj.weight", c.hidden_size, 2 * c.hidden_size)
        out[p + "embed_tokens.weight"] = out["model.embed_tokens.weight"].clone()
        out[p + "shared_head.head.weight"] = out["lm_head.weight"].clone()
    return {name: t.contiguous() for name, t in sorted(out.items())}


def load_model(folder, dtype):
    """The reference model of a folder, with its MTP layers (if any) attached as model.mtp."""
    model = dsv3.DeepseekV3ForCausalLM.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", experts_implementation="eager").eval()
    config, weights = model.config, load_file(folder / "model.safetensors")
    loaded = per_expert({n: p.detach() for n, p in model.named_parameters()})
    for name, tensor in loaded.items():
        assert torch.equal(tensor, weights[name].to(dtype)), f"{name} did not survive from_pretrained"
    model.mtp = torch.nn.ModuleList()
    for layer in range(config.num_hidden_layers, config.num_hidden_layers + config.num_nextn_predict_layers):
        module = MtpLayer(config, dsv3.DeepseekV3DecoderLayer, dsv3.DeepseekV3RMSNorm, layer).to(dtype)
        own = fuse({n: t for n, t in weights.items() if n.startswith(f"model.layers.{layer}.")}, layer)
        module.load_state_dict({n: t.to(dtype) for n, t in own.items()}, strict=True)
        model.mtp.append(module)
    for name, buffer in model.named_buffers():
        if name.endswith("e_score_correction_bias"):
            buffer.data = buffer.data.to(dtype)
            if not name.startswith("mtp."):
                assert torch.equal(buffer, weights[name].to(dtype)) and buffer.abs().max() > 0, name
    return model


def fuse(weights, layer):
    """Checkpoint names of one MTP layer -> the names of MtpLayer; experts stacked, shared embedding and head dropped."""
    out, prefix = {}, f"model.layers.{layer}."
    experts = sorted({int(n.split(".experts.")[1].split(".")[0]) for n in weights if ".experts." in n})
    for name, tensor in weights.items():
        short = name[len(prefix):]
        if ".experts." in short or short in ("embed_tokens.weight", "shared_head.head.weight"):
            continue
        own = {"shared_head.norm.weight": "post_norm.weight"}.get(short)
        out[own or (short if short.split(".")[0] in ("enorm", "hnorm", "eh_proj") else "mtp_block." + short)] = tensor
    one = lambda e, which: weights[f"{prefix}mlp.experts.{e}.{which}_proj.weight"]
    out["mtp_block.mlp.experts.gate_up_proj"] = torch.stack([torch.cat([one(e, "gate"), one(e, "up")]) for e in experts])
    out["mtp_block.mlp.experts.down_proj"] = torch.stack([one(e, "down") for e in experts])
    return out


def per_expert(named, mtp_layer=None):
    """The reference's parameter names -> checkpoint names, one tensor per expert; `mtp.0.` becomes layer `mtp_layer`."""
    out = {}
    for name, tensor in named.items():
        if name.startswith("mtp.0."):
            name = f"model.layers.{mtp_layer}." + name[len("mtp.0."):].removeprefix("mtp_block.")
            name = name.replace("post_norm.weight", "shared_head.norm.weight")
        if name.endswith("experts.gate_up_proj"):
            half = tensor.shape[1] // 2
            for e in range(tensor.shape[0]):
                stem = name.removesuffix("gate_up_proj")
                out[f"{stem}{e}.gate_proj.weight"] = tensor[e, :half]
                out[f"{stem}{e}.up_proj.weight"] = tensor[e, half:]
        elif name.endswith("experts.down_proj"):
            for e in range(tensor.shape[0]):
                out[f"{name.removesuffix('down_proj')}{e}.down_proj.weight"] = tensor[e]
        else:
            out[name] = tensor
    return out


def forward(model, ids):
    """Logits [T, V], each layer's output [T, H] and each router's chosen experts [T, K] (by its layer index) for one sequence."""
    hidden, chosen, hooks = {}, {}, []
    for index, layer in enumerate(model.model.layers):
        hooks.append(layer.register_forward_hook(lambda _m, _i, out, index=index: hidden.__setitem__(index, out[0])))
        if hasattr(layer.mlp, "gate"):
            hooks.append(layer.mlp.gate.register_forward_hook(
                lambda gate, i, out, index=index: chosen.__setitem__(index, checked_choice(gate, i[0], out[2]))))
    logits = model(input_ids=ids[None], use_cache=False).logits[0]
    for hook in hooks:
        hook.remove()
    return logits, hidden, chosen


def checked_choice(gate, x, chosen):
    """The chosen experts ascending; fails when a choice hangs on less than 1e-4, which rounding could turn."""
    scores = (x.reshape(-1, x.shape[-1]).double() @ gate.weight.double().T).sigmoid() + gate.e_score_correction_bias.double()
    grouped = scores.view(len(scores), gate.num_group, -1)
    group_scores = grouped.topk(2, dim=-1)[0].sum(-1)
    order = group_scores.sort(descending=True)[0]
    if gate.topk_group < gate.num_group:
        assert (order[:, gate.topk_group - 1] - order[:, gate.topk_group]).min() > 1e-4, "groups too close: change the seed"
    keep = group_scores.topk(gate.topk_group, dim=-1)[1]
    kept = torch.zeros_like(group_scores, dtype=torch.bool).scatter_(1, keep, True)
    masked = grouped.masked_fill(~kept[..., None], float("-inf")).flatten(1)
    top = masked.sort(descending=True)[0]
    gap = top[:, gate.top_k - 1] - top[:, gate.top_k]
    assert gap.min() > 1e-4, "experts too close: change the seed"
    expected = masked.topk(gate.top_k, dim=-1)[1].sort()[0]
    assert torch.equal(expected, chosen.sort()[0]), "the reference does not mask other groups with -inf"
    return expected


def mtp_forward(model, ids, hidden):
    """Logits [T-1, V] of the MTP layer; `hidden` [T, H] is the last main layer's output before the final norm."""
    x = model.model.embed_tokens(ids[None, 1:])
    length = x.shape[1]
    positions = torch.arange(length)[None]
    mask = torch.full((length, length), torch.finfo(x.dtype).min, dtype=x.dtype).triu(1)[None, None]
    out = model.mtp[0](x, hidden[None, :-1], position_embeddings=model.model.rotary_emb(x, position_ids=positions),
                       attention_mask=mask, position_ids=positions, past_key_values=None)
    return model.lm_head(out)[0]


def nll_sum(logits, ids, ahead):
    """(sum of nll, count) of row i predicting ids[i + ahead]."""
    rows = len(ids) - ahead
    return torch.nn.functional.cross_entropy(logits[:rows], ids[ahead:], reduction="sum"), rows


def gradients(model, loss, prefix):
    model.zero_grad()
    loss.backward(retain_graph=True)
    named = {n: p.grad if p.grad is not None else torch.zeros_like(p) for n, p in model.named_parameters()}
    return {prefix + n: g.detach().float() for n, g in per_expert(named, model.config.num_hidden_layers).items()}


def golden(folder, sequences):
    out = {f"ids.{s}": ids for s, ids in enumerate(sequences)}
    plain = load_model(folder, torch.float32)
    with torch.no_grad():
        total = count = 0
        for s, ids in enumerate(sequences):
            out[f"logits_f32.{s}"] = forward(plain, ids)[0]
            nll, rows = nll_sum(out[f"logits_f32.{s}"], ids, 1)
            total, count = total + nll, count + rows
        out["loss_f32"] = total / count
    with InFloat64(dsv3):
        model = load_model(folder, torch.float64)
        sums = dict.fromkeys(("main", "mtp"), (0.0, 0))
        for s, ids in enumerate(sequences):
            logits, hidden, chosen = forward(model, ids)
            assert logits.dtype == torch.float64 and (logits - out[f"logits_f32.{s}"]).abs().max() < 1e-4
            out[f"logits.{s}"] = logits.detach()
            out |= {f"hidden.{layer}.{s}": h.detach() for layer, h in hidden.items()}
            out |= {f"topk.{layer}.{s}": c for layer, c in chosen.items()}
            terms = {"main": nll_sum(logits, ids, 1)}
            if len(model.mtp):
                mtp_logits = mtp_forward(model, ids, hidden[model.config.num_hidden_layers - 1])
                out[f"mtp_logits.{s}"] = mtp_logits.detach()
                terms["mtp"] = nll_sum(mtp_logits, ids, 2)
            for key, (nll, rows) in terms.items():
                sums[key] = (sums[key][0] + nll, sums[key][1] + rows)
        loss = sums["main"][0] / sums["main"][1]
        out["loss"] = loss.detach()
        assert abs(out["loss"] - out["loss_f32"]) < 1e-5
        out |= gradients(model, loss, "grad.")
        if len(model.mtp):
            out["mtp_nll_sum"], out["mtp_count"] = sums["mtp"][0].detach(), torch.tensor(sums["mtp"][1])
            out |= gradients(model, sums["mtp"][0] / sums["mtp"][1], "grad_mtp.")
    return {name: t.contiguous().clone() for name, t in sorted(out.items())}


def write_case(root, name, case):
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    config = BASE | case["config"]
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    save_file(random_checkpoint(config, case["seed"], case["std"]), folder / "model.safetensors", metadata={"format": "pt"})
    g = torch.Generator().manual_seed(1000 + case["seed"])
    sequences = [torch.randint(0, config["vocab_size"], (n,), generator=g) for n in case["lengths"]]
    values = golden(folder, sequences)
    save_file(values, folder / "golden.safetensors")
    spread = torch.cat([values["logits.0"], values["logits.1"]]).std().item()
    print(f"{name}: loss {values['loss'].item():.6f}, std of the logits {spread:.3f}, "
          f"{sum(f.stat().st_size for f in folder.iterdir()) // 1024} KiB")


def gate(scores, bias, groups, keep, k, scale):
    """The reference's router on given scores: (experts ascending, their weights)."""
    config = types.SimpleNamespace(num_experts_per_tok=k, num_local_experts=len(scores), hidden_size=len(scores),
                                   routed_scaling_factor=scale, n_group=groups, topk_group=keep, norm_topk_prob=True)
    router = dsv3.DeepseekV3TopkRouter(config).double()
    s = torch.tensor(scores, dtype=torch.float64)
    router.weight.data = torch.eye(len(scores), dtype=torch.float64)
    router.e_score_correction_bias.data = torch.tensor(bias, dtype=torch.float64)
    with InFloat64(dsv3):
        _, weights, experts = router(torch.logit(s)[None])
    experts, order = experts[0].sort()
    return experts.tolist(), weights[0][order].tolist()


def gate_case(name, **c):
    experts, weights = gate(**c)
    return dict(name=name, **c, experts=experts, weights=weights)


def balance_loss(scores, k):
    """(sum_i f_i P_i, its gradient wrt the scores) of one sequence, model.md A6: top-K of the unbiased scores, no group limit."""
    s = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    tokens, experts = s.shape
    chosen = torch.zeros_like(s).scatter_(1, s.detach().topk(k, dim=-1)[1], 1.0)
    f = chosen.sum(0) * experts / (k * tokens)
    p = (s / s.sum(-1, keepdim=True)).mean(0)
    value = (f * p).sum()
    value.backward()
    return value.item(), s.grad.tolist()


def write_gate(file):
    """The router's numeric facts F10-F14 of the model handbook, and larger random cases of the same."""
    g = torch.Generator().manual_seed(7)
    draw = lambda *shape: torch.rand(*shape, generator=g).mul(0.98).add(0.01).mul(1000).round().div(1000).tolist()
    cases = [
        gate_case("F10", scores=[.9, .8, .7, .1], bias=[0., -.2, 0., 0.], groups=1, keep=1, k=2, scale=2.5),
        gate_case("F11", scores=[.9, .1, .6, .5, .3, .2, .55, .52], bias=[-.9, -.2] + [-.9] * 6, groups=4, keep=1, k=2, scale=2.5),
    ]
    assert cases[0]["experts"] == [0, 2] and abs(cases[0]["weights"][0] - 1.40625) < 1e-9
    assert cases[1]["experts"] == [0, 1] and abs(cases[1]["weights"][1] - 0.25) < 1e-9, "groups are not masked with -inf"
    for i in range(4):
        bias = [b - 0.5 for b in draw(64)]
        case = gate_case(f"F12.{i}", scores=draw(64), bias=[round(b, 3) for b in bias], groups=8, keep=4, k=8, scale=2.5)
        assert len({e // 8 for e in case["experts"]}) <= 4 and abs(sum(case["weights"]) - 2.5) < 1e-9
        cases.append(case)
    balance = []
    for name, scores, k in (("random", draw(9, 6), 2), ("random, one token", draw(1, 5), 3),
                            ("F14: perfectly balanced", [[.8, .2, .2, .2], [.2, .8, .2, .2], [.2, .2, .8, .2], [.2, .2, .2, .8]], 1)):
        value, gradient = balance_loss(scores, k)
        balance.append(dict(name=name, scores=scores, k=k, value=value, gradient=gradient))
    assert abs(balance[-1]["value"] - 1.0) < 1e-12
    bias_update = dict(name="F13", counts=[5, 1, 3, 3], gamma=0.001, delta=[-0.001, 0.001, 0.0, 0.0])
    file.write_text(json.dumps(dict(gate=cases, balance_loss=balance, bias_update=bias_update), indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/deepseek_v3"
    parser.add_argument("--out", type=pathlib.Path, default=default)
    out = parser.parse_args().out
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for name, case in CASES.items():
        write_case(out, name, case)
    write_gate(out / "gate.json")


if __name__ == "__main__":
    main()
