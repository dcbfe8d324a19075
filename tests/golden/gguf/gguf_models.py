#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""Writes what tests/golden/test_gguf_models.c compares with: small GGUF files with tensors of many types and the metadata
that converted files carry, and the last logits of the reference on the dequantised weights.

  python3 tests/golden/gguf/gguf_models.py          (needs gguf, torch and transformers; it writes beside itself)

`--large` makes a model of Qwen2.5-0.5B's shape with the types of its Q4_K_M file instead, in the current folder."""
import json
import math
import os
import sys

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
SCALES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q2_K: [80, 82], T.Q3_K: [108],
          T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208], T.IQ4_NL: [0], T.IQ4_XS: [0]}
# What a block's numbers spread over for a scale of 1, roughly.
REACH = {T.Q4_0: 5, T.Q4_1: 8, T.Q5_0: 9, T.Q5_1: 16, T.Q8_0: 74, T.Q2_K: 15, T.Q3_K: 40, T.Q4_K: 250, T.Q5_K: 500,
         T.Q6_K: 1300, T.IQ4_NL: 70, T.IQ4_XS: 1300}


def tensor(rng, shape, kind, spread):
    """Stored bytes of random numbers, and the numbers."""
    if kind not in SCALES:
        data = (rng.standard_normal(shape) * spread).astype(np.float32)
        raw = gguf.quants.quantize(data, kind)
        return raw, gguf.quants.dequantize(raw, kind)
    block, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (math.prod(shape) // block, size), dtype=np.uint8)
    for at in SCALES[kind]:
        scale = (spread / REACH[kind] * rng.uniform(0.7, 1.3, len(raw)) * rng.choice([-1, 1], len(raw))).astype(np.float16)
        if len(SCALES[kind]) == 2 and at == SCALES[kind][1]:  # the minimum takes the mean away
            first = raw[:, SCALES[kind][0]:SCALES[kind][0] + 2].copy().view(np.float16)[:, 0].astype(np.float32)
            scale = (first * {T.Q4_1: -7.5, T.Q5_1: -15.5, T.Q2_K: 1.5, T.Q4_K: 7.5, T.Q5_K: 15.5}[kind]).astype(np.float16)
        raw[:, at:at + 2] = scale.view(np.uint8).reshape(-1, 2)
    numbers = gguf.quants.dequantize(raw, kind).reshape(shape)
    assert np.isfinite(numbers).all()
    return raw.reshape(*shape[:-1], -1), numbers


def general(w, name):
    w.add_name(name)
    w.add_type("model")
    w.add_file_type(15)
    w.add_quantization_version(2)
    w.add_license("apache-2.0")
    w.add_tags(["chat", "text-generation"])
    w.add_languages(["en"])
    w.add_string("general.finetune", "Instruct")
    w.add_string("quantize.imatrix.file", "a.dat")
    w.add_int32("quantize.imatrix.entries_count", 168)
    w.add_uint16("split.count", 0)
    w.add_chat_template("{% for m in messages %}{{ m.content }}{% endfor %}")


def write(path, arch, config, kinds, rng, spread, factors=None):
    w = gguf.GGUFWriter(path, arch)
    state, h, kv, d = {}, config.num_attention_heads, config.num_key_value_heads, config.hidden_size
    e, wide, vocabulary = d // h, config.intermediate_size, config.vocab_size
    general(w, arch)
    w.add_context_length(config.max_position_embeddings)
    w.add_embedding_length(d)
    w.add_block_count(config.num_hidden_layers)
    w.add_feed_forward_length(wide)
    w.add_head_count(h)
    w.add_head_count_kv(kv)
    w.add_layer_norm_rms_eps(config.rms_norm_eps)
    w.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if arch == "llama":
        w.add_rope_dimension_count(e)
        w.add_vocab_size(vocabulary)

    def put(name, key, shape, kind, heads=0):
        if len(shape) == 2:
            kind = kinds.get(key.split(".")[-2], kind)
            kind = kind.pop(0) if isinstance(kind, list) else kind
        raw, numbers = tensor(rng, shape, kind, 0.1 if len(shape) == 1 else spread)
        if "norm" in key:
            numbers = numbers + 1
            raw = gguf.quants.quantize(numbers, kind)
        w.add_tensor(name, raw, raw_dtype=kind)
        if heads:  # the rows of a head that turn together stand side by side in the file
            numbers = numbers.reshape(heads, e // 2, 2, -1).swapaxes(1, 2).reshape(shape)
        state[key] = torch.tensor(np.array(numbers, np.float64))

    put("token_embd.weight", "model.embed_tokens.weight", (vocabulary, d), T.Q8_0)
    for i in range(config.num_hidden_layers):
        a, f = f"model.layers.{i}.self_attn.", f"model.layers.{i}.mlp."
        put(f"blk.{i}.attn_norm.weight", f"model.layers.{i}.input_layernorm.weight", (d,), T.F32)
        for p, rows, heads in ("q", d, h), ("k", kv * e, kv), ("v", kv * e, 0):
            heads = heads if arch == "llama" else 0
            put(f"blk.{i}.attn_{p}.weight", f"{a}{p}_proj.weight", (rows, d), T.F16, heads)
            if arch == "qwen2":
                put(f"blk.{i}.attn_{p}.bias", f"{a}{p}_proj.bias", (rows,), T.F32)
        put(f"blk.{i}.attn_output.weight", f"{a}o_proj.weight", (d, d), T.F16)
        put(f"blk.{i}.ffn_norm.weight", f"model.layers.{i}.post_attention_layernorm.weight", (d,), T.F32)
        put(f"blk.{i}.ffn_gate.weight", f"{f}gate_proj.weight", (wide, d), T.F16)
        put(f"blk.{i}.ffn_up.weight", f"{f}up_proj.weight", (wide, d), T.F16)
        put(f"blk.{i}.ffn_down.weight", f"{f}down_proj.weight", (d, wide), T.F16)
    put("output_norm.weight", "model.norm.weight", (d,), T.F32)
    if config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    else:
        put("output.weight", "lm_head.weight", (vocabulary, d), T.F16)
    if factors is not None:
        w.add_tensor("rope_freqs.weight", np.array(factors, np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    return state


def logits(model, state, ids):
    model = model.double().eval()
    model.load_state_dict(state)
    with torch.no_grad():
        return [round(float(x), 9) for x in model(torch.tensor([ids])).logits[0, -1]]


def llama3_factors(config, scaling):
    """As converters write them: what each frequency is divided by."""
    e, out = config.hidden_size // config.num_attention_heads, []
    for i in range(0, e, 2):
        turns = scaling["original_max_position_embeddings"] / (2 * math.pi * config.rope_parameters["rope_theta"]**(i / e))
        keep = (turns - scaling["low_freq_factor"]) / (scaling["high_freq_factor"] - scaling["low_freq_factor"])
        keep = min(max(keep, 0), 1)
        out.append(1 / (keep + (1 - keep) / scaling["factor"]))
    return out


def small():
    rng, out = np.random.default_rng(3), []
    common = dict(vocab_size=64, hidden_size=32, num_attention_heads=2, num_key_value_heads=1, num_hidden_layers=2,
                  intermediate_size=256, max_position_embeddings=128, hidden_act="silu", rms_norm_eps=1e-6)
    ids = [int(x) for x in rng.integers(0, 64, 20)]
    # A row of 32 is no multiple of 256, as one of 896 is not: there converters fall back to the older types.
    mixed = dict(q_proj=T.Q5_0, k_proj=[T.Q8_0, T.Q5_1], v_proj=T.Q4_1, o_proj=T.Q5_0, gate_proj=T.Q5_0,
                 up_proj=[T.IQ4_NL, T.Q4_0], down_proj=[T.Q6_K, T.Q4_K])
    for name, tied, kinds in [("qwen2-tied", True, mixed), ("qwen2-untied", False, dict(
            mixed, k_proj=[T.BF16, T.F32], up_proj=T.Q5_1, down_proj=[T.Q5_K, T.Q3_K], lm_head=T.Q8_0))]:
        config = Qwen2Config(**common, tie_word_embeddings=tied, rope_theta=1e6)
        state = write(os.path.join(HERE, name + ".gguf"), "qwen2", config,
                      {k: list(v) if isinstance(v, list) else v for k, v in kinds.items()}, rng, 0.3)
        out.append(dict(name=name, ids=ids, logits=logits(Qwen2ForCausalLM(config), state, ids)))
    scaling = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=64)
    for name, scaled in ("llama3", True), ("llama", False):
        config = LlamaConfig(**common, tie_word_embeddings=True, rope_theta=5000.0)
        factors = llama3_factors(config, scaling) if scaled else None
        state = write(os.path.join(HERE, name + ".gguf"), "llama", config,
                      dict(down_proj=[T.Q2_K, T.IQ4_XS], q_proj=T.Q4_0, k_proj=[T.Q5_0, T.F16]), rng, 0.3, factors)
        if scaled:
            config = LlamaConfig(**common, tie_word_embeddings=True, rope_theta=5000.0, rope_scaling=dict(scaling))
        out.append(dict(name=name, ids=ids, logits=logits(LlamaForCausalLM(config), state, ids)))
    with open(os.path.join(HERE, "cases.json"), "w") as f:
        json.dump(out, f)
        f.write("\n")


def large():
    rng = np.random.default_rng(4)
    config = Qwen2Config(vocab_size=151936, hidden_size=896, num_attention_heads=14, num_key_value_heads=2,
                         num_hidden_layers=24, intermediate_size=4864, max_position_embeddings=32768, hidden_act="silu",
                         rms_norm_eps=1e-6, tie_word_embeddings=True, rope_theta=1e6)
    kinds = dict(q_proj=T.Q5_0, k_proj=T.Q5_0, v_proj=[T.Q8_0] * 12 + [T.Q5_0] * 12, o_proj=T.Q5_0, gate_proj=T.Q5_0,
                 up_proj=T.Q5_0, down_proj=[T.Q6_K] * 12 + [T.Q4_K] * 12)
    ids = [int(x) for x in rng.integers(0, config.vocab_size, 12)]
    state = write("large.gguf", "qwen2", config, kinds, rng, 0.03)
    with open("large.json", "w") as f:
        json.dump(dict(ids=ids, logits=logits(Qwen2ForCausalLM(config), state, ids)), f)


if __name__ == "__main__":
    large() if "--large" in sys.argv else small()
