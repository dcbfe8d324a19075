#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""Writes quant_vectors.txt, what tests/unit/test_quant.c compares with: blocks of each type of GGUF, and their numbers
as the Python package `gguf` has them.

  python3 tests/unit/quant_vectors.py > tests/unit/quant_vectors.txt            (needs gguf and numpy)

A line is: type, the block in hexadecimal, its numbers (float32, exact in nine digits).  Q8_K, which the package does not
convert, follows the format's description here: a float32 and 256 signed bytes."""
import sys

import gguf
import numpy as np
from gguf.quants import dequantize

# Where the scales of a block stand: float16, or as said.
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "Q8_K": [0], "IQ4_NL": [0], "IQ4_XS": [0], "TQ1_0": [52],
    "TQ2_0": [64], "MXFP4": [0],
}
# Ordinary, negative, zero, the least and the largest subnormal, the largest of all.
HALVES = [0.0123, -0.25, -0.0, 2.0**-24, -(2.0**-14 - 2.0**-24), 65504.0]


def blocks(name, rng, kinds):
    """One block a kind of scale: bytes drawn, scales set."""
    kind = gguf.GGMLQuantizationType[name]
    size = gguf.GGML_QUANT_SIZES[kind][1]
    out = rng.integers(0, 256, (len(kinds), size), dtype=np.uint8)
    for row, k in enumerate(kinds):
        for place, at in enumerate(SCALES[name]):
            scale = HALVES[(k + place) % len(HALVES)]
            if name == "MXFP4":
                out[row, at] = [120, 135, 0, 1, 2, 254][k]
            elif name == "Q8_K":
                out[row, at:at + 4] = np.frombuffer(np.float32(scale * 1.1).tobytes(), np.uint8)
            else:
                out[row, at:at + 2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
    return out


def numbers(name, raw):
    if name == "Q8_K":
        return (raw[:, :4].copy().view(np.float32) * raw[:, 4:260].view(np.int8)).astype(np.float32)
    return dequantize(raw, gguf.GGMLQuantizationType[name])


def main():
    rng = np.random.default_rng(12)
    for name in SCALES:
        wide = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]][0] > 32
        raw = blocks(name, rng, [0, 1, 4] if wide else range(len(HALVES)))
        for block, values in zip(raw, numbers(name, raw)):
            print(name, block.tobytes().hex(), *(f"{v:.9g}" for v in values))


if __name__ == "__main__":
    sys.exit(main())
