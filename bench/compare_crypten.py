# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""compare_crypten.py - one BERT layer under CrypTen: two parties and a trusted third party that deals, three processes on loopback.
Prints JSON: seconds, bytes of all of them, rounds of the parties, errors.

    compare_crypten.py TOKENS HIDDEN HEADS INTERMEDIATE

The functions are CrypTen's own (softmax by its exp and reciprocal behind its maximum, GeLU by its erf, inv_sqrt), as it sets them up.  Weights and input are
random and shared beforehand; timed is the layer alone, the slower party's.  Bytes are what the loopback device carried meanwhile, headers included.  Rounds are
the openings that CrypTen's communicator counts at party 1, which opens and does nothing else; party 0 counts its three calls to the third party besides, a
question and an answer in two parts for each opening: calls.
"""
import json
import math
import sys
import time

import crypten
import crypten.communicator as comm
import crypten.mpc as mpc
import torch


def layer(x, w, T, D, H, softmax, gelu, inv_sqrt):
    split = lambda y: y.reshape(T, H, D // H).transpose(0, 1)
    q, k, v = split(x.matmul(w["q"])), split(x.matmul(w["k"])), split(x.matmul(w["v"]))
    p = softmax(q.matmul(k.transpose(1, 2)) * (1 / math.sqrt(D // H)))

    def norm(y):
        y = y - y.mean(dim=-1, keepdim=True)
        return y * inv_sqrt((y * y).mean(dim=-1, keepdim=True) + 1e-5)

    x = norm(x + p.matmul(v).transpose(0, 1).reshape(T, D).matmul(w["o"]))
    return norm(x + gelu(x.matmul(w["up"])).matmul(w["down"]))


def loopback_bytes():
    with open("/proc/net/dev") as lines:
        return next(int(line.split()[9]) for line in lines if line.strip().startswith("lo:"))


def plain(x, w, T, D, H):
    return layer(x, w, T, D, H, lambda s: torch.softmax(s, -1), torch.nn.functional.gelu, torch.rsqrt)


@mpc.run_multiprocess(world_size=2)
def party(T, D, H, F):
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(1)
    weight = lambda *shape: 0.02 * torch.randn(*shape, generator=generator)
    x = torch.randn(T, D, generator=generator)
    shapes = {"q": (D, D), "k": (D, D), "v": (D, D), "o": (D, D), "up": (D, F), "down": (F, D)}
    w = {name: weight(*shape) for name, shape in shapes.items()}
    shared = {name: crypten.cryptensor(value, src=0) for name, value in w.items()}
    input = crypten.cryptensor(x, src=1)
    crypten.cfg.communicator.verbose = True
    comm.get().barrier()
    comm.get().reset_communication_stats()
    before, start = loopback_bytes(), time.monotonic()
    output = layer(input, shared, T, D, H, lambda s: s.softmax(dim=-1), lambda y: y * ((y * (1 / math.sqrt(2))).erf() + 1) * 0.5, lambda y: y.inv_sqrt())
    seconds, rounds = time.monotonic() - start, comm.get().get_communication_stats()["rounds"]
    comm.get().barrier()
    sent = loopback_bytes() - before
    error = (output.get_plain_text() - plain(x, w, T, D, H)).abs()
    return {"seconds": seconds, "bytes": sent, "rounds": rounds, "error": error.max().item(), "mean_error": error.mean().item()}


def main():
    crypten.cfg.mpc.provider = "TTP"
    found = party(*(int(v) for v in sys.argv[1:5]))
    if not found:
        sys.exit("compare_crypten: a party failed")
    print(json.dumps({"seconds": max(f["seconds"] for f in found), "bytes": found[0]["bytes"], "rounds": found[1]["rounds"], "calls": found[0]["rounds"], "error": found[0]["error"],
                      "mean_error": found[0]["mean_error"], "version": crypten.__version__}))


if __name__ == "__main__":
    main()
