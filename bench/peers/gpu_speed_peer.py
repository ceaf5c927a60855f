"""transformers' side of the GPU speed bench: training tokens/s of a model of a known shape with random weights, bf16, fused AdamW,
torch.compile or eager; one JSON object a line, the same work as bench/model/gpu_speed.cc.
Usage: gpu_speed_peer.py SHAPE [--eager] [--steps 20] [--row-length 1024] [--rows 8]"""
import argparse
import json
import statistics
import time

import torch
from transformers import AutoModelForCausalLM, DeepseekV3Config, LlamaConfig, Qwen2Config

SHAPES = {
    "smollm2-135m": lambda: LlamaConfig(hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
                                        num_key_value_heads=3, vocab_size=49152, tie_word_embeddings=True, max_position_embeddings=4096),
    "qwen2.5-0.5b": lambda: Qwen2Config(hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14,
                                        num_key_value_heads=2, vocab_size=151936, tie_word_embeddings=True, max_position_embeddings=4096),
    "qwen2.5-1.5b": lambda: Qwen2Config(hidden_size=1536, intermediate_size=8960, num_hidden_layers=28, num_attention_heads=12,
                                        num_key_value_heads=2, vocab_size=151936, tie_word_embeddings=True, max_position_embeddings=4096),
    "deepseek-v3-1.3b": lambda: DeepseekV3Config(
        vocab_size=32768, hidden_size=1024, num_hidden_layers=12, num_attention_heads=16, num_key_value_heads=16, q_lora_rank=512,
        kv_lora_rank=256, qk_nope_head_dim=64, qk_rope_head_dim=32, v_head_dim=64, intermediate_size=2816, moe_intermediate_size=512,
        first_k_dense_replace=1, n_routed_experts=64, n_shared_experts=1, num_experts_per_tok=6, n_group=1, topk_group=1,
        routed_scaling_factor=1.0, max_position_embeddings=4096),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--eager", action="store_true")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--row-length", type=int, default=1024)
    parser.add_argument("--rows", type=int, default=8)
    options = parser.parse_args()
    torch.manual_seed(1)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(SHAPES[options.shape](), dtype=torch.bfloat16, attn_implementation="sdpa")
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    forward = model if options.eager else torch.compile(model)
    ids = torch.randint(model.config.vocab_size, (options.rows, options.row_length), device="cuda")
    rates, losses = [], []
    for step in range(options.steps + 5):
        torch.cuda.synchronize()
        start = time.perf_counter()
        loss = forward(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        torch.cuda.synchronize()
        if step >= 5:
            rates.append(ids.numel() / (time.perf_counter() - start))
    print(json.dumps({"who": "transformers", "what": "training", "shape": options.shape, "mode": "eager" if options.eager else "compile",
                      "tokens_per_second": round(statistics.median(rates)), "min": round(min(rates)), "max": round(max(rates)),
                      "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2), "first_loss": round(losses[0], 4),
                      "last_loss": round(losses[-1], 4)}), flush=True)


main()
