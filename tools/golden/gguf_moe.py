#!/usr/bin/env python3
"""Golden GGUF files of models with experts: writes tests/golden/gguf_moe/<case>/{config.json,model.safetensors,model.gguf}.

The checkpoints are transformers' own tiny random ones (experts one by one); the files are made of them by the Python package `gguf`
(0.19) that llama.cpp publishes: its writer, its names of keys (GGUFWriter.add_*) and its map of tensor names. What llama.cpp's
converter does beyond names is done here in its own terms: experts stacked, kv_b_proj in two parts with the keys' turned around
(deepseek_v3), or whole with the widths of the expanded heads, as older files have it (deepseek_v2). bench/peers/setup.sh builds the
environment; `gguf` comes on top. It is not a test: the C++ tests read what it wrote. The same environment gives the same bytes."""

import pathlib

import gguf
import torch
import transformers
from case import output_folder
from safetensors.torch import load_file

SMALL = dict(vocab_size=23, hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64,
             initializer_range=0.2, bos_token_id=0, eos_token_id=1, pad_token_id=None, tie_word_embeddings=False)
MLA = dict(num_key_value_heads=2, kv_lora_rank=6, qk_nope_head_dim=4, qk_rope_head_dim=2, v_head_dim=5, moe_intermediate_size=7,
           first_k_dense_replace=1, n_routed_experts=4, num_experts_per_tok=2)
YARN = dict(rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16, beta_fast=2.0, beta_slow=0.5,
            mscale=0.707, mscale_all_dim=0.707)
PLAIN = dict(rope_type="default", rope_theta=10000.0)
CASES = {
    "deepseek_v3": dict(arch="DEEPSEEK2", seed=41, config=MLA | dict(
        q_lora_rank=8, num_nextn_predict_layers=0, n_shared_experts=1, n_group=2, topk_group=1, norm_topk_prob=True, routed_scaling_factor=2.5, rms_norm_eps=1e-6,
        rope_parameters=PLAIN)),
    "deepseek_v2": dict(arch="DEEPSEEK2", seed=42, whole_kv_b=True, config=MLA | dict(
        q_lora_rank=None, n_shared_experts=2, n_group=1, topk_group=1, topk_method="greedy", norm_topk_prob=False, rms_norm_eps=1e-5,
        routed_scaling_factor=1.0, rope_parameters=YARN)),
    "qwen3_moe": dict(arch="QWEN3MOE", seed=43, config=dict(
        num_key_value_heads=1, head_dim=6, num_experts=5, num_experts_per_tok=2, moe_intermediate_size=7, norm_topk_prob=True,
        mlp_only_layers=[], decoder_sparse_step=1, rms_norm_eps=1e-6, rope_parameters=dict(rope_type="default", rope_theta=1e6))),
}


def checkpoint(folder, name, case):
    torch.manual_seed(case["seed"])
    config = transformers.AutoConfig.for_model(name, **(SMALL | case["config"]))
    model = transformers.AutoModelForCausalLM.from_config(config).float()
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "norm" in parameter_name:
                parameter.add_(0.1 * torch.randn(parameter.shape))
        for buffer_name, buffer in model.named_buffers():
            if buffer_name.endswith("e_score_correction_bias"):
                buffer.copy_(0.1 * torch.randn(buffer.shape))
    model.save_pretrained(folder)
    return config, load_file(folder / "model.safetensors")


def add_common(writer, c):
    writer.add_context_length(c.max_position_embeddings)
    writer.add_embedding_length(c.hidden_size)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_head_count(c.num_attention_heads)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_rope_freq_base(c.rope_parameters["rope_theta"])
    writer.add_vocab_size(c.vocab_size)
    writer.add_expert_used_count(c.num_experts_per_tok)
    writer.add_expert_feed_forward_length(c.moe_intermediate_size)


def add_qwen3_moe(writer, c):
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_key_length(c.head_dim)
    writer.add_value_length(c.head_dim)
    writer.add_expert_count(c.num_experts)


def add_deepseek(writer, c, whole_kv_b):
    width = c.qk_nope_head_dim + c.qk_rope_head_dim
    writer.add_head_count_kv(c.num_attention_heads if whole_kv_b else 1)
    writer.add_key_length(width if whole_kv_b else c.kv_lora_rank + c.qk_rope_head_dim)
    writer.add_value_length(c.v_head_dim if whole_kv_b else c.kv_lora_rank)
    if not whole_kv_b:
        writer.add_key_length_mla(width)
        writer.add_value_length_mla(c.v_head_dim)
    if c.q_lora_rank is not None:
        writer.add_q_lora_rank(c.q_lora_rank)
    writer.add_kv_lora_rank(c.kv_lora_rank)
    writer.add_rope_dimension_count(c.qk_rope_head_dim)
    writer.add_leading_dense_block_count(c.first_k_dense_replace)
    writer.add_expert_count(c.n_routed_experts)
    writer.add_expert_shared_count(c.n_shared_experts)
    writer.add_expert_weights_scale(c.routed_scaling_factor)
    if c.norm_topk_prob:
        writer.add_expert_weights_norm(True)
    if c.model_type == "deepseek_v3":
        writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
        writer.add_expert_group_count(c.n_group)
        writer.add_expert_group_used_count(c.topk_group)
    rope = c.rope_parameters
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        writer.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
        writer.add_rope_scaling_yarn_beta_slow(rope["beta_slow"])
        writer.add_rope_scaling_yarn_log_mul(0.1 * rope["mscale_all_dim"])


def file_tensors(tensors, c, whole_kv_b):
    """name as the converter hands it to the name map -> tensor."""
    out, experts = {}, {}
    for name, tensor in tensors.items():
        if ".mlp.experts." in name:
            layer, expert, projection = name.split(".")[2], int(name.split(".")[5]), name.split(".")[6]
            experts.setdefault(f"model.layers.{layer}.mlp.experts.{projection}.weight", {})[expert] = tensor
        elif name.endswith("kv_b_proj.weight") and not whole_kv_b:
            by_head = tensor.view(c.num_attention_heads, c.qk_nope_head_dim + c.v_head_dim, -1)
            keys, values = by_head.split([c.qk_nope_head_dim, c.v_head_dim], dim=1)
            out[name.replace("kv_b_proj", "k_b_proj")] = keys.transpose(1, 2).contiguous()
            out[name.replace("kv_b_proj", "v_b_proj")] = values.contiguous()
        else:
            out[name.replace("e_score_correction_bias", "e_score_correction.bias")] = tensor
    for name, stack in experts.items():
        out[name] = torch.stack([stack[i] for i in range(len(stack))])
    return out


def write_gguf(path, case, c, tensors):
    arch = gguf.MODEL_ARCH[case["arch"]]
    whole_kv_b = case.get("whole_kv_b", False)
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[arch])
    add_common(writer, c)
    add_qwen3_moe(writer, c) if c.model_type == "qwen3_moe" else add_deepseek(writer, c, whole_kv_b)
    names = gguf.get_tensor_name_map(arch, c.num_hidden_layers)
    for name, tensor in file_tensors(tensors, c, whole_kv_b).items():
        in_file = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert in_file is not None, name
        writer.add_tensor(in_file, tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    out = output_folder(__doc__, "gguf_moe")
    for name, case in CASES.items():
        folder = pathlib.Path(out / name)
        folder.mkdir(parents=True, exist_ok=True)
        config, tensors = checkpoint(folder, name, case)
        write_gguf(folder / "model.gguf", case, config, tensors)
        (folder / "generation_config.json").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
