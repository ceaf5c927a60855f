#!/usr/bin/env python3
"""Golden GGUF files and values: writes tests/golden/gguf/{blocks.gguf,blocks.safetensors,source.safetensors,written.gguf}.

The reference is the Python package `gguf` (0.19) that llama.cpp publishes: its writer, its quantiser and its numpy dequantiser. It
needs that package and `safetensors`.

blocks.gguf       a tensor NAME of each type that r1 reads, named after it, of random bits; the scales of the blocks are ordinary and
                  extreme halves (largest, smallest, negative zero, infinity); general.alignment 64; an I32 and an IQ4_NL tensor too
blocks.safetensors  NAME f32: what the reference dequantises it to
source.safetensors  `wide` [9, 64], `narrow` [4, 40], `vector` [64], `odd` [2, 3, 10] f32: the numbers that written.gguf was made of
written.gguf      metadata of every type, then the tensors of TENSORS, as the reference quantises and writes them: r1's writer must
                  give the same bytes
It is not a test: the C++ tests read what it wrote. The same versions give the same bytes. (Named gguf.py it would hide the package.)"""

import argparse
import pathlib

import gguf
import numpy as np
from safetensors.numpy import save_file

Type = gguf.GGMLQuantizationType
Value = gguf.GGUFValueType

# type: shape, places of the half-precision scales in a block
BLOCK_TYPES = {
    "Q4_0": ((3, 64), [0]), "Q4_1": ((3, 64), [0, 2]), "Q5_0": ((3, 64), [0]), "Q5_1": ((3, 64), [0, 2]), "Q8_0": ((3, 64), [0]),
    "Q4_K": ((3, 256), [0, 2]), "Q5_K": ((3, 256), [0, 2]), "Q6_K": ((3, 256), [208]),
}
SCALES = np.array([.0123, 65504, 2.0**-24, -.37, -0.0, np.inf], np.float16)

# key, value, type, type of the elements; r1's test builds the same
METADATA = [
    ("a.u8", 200, "UINT8", None), ("a.i8", -100, "INT8", None), ("a.u16", 60000, "UINT16", None), ("a.i16", -30000, "INT16", None),
    ("a.u32", 4000000000, "UINT32", None), ("a.i32", -2000000000, "INT32", None), ("a.u64", 2**63 + 5, "UINT64", None),
    ("a.i64", -2**62, "INT64", None), ("a.f32", .1, "FLOAT32", None), ("a.f64", .1, "FLOAT64", None), ("a.true", True, "BOOL", None),
    ("a.false", False, "BOOL", None), ("a.text", "naïve\n\"x\"", "STRING", None),
    ("b.u8", [1, 255], "ARRAY", "UINT8"), ("b.i16", [-1, 5, 300], "ARRAY", "INT16"), ("b.i32", [-7, 8], "ARRAY", "INT32"),
    ("b.u64", [2**40], "ARRAY", "UINT64"), ("b.f32", [.5, -1.25], "ARRAY", "FLOAT32"), ("b.f64", [.1], "ARRAY", "FLOAT64"),
    ("b.bool", [True, False, True], "ARRAY", "BOOL"), ("b.text", ["<s>", "", "Ġthe"], "ARRAY", "STRING"),
]
# name, source, type it is asked for in, type it is stored in
TENSORS = [
    ("w.f32", "wide", "F32", "F32"), ("w.bf16", "wide", "BF16", "BF16"), ("w.q8_0", "wide", "Q8_0", "Q8_0"),
    ("w.q4_0", "wide", "Q4_0", "Q4_0"), ("n.f16", "narrow", "F16", "F16"), ("n.q8_0", "narrow", "Q8_0", "F32"),
    ("v.q8_0", "vector", "Q8_0", "F32"), ("v.f16", "vector", "F16", "F32"), ("o.bf16", "odd", "BF16", "BF16"),
    ("o.q4_0", "odd", "Q4_0", "F32"),
]


def write(path, metadata, tensors, alignment=None):
    writer = gguf.GGUFWriter(path, "golden")
    if alignment:
        writer.add_custom_alignment(alignment)
    for key, value, kind, element in metadata:
        writer.add_key_value(key, value, Value[kind], Value[element] if element else None)
    for name, data, kind in tensors:
        writer.add_tensor(name, data, raw_dtype=Type[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def random_blocks(rng, name):
    """uint8 [..., bytes of a row]: random bits, then the scales."""
    shape, places = BLOCK_TYPES[name]
    elements, size = gguf.GGML_QUANT_SIZES[Type[name]]
    blocks = rng.integers(0, 256, (np.prod(shape) // elements, size), np.uint8)
    for i, block in enumerate(blocks):
        for place in places:
            block[place:place + 2] = np.frombuffer(SCALES[(i + place) % len(SCALES)].tobytes(), np.uint8)
    return blocks.reshape(*shape[:-1], -1)


def plain_tensors(rng):
    f16 = rng.standard_normal((2, 5)).astype(np.float16)
    f16[0, :4] = [65504, 2.0**-24, -0.0, -np.inf]
    bf16 = rng.integers(0, 2**16, (3, 2, 4), np.uint16)
    bf16[0, 0, :2] = [0x7f80, 0x0001]
    return {"F32": rng.standard_normal((2, 3, 4)).astype(np.float32), "F16": f16, "BF16": bf16.view(np.uint8)}


def write_blocks(out):
    rng = np.random.default_rng(5)
    tensors = plain_tensors(rng) | {name: random_blocks(rng, name) for name in BLOCK_TYPES}
    with np.errstate(invalid="ignore"):
        expected = {name: gguf.dequantize(data, Type[name]) for name, data in tensors.items()}
    others = [("I32", np.array([[1, -2, 3]], np.int32), "I32"), ("IQ4_NL", rng.integers(0, 256, (2, 18), np.uint8), "IQ4_NL")]
    write(out / "blocks.gguf", METADATA, [(name, data, name) for name, data in tensors.items()] + others, alignment=64)
    save_file({name: np.ascontiguousarray(value) for name, value in expected.items()}, out / "blocks.safetensors")
    return len(tensors)


def sources():
    rng = np.random.default_rng(6)
    wide = rng.standard_normal((9, 64)).astype(np.float32)
    wide[1] = 0
    wide[2] *= 1e-7
    wide[3] *= 1e5
    wide[4] = np.linspace(-127, 127, 509)[np.arange(64) * 7 % 509]  # exact halves of the steps
    wide[4, 0], wide[4, 32] = 127, -127
    wide[5] = np.where(np.arange(64) % 2, .75, -.75)                # the largest stands twice, with both signs
    wide[6, :32], wide[6, 32:] = -0.0, np.float32(2.0**-120)
    wide[7] = np.arange(64) / 4 - 8                                 # exact halves of the steps of Q4_0
    wide[8] = np.float32(1) + np.arange(64).astype(np.float32) * np.float32(2.0**-9)  # halfway between two bfloat16
    narrow = np.concatenate([rng.standard_normal((2, 40)) * 1e-5, rng.standard_normal((2, 40)) * 1e4]).astype(np.float32)
    return {"wide": wide, "narrow": narrow, "vector": rng.standard_normal(64).astype(np.float32),
            "odd": rng.standard_normal((2, 3, 10)).astype(np.float32)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/gguf"
    parser.add_argument("--out", type=pathlib.Path, default=default)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    num_types = write_blocks(out)
    source = sources()
    save_file(source, out / "source.safetensors")
    stored = [(name, gguf.quantize(source[key], Type[kind]), kind) for name, key, _, kind in TENSORS]
    write(out / "written.gguf", METADATA, stored)
    print(f"gguf: {num_types} types read, {len(stored)} tensors written")


if __name__ == "__main__":
    main()
