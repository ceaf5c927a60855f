#!/usr/bin/env python3
"""Golden values of tiny qwen3_moe and deepseek_v2 models: writes tests/golden/moe/<case>/{config.json,model*.safetensors,golden.safetensors}.

The reference is transformers' own classes (eager attention, eager experts) with torch 2.11, on the CPU; bench/peers/setup.sh builds that
environment. case.py says what golden.safetensors holds; experts have one tensor each there, as in the checkpoints. It is not a test:
the C++ tests read what it wrote. The same environment gives the same bytes."""

import torch
from case import output_folder, write_case
from deepseek_v3 import per_expert
from transformers.models.deepseek_v2 import modeling_deepseek_v2
from transformers.models.qwen3_moe import modeling_qwen3_moe

MODULES = {"qwen3_moe": modeling_qwen3_moe, "deepseek_v2": modeling_deepseek_v2}
PLAIN = dict(rope_type="default", rope_theta=10000.0)
# Even sizes of kv_lora_rank and qk_nope_head_dim: the reference turns pairs by view_as_complex, which takes no odd offset.
V2 = dict(num_key_value_heads=4, num_hidden_layers=3, kv_lora_rank=10, qk_nope_head_dim=4, qk_rope_head_dim=6, v_head_dim=7,
          moe_intermediate_size=11, first_k_dense_replace=1, n_shared_experts=2, n_routed_experts=7, num_experts_per_tok=2,
          norm_topk_prob=False)
# Short: the more tokens, the sooner one has two experts almost alike (check_choices).
LENGTHS = (17, 9)
CASES = {
    "qwen3_moe": dict(model_type="qwen3_moe", seed=31, sharded=True, config=dict(
        hidden_size=22, intermediate_size=27, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=3, head_dim=10,
        num_experts=7, num_experts_per_tok=3, moe_intermediate_size=13, norm_topk_prob=True, mlp_only_layers=[1],
        rope_parameters=dict(rope_type="default", rope_theta=1e6))),
    "qwen3_moe_sparse": dict(model_type="qwen3_moe", seed=22, config=dict(
        num_hidden_layers=4, head_dim=8, num_experts=5, num_experts_per_tok=2, moe_intermediate_size=9, norm_topk_prob=False,
        decoder_sparse_step=2, attention_bias=True, tie_word_embeddings=True, rms_norm_eps=1e-5,
        rope_parameters=dict(rope_type="yarn", rope_theta=1e4, factor=4.0, original_max_position_embeddings=16))),
    # As DeepSeek-V2-Lite: no query compression, greedy choice, YaRN with mscale 0.707.
    "v2_lite": dict(model_type="deepseek_v2", seed=23, config=V2 | dict(
        q_lora_rank=None, topk_method="greedy", n_group=1, topk_group=1, rms_norm_eps=1e-5,
        rope_parameters=dict(rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16, beta_fast=1.0,
                             beta_slow=0.1, mscale=0.707, mscale_all_dim=0.707))),
    # As DeepSeek-V2: query compression, groups by their best expert, a scaling factor.
    "v2": dict(model_type="deepseek_v2", seed=24, sharded=True, config=V2 | dict(
        q_lora_rank=13, topk_method="group_limited_greedy", n_group=3, topk_group=2, n_routed_experts=9, num_experts_per_tok=3,
        routed_scaling_factor=2.5,
        rope_parameters=dict(rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16, beta_fast=1.0,
                             beta_slow=0.1, mscale=1.0, mscale_all_dim=0.7))),
    # Groups in the file that greedy choice passes over, no dense layer.
    "v2_greedy": dict(model_type="deepseek_v2", seed=25, config=V2 | dict(
        q_lora_rank=None, topk_method="greedy", n_group=4, topk_group=1, n_routed_experts=8, first_k_dense_replace=0,
        n_shared_experts=1, num_hidden_layers=2, rope_parameters=PLAIN)),
}


def check_choices(model):
    """Fails when a choice of experts hangs on less than 1e-4 of a score, which rounding could turn."""

    def check(gate, inputs, _):
        x = inputs[0].reshape(-1, inputs[0].shape[-1])
        scores = torch.nn.functional.softmax(x @ gate.weight.T, dim=-1)
        if getattr(gate, "topk_method", "greedy") == "group_limited_greedy":
            groups = scores.unflatten(-1, (gate.num_group, -1)).amax(-1).sort(descending=True)
            assert (groups[0][:, gate.topk_group - 1] - groups[0][:, gate.topk_group]).min() > 1e-4, "groups: change the seed"
            kept = torch.zeros_like(groups[0]).scatter_(1, groups[1][:, :gate.topk_group], 1.0)
            scores = scores * kept.repeat_interleave(gate.num_experts // gate.num_group, 1)
        best = scores.sort(descending=True)[0]
        assert (best[:, gate.top_k - 1] - best[:, gate.top_k]).min() > 1e-4, "experts: change the seed"

    for name, module in model.named_modules():
        if name.endswith("mlp.gate"):
            module.register_forward_hook(check)


def main():
    out = output_folder(__doc__, "moe")
    for name, case in CASES.items():
        write_case(out, name, case | dict(lengths=LENGTHS), MODULES[case["model_type"]], per_expert, check_choices)


if __name__ == "__main__":
    main()
