#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""Writes what tests/golden/test_rope.c compares with: a tiny LLaMA of random weights, and its last logits under the ways
in which config.json can change rotary positions.

  python3 tests/golden/rope/rope.py          (needs torch, transformers and safetensors; it writes beside itself)

The reference computes in float64, but angles in float32: logits differ by some 1e-6 from exact ones."""
import json
import os

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = dict(model_type="llama", vocab_size=32, hidden_size=32, num_attention_heads=2, num_key_value_heads=1,
            num_hidden_layers=2, intermediate_size=24, max_position_embeddings=64, hidden_act="silu", rms_norm_eps=1e-5,
            tie_word_embeddings=False)
SHORT = [1.0, 1.1, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0]
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0)
CASES = {
    "none": {},
    "null": dict(rope_scaling=None),
    "theta": dict(rope_theta=100.0),
    "default": dict(rope_parameters=dict(rope_type="default", rope_theta=500.0)),
    "linear": dict(rope_scaling=dict(type="linear", factor=4.0)),
    "linear, theta inside": dict(rope_scaling=dict(rope_type="linear", factor=2.5, rope_theta=300.0)),
    "dynamic": dict(rope_scaling=dict(type="dynamic", factor=2.0)),
    "dynamic, new": dict(rope_parameters=dict(rope_type="dynamic", factor=3.0, rope_theta=1000.0)),
    "llama3": dict(rope_theta=1000.0, rope_scaling=dict(LLAMA3, original_max_position_embeddings=32)),
    "llama3, no context": dict(rope_theta=1000.0, rope_scaling=LLAMA3),
    "yarn": dict(rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=16)),
    "yarn, no context": dict(rope_theta=1e6, rope_scaling=dict(rope_type="yarn", factor=4.0)),
    "yarn, new": dict(rope_parameters=dict(rope_type="yarn", rope_theta=50.0, factor=2.0, original_max_position_embeddings=32,
                                           beta_fast=8.0, beta_slow=0.5)),
    "yarn, attention": dict(rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16,
                                              attention_factor=0.8)),
    "yarn, mscale": dict(rope_scaling=dict(rope_type="yarn", factor=40.0, original_max_position_embeddings=16, mscale=1.0,
                                           mscale_all_dim=0.707)),
    "yarn, not truncated": dict(rope_theta=50.0, rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16,
                                                  truncate=False, beta_fast=2)),
    "yarn, context outside": dict(original_max_position_embeddings=16,
                                  rope_scaling=dict(rope_type="yarn", factor=None, original_max_position_embeddings=8)),
    "longrope": dict(rope_scaling=dict(type="longrope", short_factor=SHORT, long_factor=[2 * x for x in SHORT],
                                       original_max_position_embeddings=32)),
    "longrope, factor": dict(original_max_position_embeddings=32,
                             rope_scaling=dict(rope_type="longrope", short_factor=SHORT, long_factor=SHORT, factor=8.0)),
    "longrope, attention": dict(rope_scaling=dict(rope_type="longrope", short_factor=SHORT, long_factor=SHORT,
                                                  original_max_position_embeddings=32, attention_factor=1.25)),
}


def main():
    torch.manual_seed(12)
    made = LlamaForCausalLM(LlamaConfig(**BASE, initializer_range=0.3))
    weights = {k: v.detach().clone() for k, v in made.state_dict().items()}
    save_file(weights, os.path.join(HERE, "model.safetensors"))
    ids = torch.randint(0, BASE["vocab_size"], (1, 24))
    out = []
    for name, change in CASES.items():
        model = LlamaForCausalLM(LlamaConfig.from_dict(json.loads(json.dumps({**BASE, **change}))))
        model.load_state_dict(weights)
        model = model.double().eval()
        with torch.no_grad():
            logits = model(ids).logits[0, -1]
        assert logits.dtype == torch.float64
        out.append(dict(name=name, config={**BASE, **change}, logits=[round(float(x), 9) for x in logits]))
    with open(os.path.join(HERE, "cases.json"), "w") as f:
        json.dump(dict(ids=ids[0].tolist(), cases=out), f)
        f.write("\n")
    print(len(out), "cases,", len({json.dumps(c["logits"]) for c in out}), "different")


if __name__ == "__main__":
    main()
