#!/usr/bin/env python3
"""Golden values of tiny llama, qwen2 and qwen3 models: writes tests/golden/llama/<case>/{config.json,model*.safetensors,golden.safetensors}.

The reference is transformers' own classes (eager attention) with torch 2.11, on the CPU; bench/peers/setup.sh builds that environment.
case.py says what golden.safetensors holds. It is not a test: the C++ tests read what it wrote. The same environment gives the same bytes."""

import json

from case import output_folder, write_case
from transformers.models.llama import modeling_llama
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3

MODULES = {"llama": modeling_llama, "qwen2": modeling_qwen2, "qwen3": modeling_qwen3}
ROPE = dict(rope_type="default", rope_theta=10000.0)


def older_spelling(folder):
    """rope_theta and rope_scaling in place of rope_parameters: a file has one of the two, and both are read."""
    file = folder / "config.json"
    old = json.loads(file.read_text())
    rope = old.pop("rope_parameters")
    old |= {"rope_theta": rope.pop("rope_theta"), "rope_scaling": rope}
    file.write_text(json.dumps(old, indent=2) + "\n")


CASES = {
    "llama": dict(model_type="llama", config=dict(rope_parameters=ROPE), seed=1),
    "llama_bias_llama3": dict(model_type="llama", seed=2, config=dict(
        attention_bias=True, tie_word_embeddings=True, num_key_value_heads=1, head_dim=12, rms_norm_eps=1e-5,
        rope_parameters=dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                             original_max_position_embeddings=32))),
    "llama_yarn": dict(model_type="llama", seed=3, rewrite=older_spelling, config=dict(
        num_key_value_heads=4, hidden_size=20, intermediate_size=27, num_attention_heads=4, head_dim=10,
        rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16))),
    "llama_linear": dict(model_type="llama", seed=4, config=dict(
        rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.0))),
    "qwen2": dict(model_type="qwen2", seed=5, config=dict(
        tie_word_embeddings=True, use_sliding_window=False, rope_parameters=dict(rope_type="default", rope_theta=1e6))),
    "qwen2_yarn": dict(model_type="qwen2", seed=6, config=dict(
        num_key_value_heads=1, hidden_size=32, use_sliding_window=False,
        rope_parameters=dict(rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=16))),
    "qwen3": dict(model_type="qwen3", seed=7, sharded=True, config=dict(
        head_dim=10, num_attention_heads=6, num_key_value_heads=3, use_sliding_window=False,
        rope_parameters=dict(rope_type="default", rope_theta=1e6))),
    "qwen3_bias": dict(model_type="qwen3", seed=8, config=dict(
        head_dim=16, attention_bias=True, tie_word_embeddings=True, use_sliding_window=False, rope_parameters=ROPE)),
}


def main():
    out = output_folder(__doc__, "llama")
    for name, case in CASES.items():
        write_case(out, name, case, MODULES[case["model_type"]])


if __name__ == "__main__":
    main()
