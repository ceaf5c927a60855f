"""Runs transformers' models wholly in float64, for the golden values of tools/golden. It writes nothing.

Their classes compute norms, softmax, routers and rotary tables in float32 on purpose, whatever the model's type; inside InFloat64 a
float64 model does all of it in float64."""

import torch
import transformers.modeling_rope_utils as rope_utils


class DoubleTorch:
    """Stands for `torch` inside the reference's modules: what they do in float32 on purpose is done in float64."""
    float32 = torch.float64
    float = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


class InFloat64:
    """While active, a float64 model of the reference computes in float64 throughout: norms, softmax, rotary tables."""

    def __init__(self, module):
        self.module = module
        self.rotary = next(c for n, c in vars(module).items() if n.endswith("RotaryEmbedding"))

    def __enter__(self):
        self.saved = self.module.torch, rope_utils.torch, self.rotary.forward
        self.module.torch = rope_utils.torch = DoubleTorch()

        def forward(rotary, x, position_ids):
            angles = position_ids[:, :, None].double() * rotary.inv_freq.double()
            both = torch.cat((angles, angles), dim=-1)
            return both.cos() * rotary.attention_scaling, both.sin() * rotary.attention_scaling

        def complex_forward(rotary, x, position_ids):
            angles = position_ids[:, :, None].double() * rotary.inv_freq.double()
            return torch.polar(torch.ones_like(angles), angles) * rotary.attention_scaling

        def turn(*heads):
            *heads, turns = heads
            pairs = [torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2)) for x in heads]
            return tuple(torch.view_as_real(x * turns.unsqueeze(1)).flatten(3) for x in pairs)

        self.rotary.forward = forward
        self.turn = getattr(self.module, "apply_rotary_emb", None)
        if self.turn:  # deepseek_v2 turns pairs as complex numbers
            self.rotary.forward, self.module.apply_rotary_emb = complex_forward, turn

    def __exit__(self, *_):
        self.module.torch, rope_utils.torch, self.rotary.forward = self.saved
        if self.turn:
            self.module.apply_rotary_emb = self.turn
