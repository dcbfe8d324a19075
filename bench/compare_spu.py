# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""compare_spu.py - one BERT layer under SPU's ABY3: three processes on loopback.  Prints JSON: seconds, bytes of all parties.

    compare_spu.py TOKENS HIDDEN HEADS INTERMEDIATE

The layer is PUMA's (arXiv 2307.12533): its GeLU polynomials, softmax with exp clipped at -14, LayerNorm by rsqrt.  Weights and input are random and shared
beforehand; timed is the run alone, the slowest party's.  Bytes are what the loopback device carried meanwhile, headers included.
"""
import json
import multiprocessing
import socket
import sys
import time

import numpy as np
import spu
from spu import libspu


def make_layer(T, D, H):
    import jax
    import jax.numpy as jnp

    def gelu(x):
        x2 = jnp.square(x)
        x3, x4 = x2 * x, jnp.square(x2)
        x6 = jnp.square(x3)
        low = -0.5054031199708174 - 0.42226581151983866 * x - 0.11807612951181953 * x2 - 0.011034134030615728 * x3
        high = 0.008526321541038084 + 0.5 * x + 0.3603292692789629 * x2 - 0.037688200365904236 * x4 + 0.0018067462606141187 * x6
        b0, b1, b2 = x < -4.0, x < -1.95, x > 3.0
        return (b0 ^ b1) * low + (b1 ^ b2 ^ True) * high + b2 * x

    def softmax(x):
        x = x - jnp.max(x, axis=-1, keepdims=True)
        e = jnp.exp(x) * (x > -14)
        return e / jnp.sum(e, axis=-1, keepdims=True)

    def norm(x, g, b):
        x = x - jnp.mean(x, axis=-1, keepdims=True)
        return x * jax.lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + 1e-5) * g + b

    def layer(x, wq, wk, wv, wo, w1, w2, g1, b1, g2, b2):
        split = lambda y: y.reshape(T, H, D // H).transpose(1, 0, 2)
        q, k, v = split(x @ wq), split(x @ wk), split(x @ wv)
        p = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(D // H))
        x = norm(x + (p @ v).transpose(1, 0, 2).reshape(T, D) @ wo, g1, b1)
        return norm(x + gelu(x @ w1) @ w2, g2, b2)

    return layer


def party(rank, addresses, config_text, executable_text, shares, results):
    config, executable = libspu.RuntimeConfig(), libspu.Executable()
    config.ParseFromString(config_text)
    executable.ParseFromString(executable_text)
    desc = libspu.link.Desc()
    for i, address in enumerate(addresses):
        desc.add_party(f"id_{i}", address)
    link = libspu.link.create_brpc(desc, rank)
    runtime = spu.Runtime(link, config)
    for name, share in zip(executable.input_names, shares):
        runtime.set_var(name, share)
    start = time.monotonic()
    runtime.run(executable)
    results.put(time.monotonic() - start)
    link.barrier()
    link.stop_link()


def loopback_bytes():
    with open("/proc/net/dev") as lines:
        return next(int(line.split()[9]) for line in lines if line.strip().startswith("lo:"))


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def main():
    from spu.utils import frontend

    T, D, H, F = (int(v) for v in sys.argv[1:5])
    random = np.random.default_rng(1)
    weight = lambda *shape: (random.standard_normal(shape) * 0.02).astype(np.float32)
    arguments = [random.standard_normal((T, D)).astype(np.float32), weight(D, D), weight(D, D), weight(D, D), weight(D, D), weight(D, F), weight(F, D),
                 np.ones(D, np.float32), np.zeros(D, np.float32), np.ones(D, np.float32), np.zeros(D, np.float32)]
    config = libspu.RuntimeConfig(protocol=libspu.ProtocolKind.ABY3, field=libspu.FieldType.FM64, fxp_fraction_bits=18)
    names = [f"in{i}" for i in range(len(arguments))]
    secret = libspu.Visibility.VIS_SECRET
    executable, _ = frontend.compile(frontend.Kind.JAX, make_layer(T, D, H), arguments, {}, names, [secret] * len(arguments),
                                     lambda out: [f"out{i}" for i in range(len(out))])
    io = spu.Io(3, config)
    shares = [io.make_shares(a, secret) for a in arguments]
    addresses = [f"127.0.0.1:{port}" for port in free_ports(3)]
    context = multiprocessing.get_context("spawn")          # a forked JAX would hang
    results = context.Queue()
    before = loopback_bytes()
    parties = [context.Process(target=party, args=(r, addresses, config.SerializeToString(), executable.SerializeToString(),
                                                   [s[r] for s in shares], results)) for r in range(3)]
    for p in parties:
        p.start()
    seconds = [results.get(timeout=900) for _ in parties]
    for p in parties:
        p.join(20)
        p.terminate()
    print(json.dumps({"seconds": max(seconds), "bytes": loopback_bytes() - before, "version": spu.__version__}))


if __name__ == "__main__":
    main()
