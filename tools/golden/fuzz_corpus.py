#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets, tests/fuzz/corpus/<reader>/: small files that each reader accepts, and hostile ones that it
must refuse quickly. Needs nothing but Python; the same run gives the same bytes. Files named `found_*` are not its own: they are
inputs that libFuzzer found.  Usage: fuzz_corpus.py [FOLDER]
"""
import json
import os
import struct
import sys

ROOT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                                           "../../tests/fuzz/corpus")


def write(reader, name, data):
    folder = os.path.join(ROOT, reader)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


# --- safetensors

def safetensors():
    header = {"__metadata__": {"format": "pt"},
              "a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
              "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]},
              "empty": {"dtype": "I64", "shape": [0, 5], "data_offsets": [32, 32]},
              "c": {"dtype": "F8_E4M3", "shape": [32], "data_offsets": [32, 64]}}
    text = json.dumps(header).encode()
    whole = struct.pack("<Q", len(text)) + text + bytes(range(64))
    write("safetensors", "whole", whole)
    write("safetensors", "cut_off", whole[:-3])
    write("safetensors", "length_2_64", b"\xff" * 8 + text)
    write("safetensors", "length_of_all", struct.pack("<Q", len(text) + 64) + text + bytes(64))
    one = '{"x": {"dtype": "%s", "shape": %s, "data_offsets": %s}}'
    write("safetensors", "header", json.dumps(header))
    write("safetensors", "header_odd_offset", '{"x": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "y": {"dtype": '
          '"F64", "shape": [7], "data_offsets": [1, 57]}, "z": {"dtype": "BOOL", "shape": [7], "data_offsets": [57, 64]}}')
    for name, dtype, shape, offsets in [("product_2_64", "F64", [2**31, 2**31, 2**31], [0, 64]),
                                        ("size_2_63", "U8", [2**63 - 1], [0, 64]), ("size_2_64", "U8", [2**64 - 1], [0, 64]),
                                        ("offset_2_63", "U8", [64], [2**63 - 1, 2**63 + 63]),
                                        ("backwards", "U8", [64], [64, 0]), ("negative", "U8", [-64], [0, 64]),
                                        ("float_size", "U8", [64.0], [0, 64]), ("unknown_dtype", "F4", [128], [0, 64])]:
        write("safetensors", "header_" + name, one % (dtype, json.dumps(shape), json.dumps(offsets)))
    write("safetensors", "header_twice", '{"x": 1, "x": 2}')
    write("safetensors", "header_deep", '{"x": {"dtype": "U8", "shape": ' + "[" * 1500 + "]" * 1500 + ', "data_offsets": [0, 64]}}')
    write("safetensors", "header_deep_dtype", one % ("U8", [64], [0, 64]) + '{"a":' * 1500)


# --- GGUF

U8, U32, F32, BOOL, STRING, ARRAY, U64 = 0, 4, 6, 7, 8, 9, 10


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(value)) + value


def key(name, kind, value):
    pack = {U8: "<B", U32: "<I", F32: "<f", BOOL: "<B", U64: "<Q"}
    if kind == ARRAY:
        element, items = value
        body = struct.pack("<IQ", element, len(items))
        body += b"".join(text(item) if element == STRING else struct.pack(pack[element], item) for item in items)
    else:
        body = text(value) if kind == STRING else struct.pack(pack[kind], value)
    return text(name) + struct.pack("<I", kind) + body


def tensor(name, shape, kind, offset):
    return text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", s) for s in shape) + struct.pack("<IQ", kind, offset)


def gguf_file(keys, tensors, data=b"", version=3, num_keys=None, num_tensors=None):
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors) if num_tensors is None else num_tensors,
                                 len(keys) if num_keys is None else num_keys)
    head += b"".join(keys) + b"".join(tensors)
    return head + (b"\0" * (-len(head) % 32) + data if data else b"")


def gguf_tokens():
    tokens = [chr(c) for c in range(33, 52)] + ["\u0120", "12", "!\"", "<s>", "</s>", "<|im_end|>"]
    types = [1] * 22 + [3, 3, 4]
    return [key("tokenizer.ggml.model", STRING, "gpt2"), key("tokenizer.ggml.pre", STRING, "llama-bpe"),
            key("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)), key("tokenizer.ggml.token_type", ARRAY, (U32, types)),
            key("tokenizer.ggml.merges", ARRAY, (STRING, ["1 2", "! \""])), key("tokenizer.ggml.bos_token_id", U32, 22),
            key("tokenizer.ggml.eos_token_id", U32, 23), key("tokenizer.ggml.add_bos_token", BOOL, 1),
            key("tokenizer.chat_template", STRING, "{{ messages[0].content }}")]


def gguf_model(architecture):
    sizes = {"context_length": 64, "embedding_length": 16, "block_count": 1, "feed_forward_length": 32, "attention.head_count": 2,
             "attention.head_count_kv": 1, "attention.key_length": 8, "rope.dimension_count": 8}
    return [key("general.architecture", STRING, architecture)] + \
        [key(f"{architecture}.{name}", U32, size) for name, size in sizes.items()] + \
        [key(f"{architecture}.attention.layer_norm_rms_epsilon", F32, 1e-5), key(f"{architecture}.rope.freq_base", F32, 1e4)]


def gguf():
    blocks = {0: (32, 128), 1: (32, 64), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 12: (256, 144), 13: (256, 176),
              14: (256, 210), 24: (32, 32), 28: (4, 32), 30: (32, 64)}
    tensors, data = [], b""
    for kind, (elements, size) in blocks.items():
        tensors.append(tensor(f"t{kind}", [elements], kind, len(data)))
        data += bytes((7 * i + kind) % 251 for i in range(size)) + b"\0" * (-size % 32)
    write("gguf", "types", gguf_file([key("general.architecture", STRING, "llama")], tensors, data))
    for architecture in ("llama", "qwen2", "qwen3"):
        write("gguf", architecture, gguf_file(gguf_model(architecture) + gguf_tokens(), [tensor("token_embd.weight", [16, 2], 0, 0)],
                                              bytes(128)))
    latent = {"kv_lora_rank": 8, "q_lora_rank": 8, "key_length_mla": 12, "value_length_mla": 8, "value_length": 8}
    deepseek = gguf_model("deepseek2") + [key(f"deepseek2.attention.{name}", U32, size) for name, size in latent.items()] + \
        [key(f"deepseek2.{name}", U32, size) for name, size in [
            ("expert_count", 4), ("expert_used_count", 2), ("expert_feed_forward_length", 8), ("expert_gating_func", 2),
            ("expert_group_count", 2), ("leading_dense_block_count", 1)]] + \
        [key("deepseek2.rope.scaling.type", STRING, "yarn"), key("deepseek2.rope.scaling.factor", F32, 4.0),
         key("deepseek2.rope.scaling.yarn_log_multiplier", F32, 0.1)]
    write("gguf", "deepseek2", gguf_file(deepseek, []))
    experts = [key(f"qwen3moe.{name}", U32, 2) for name in ("expert_count", "expert_used_count", "expert_feed_forward_length")]
    write("gguf", "qwen3moe", gguf_file(gguf_model("qwen3moe") + experts, []))
    scaling = [key("llama.rope.scaling.type", STRING, "yarn"), key("llama.rope.scaling.factor", F32, 4.0),
               key("llama.rope.scaling.original_context_length", U32, 16)]
    write("gguf", "yarn_no_tensors", gguf_file(gguf_model("llama") + scaling, []))
    write("gguf", "sentencepiece", gguf_file([key("tokenizer.ggml.model", STRING, "llama"),
                                              key("tokenizer.ggml.tokens", ARRAY, (STRING, ["<unk>", "\u2581a"])),
                                              key("tokenizer.ggml.scores", ARRAY, (F32, [0.0, -1.0]))], []))
    write("gguf", "version_2", gguf_file([key("x", U8, 1)], [], version=2))
    write("gguf", "version_1", gguf_file([], [], version=1))
    write("gguf", "keys_2_64", gguf_file([key("x", U8, 1)], [], num_keys=2**64 - 1))
    write("gguf", "tensors_2_63", gguf_file([], [], num_tensors=2**63))
    write("gguf", "string_2_64", b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**64 - 1) + bytes(64))
    write("gguf", "array_2_61", b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a") + struct.pack("<IIQ", ARRAY, U64, 2**61) + bytes(64))
    write("gguf", "array_of_arrays", b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a") + struct.pack("<IIQ", ARRAY, ARRAY, 1) + bytes(64))
    write("gguf", "shape_2_64", gguf_file([], [tensor("t", [2**32, 2**32, 2], 0, 0)], bytes(64)))
    write("gguf", "offset_2_64", gguf_file([], [tensor("t", [16], 0, 2**64 - 32)], bytes(64)))
    write("gguf", "overlap", gguf_file([], [tensor("t", [16], 0, 0), tensor("u", [16], 0, 32)], bytes(96)))
    write("gguf", "alignment_0", gguf_file([key("general.alignment", U32, 0)], [tensor("t", [16], 0, 0)], bytes(64)))
    write("gguf", "alignment_2_31", gguf_file([key("general.alignment", U32, 2**31)], [tensor("t", [16], 0, 0)], bytes(64)))
    write("gguf", "parts_2_63", gguf_file([key("split.no", U32, 0), key("split.count", U64, 2**63 - 1)], []))


# --- tokenizer.json

def bpe(vocab=None, merges=(), added=(), patterns=(), **model):
    vocab = vocab if vocab is not None else {chr(c): c - 33 for c in range(33, 127)} | {"\u0120": 94, "12": 95, "aa": 96}
    steps = [{"type": "Split", "pattern": {"Regex": p}, "behavior": "Isolated", "invert": False} for p in patterns]
    steps.append({"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": not patterns})
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": list(added), "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}, "post_processor": None,
            "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": vocab, "merges": list(merges)} | model}


def special(text_, id_, **more):
    return {"id": id_, "content": text_, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True} | more


def tokenizer_json():
    def put(name, root):
        write("tokenizer_json", name, json.dumps(root, ensure_ascii=False))
    merges = ["1 2", ["a", "a"]]
    put("plain", bpe(merges=merges, added=[special("<|end|>", 97)], unk_token="!"))
    put("llama", bpe(merges=merges, ignore_merges=True, patterns=[
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"]))
    nfc = bpe(merges=merges)
    nfc["normalizer"] = {"type": "NFC"}
    nfc["pre_tokenizer"]["pretokenizers"].insert(0, {"type": "Digits", "individual_digits": True})
    put("nfc_digits", nfc)
    put("backtracking", bpe(merges=merges, patterns=[r"(a+)+$", r"(\w|\w\w|a)+;", r"(?:(?=(a+))\1?)*b"]))
    put("pattern_size", bpe(patterns=["((a{900}){900}){9}"]))
    put("pattern_depth", bpe(patterns=["(" * 400 + ")" * 400]))
    put("pattern_broken", bpe(patterns=["(?<=a+)[[:x:"]))
    put("recursion", bpe(patterns=["(?R)?a|((?1)a)*"]))
    put("merge_unknown", bpe(merges=["1 \u00e9"]))
    put("merge_no_token", bpe(merges=["2 1"]))
    put("merge_twice", bpe(merges=["1 2", "1 2"]))
    put("id_2_24", bpe(vocab={"a": 2**24 - 1}))
    put("id_2_63", bpe(vocab={"a": 2**63}))
    put("id_negative", bpe(vocab={"a": -1}))
    put("id_float", bpe(vocab={"a": 1e300}))
    put("added_id_2_24", bpe(added=[special("<s>", 2**24 - 1)]))
    put("added_id_2_32", bpe(added=[special("<s>", 2**32 + 97)]))
    put("added_empty", bpe(added=[special("", 97)]))
    put("no_model", {key_: value for key_, value in bpe().items() if key_ != "model"})
    write("tokenizer_json", "deep_pattern", json.dumps(bpe(patterns=["0"])).replace('{"Regex": "0"}', '{"a":' * 1500 + "1" + "}" * 1500))
    write("tokenizer_json", "deep_normalizer", '{"normalizer":' + "[" * 3000 + "]" * 3000 + "}")


# --- chat template

TEMPLATES = {
    "loop": "{% for m in messages %}{{ '<|' + m.role + '|>' }}{{ m['content'] | string | trim }}{{ eos_token }}{% endfor %}"
            "{% if add_generation_prompt %}<|assistant|>{% endif %}",
    "tools": "{% if tools is defined and tools %}{% for t in tools %}{{ t | tojson(indent=2) }}{% endfor %}{% endif %}{% for m in messages"
             " if m.role != 'system' %}{% if m.tool_calls %}{% for c in m.tool_calls %}{{ c.function.arguments | tojson }}{% endfor %}"
             "{% endif %}{{ loop.index0 }}{% endfor %}",
    "namespace": "{%- set ns = namespace(n=0, s='') -%}{%- for m in messages -%}{%- set ns.n = ns.n + 1 -%}{%- if loop.last -%}{% break %}"
                 "{%- endif -%}{%- set ns.s = ns.s ~ m.role[:2] | upper -%}{%- endfor -%}{{ ns.n }} {{ ns.s.split('U')[-1] }}",
    "macro": "{% macro f(x, d=2) %}{% if d > 0 %}({{ f(x, d - 1) }}){% else %}{{ x }}{% endif %}{% endmacro %}{{ f(messages | length) }}",
    "filters": "{{ messages | map(attribute='role') | list | unique | sort | join(',') }}{{ messages | selectattr('role', 'equalto', 'user')"
               " | list | length }}{{ 'a b'.title().replace('A', 'x').strip().startswith('x') }}{{ [3, 1] | max }}{{ {'a': 1}.items() | list }}",
    "slices": "{{ messages[::-1][0].role }}{{ 'größer'[1:4:2] }}{{ 7 // 2 }}{{ -7 % 3 }}{{ 2 ** 10 }}{{ 1 if true else 2 }}{{ not none }}"
              "{{ 'a' in 'abc' and 1 < 2 <= 3 }}{{ messages[1].content | default('x', true) }}",
    "raise": "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}",
    "date": "{{ strftime_now('%Y-%m-%d %H:%M') }}{% set x %}block{% endset %}{{ x }}{% filter upper %}a{% endfilter %}{# note #}"
            "{% raw %}{{ }}{% endraw %}{% with a = 1 %}{{ a }}{% endwith %}",
    "range_10_9": "{% for i in range(10**9) %}x{% endfor %}",
    "repeat_10_9": "{{ 'ab' * 10**9 }}{{ [1] * 10**9 }}",
    "power_10_9": "{{ 9 ** 10 ** 9 }}{{ (-9223372036854775807 - 1) // -1 }}{{ (-9223372036854775807 - 1) % -1 }}",
    "doubling": "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "endless_macro": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "itself": "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}{{ ns.me.me == ns }}{% set l = [] %}{{ l.append(l) }}{{ l }}",
    "parentheses": "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "blocks": "{% if 1 %}" * 400,
    "nots": "{{ " + "not " * 2000 + "1 }}",
    "dots": "{{ a" + ".b" * 2000 + " }}",
    "indents": "{{ messages | tojson(indent=999999999) }}{{ 'a\\nb' | indent(999999999) }}{{ 'x' | center(999999999) }}",
    "broken": "{% for m in %}{{ 'a }}{%",
    "no_utf8": b"{{ '\xff\xfe' }}",
}


def chat_template():
    for name, source in TEMPLATES.items():
        write("chat_template", name, source)
    write("chat_template", "config", json.dumps({"bos_token": {"content": "<s>"}, "eos_token": None, "chat_template": TEMPLATES["loop"]}))
    write("chat_template", "config_list", json.dumps({"chat_template": [{"name": "default", "template": TEMPLATES["loop"]},
                                                                        {"name": "tool_use", "template": TEMPLATES["tools"]}]}))
    write("chat_template", "config_deep", '{"chat_template":' + "[" * 3000 + "]" * 3000 + "}")


# --- config.json

def model_config():
    llama = {"model_type": "llama", "vocab_size": 61, "hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "eos_token_id": [1, 2],
             "rope_theta": 1e4, "head_dim": 6, "torch_dtype": "bfloat16"}
    rope = {"yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "mscale": 1.0, "mscale_all_dim": 0.5},
            "llama3": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                       "original_max_position_embeddings": 32}, "linear": {"type": "linear", "factor": 2.0}}
    moe = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8, "decoder_sparse_step": 2, "mlp_only_layers": [1],
           "norm_topk_prob": True}
    deepseek = {"model_type": "deepseek_v3", "vocab_size": 61, "hidden_size": 32, "intermediate_size": 32, "moe_intermediate_size": 8,
                "num_hidden_layers": 2, "num_nextn_predict_layers": 1, "num_attention_heads": 2, "n_shared_experts": 1, "n_routed_experts": 4,
                "routed_scaling_factor": 2.5, "kv_lora_rank": 8, "q_lora_rank": None, "qk_rope_head_dim": 4, "v_head_dim": 8,
                "qk_nope_head_dim": 8, "n_group": 2, "topk_group": 1, "num_experts_per_tok": 2, "first_k_dense_replace": 1,
                "norm_topk_prob": True, "max_position_embeddings": 64, "initializer_range": 0.02, "rms_norm_eps": 1e-6, "rope_theta": 1e4,
                "eos_token_id": 1, "bos_token_id": 0, "topk_method": "noaux_tc", "scoring_func": "sigmoid",
                "rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 16}}
    put = lambda name, root: write("model_config", name, json.dumps(root))
    put("llama", llama)
    put("qwen2", llama | {"model_type": "qwen2", "rope_scaling": rope["linear"]})
    put("qwen3", llama | {"model_type": "qwen3", "rope_scaling": rope["yarn"]})
    put("qwen3_moe", llama | moe | {"model_type": "qwen3_moe", "rope_parameters": rope["llama3"]})
    put("deepseek_v3", deepseek)
    put("deepseek_v2", deepseek | {"model_type": "deepseek_v2", "norm_topk_prob": False, "scoring_func": "softmax",
                                   "topk_method": "group_limited_greedy"})
    for name in ("hidden_size", "num_attention_heads", "num_hidden_layers", "max_position_embeddings"):
        for size in (0, -2**63, 2**63 - 1, 2**63, 1e300):
            put(f"{name}_{size}", llama | {name: size})
    put("step_0", llama | moe | {"model_type": "qwen3_moe", "decoder_sparse_step": 0})
    put("context_1e300", llama | {"rope_scaling": rope["yarn"] | {"original_max_position_embeddings": 1e300}})
    put("scaling_context_2_63", deepseek | {"rope_scaling": {"type": "yarn", "factor": 2, "original_max_position_embeddings": 2**63}})
    put("factor_1e300", llama | {"rope_scaling": rope["yarn"] | {"factor": 1e300, "attention_factor": 1e300}})
    put("theta_0", llama | {"rope_theta": 0})
    put("end_float", llama | {"eos_token_id": [1e300]})
    write("model_config", "deep_size", json.dumps(llama).replace('"vocab_size": 61', '"vocab_size": ' + "[" * 1500 + "]" * 1500))
    write("model_config", "deep_types", json.dumps(llama)[:-1] + ', "layer_types": [' + "[" * 1500 + "]" * 1500 + "]}")


for make in (safetensors, gguf, tokenizer_json, chat_template, model_config):
    make()
