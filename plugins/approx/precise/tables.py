#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""tables.py - writes tables.c: coefficients of the bucket polynomials of `precise`, as integers.

For a function that is 0 far left and x far right, and N buckets of width w over [-R, R): bucket D begins at x0 = -R + D w and its polynomial in d = x - x0 must be good
for |d| < w, because the protocol's remainder is signed.  It stands for F(x) - [D >= N/2] x.  Interpolation at Chebyshev nodes of (-w, w), then rounding.
The tables are committed, so that all parties use the same integers whatever their libm.
"""
import math

FRAC, SLOPE, CURVE = 27, 24, 20      # fraction bits of value, slope, curvature: tables.h says the same


def gelu(x):
    return 0.5 * x * math.erfc(-x / math.sqrt(2))


def gelu_tanh(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def silu(x):
    return x / (1 + math.exp(-x))


def quadratic(f, x0, w):
    """The quadratic through f at the three Chebyshev nodes of (x0 - w, x0 + w), in powers of d."""
    nodes = [w * math.cos(math.pi * (2 * k + 1) / 6) for k in range(3)]
    y = [f(x0 + d) for d in nodes]
    d01 = (y[1] - y[0]) / (nodes[1] - nodes[0])
    d12 = (y[2] - y[1]) / (nodes[2] - nodes[1])
    c2 = (d12 - d01) / (nodes[2] - nodes[0])
    c1 = d01 - c2 * (nodes[0] + nodes[1])
    return y[0] - d01 * nodes[0] + c2 * nodes[0] * nodes[1], c1, c2


def table(name, f, reach, count, gated=True):
    w = 2 * reach / count
    rows = [[], [], []]
    worst = 0.0
    for bucket in range(count):
        x0 = -reach + bucket * w
        side = 1 if gated and bucket >= count // 2 else 0
        c = quadratic(lambda x: f(x) - side * x, x0, w)
        q = [round(c[0] * 2 ** FRAC), round(c[1] * 2 ** SLOPE), round(c[2] * 2 ** CURVE)]
        for row, value in zip(rows, q):
            row.append(value)
        for step in range(-100, 101):
            d = w * step / 100
            p = q[0] / 2 ** FRAC + q[1] / 2 ** SLOPE * d + q[2] / 2 ** CURVE * d * d
            worst = max(worst, abs(p + side * (x0 + d) - f(x0 + d)))
    outside = max(abs(f(-reach)), abs(f(reach) - reach)) if gated else max(abs(f(-reach) + 1), abs(f(reach) - 1))
    emit(name, rows, count, f"{count} buckets over [-{reach}, {reach}), largest error inside {worst:.2g}, outside {outside:.2g}")


def mantissa(name, f, count):
    """f on [0, 4) in `count` buckets; below 3/4, where a normalised operand never is, the constant f(3/4)."""
    w = 4 / count
    rows = [[], [], []]
    worst = 0.0
    for bucket in range(count):
        x0 = bucket * w
        c = quadratic(f, x0, w) if x0 - w >= 0.7 else (f(0.75), 0.0, 0.0)
        q = [round(c[0] * 2 ** FRAC), round(c[1] * 2 ** SLOPE), round(c[2] * 2 ** CURVE)]
        for row, value in zip(rows, q):
            row.append(value)
        for step in range(-100, 101):
            d = w * step / 100
            if 0.99 <= x0 + d <= 2.01:
                p = q[0] / 2 ** FRAC + q[1] / 2 ** SLOPE * d + q[2] / 2 ** CURVE * d * d
                worst = max(worst, abs(p / f(x0 + d) - 1))
    emit(name, rows, count, f"{count} buckets over [0, 4), largest relative error on [1, 2] {worst:.2g}")


def emit(name, rows, count, about):
    print(f"/* {name}: {about} */")
    print(f"const int64_t precise_{name}_table[3][{count}] = {{")
    for row in rows:
        print("    {")
        for at in range(0, count, 8):
            print("        " + ", ".join(str(v) for v in row[at:at + 8]) + ",")
        print("    },")
    print("};\n")


print("/* tables.c - made by tables.py: [value, slope, curvature] of each bucket's polynomial */")
print('#include "tables.h"\n')
table("gelu", gelu, 4, 64)
table("gelu_fast", gelu, 4, 32)
table("gelu_tanh", gelu_tanh, 4, 64)
table("silu", silu, 16, 128)
table("tanh", math.tanh, 8, 256, gated=False)
mantissa("rsqrt", lambda x: x ** -0.5, 256)
mantissa("reciprocal", lambda x: 1 / x, 256)
