#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""silent.py - is any answer silently wrong?  Random checkpoints whose numbers leave their family's ranges, and what rep3 says of them.

    bench/ranges/silent.py [--count 500] [--seed 1] [--jobs 2] [--family NAME]... [--reach 6] [--puma build/puma] [--case N [--keep FOLDER]]

Each case takes a tiny checkpoint of tests/golden and multiplies some of its tensors by powers 2^u, u uniform in [-reach, reach]:

    kinds       a random subset of the kinds of tensors (queries, gains, biases, ...), each kind by its own power
    everything  every kind by its own power
    tensor      one tensor of one layer
    row         one row of a matrix, or one number of a vector
    column      one column of a matrix, or one number of a vector
    pair        one kind by 2^u and one by 2^-u: what comes out may stay as it was, what lies between does not

The seed and a case's number say all about it, the seed of the shares too.  Each is run by `plain` in double precision with exact functions (the truth) and by
`rep3` with `precise`, on the same input.  Classes:

    right     exit 0, and every number within the bound: 0.05 max(1, largest |number| of the truth)
    refused   exit 11 before anything is computed: E1101, E1102, E1105
    flagged   exit 11 with E1104: the receiver is told that the answer cannot be trusted
    rounding  exit 0 and beyond the bound, and so is `plain` in fixed point (ring of 64 bits, exact functions, no guard), which ends with 0 though it
              stops where a value leaves its ring: the fraction bits are too few for this checkpoint.  Beyond means by as much: rep3's error is at most 4 times
              that of plain, with exact functions or, if that ends with 0 too, with those of rep3; or both errors are larger than the largest number of the
              truth, where a ratio says nothing.
    wrong     exit 0, beyond the bound, and not rounding
    other     any other end
    no truth  exit 0, where `plain` in double precision has no answer of finite numbers

The line of a wrong answer says what leaves its range (`plain` in fixed point with the functions, and so the rings, of rep3 names the tensor) and what rep3 warned
of: a warning does not make it right.  Ends with 1 if an answer is wrong or an end is another.
"""
import argparse
import array
import json
import math
import multiprocessing
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLASSES = ["right", "refused", "flagged", "rounding", "wrong", "other", "no truth"]
BOUND, SIMILAR, PATIENCE = 0.05, 4, 120

# Family: the checkpoints, under tests/golden, and the tasks of each.
ENCODER, DECODER = ["logits", "classify", "hidden", "embed"], ["logits", "logits", "hidden", "embed"]


def encoder(name, *more):
    of = lambda task: (f"families/{name}-{task}", [task])
    return [(f"families/{name}", ENCODER), of("classify_tokens"), of("fill_mask"), *((more_name, ENCODER) for more_name in more)]


FAMILIES = {
    "bert": encoder("bert", "models/bert-tiny", "models/bert-tiny"),
    "roberta": encoder("roberta", "models/roberta-tiny", "models/roberta-tiny"),
    "distilbert": encoder("distilbert", "models/distilbert-tiny", "models/distilbert-tiny"),
    "albert": encoder("albert", "families/albert-groups"),
    "electra": encoder("electra", "families/electra-wide"),
    "mpnet": encoder("mpnet"),
    "gpt2": [("models/gpt2-tiny", DECODER)],
    "llama": [("models/llama-tiny", DECODER)],
    "mistral": [("models/mistral-tiny", DECODER)],
    "qwen2": [("models/qwen2-tiny", DECODER)],
    "gemma": [("models/gemma-tiny", DECODER)],
    "vit": [("models/vit-tiny", ENCODER)],
}

# The first that matches a tensor's name says its kind; biases are one kind, but for those of norms.
KINDS = [
    ("norm bias", r"(layer_?norm|norm|ln_\w+|layernorm_\w+)\.bias$"),
    ("gain", r"(layer_?norm|norm|ln_\w+|layernorm_\w+)\.weight$"),
    ("bias", r"bias$"),
    ("relative", r"relative_attention_bias"),
    ("query", r"(query|q_proj|q_lin|attn\.q)\.weight$"),
    ("key", r"(key|k_proj|k_lin|attn\.k)\.weight$"),
    ("value", r"(value|v_proj|v_lin|attn\.v)\.weight$"),
    ("qkv", r"c_attn\.weight$"),
    ("output", r"(attention(\.output)?\.dense|out_lin|o_proj|attn\.o|attn\.c_proj)\.weight$"),
    ("gate", r"gate_proj\.weight$"),
    ("up", r"(intermediate\.dense|lin1|c_fc|up_proj|fc1|ffn)\.weight$"),
    ("down", r"(layer\.\d+\.output\.dense|lin2|mlp\.c_proj|down_proj|fc2|ffn_output)\.weight$"),
    ("map", r"(embedding_hidden_mapping_in|embeddings_project)\.weight$"),
    ("embedding", r"(embeddings|embed_tokens|wte|wpe)"),
    ("head", r""),
]
PAIRS = [("query", "key"), ("value", "output"), ("up", "down"), ("gate", "up"), ("gain", "query"), ("gain", "up"), ("gain", "gate"), ("output", "up"),
         ("embedding", "gain"), ("down", "embedding"), ("qkv", "output"), ("gain", "head"), ("bias", "up"), ("gain", "qkv"), ("embedding", "down")]


def kind_of(name):
    return next(kind for kind, pattern in KINDS if re.search(pattern, name, re.IGNORECASE))


class Draw:
    """Numbers from (seed, case), by random() alone: the one method whose values Python promises to keep."""

    def __init__(self, *of):
        self.uniform = random.Random("/".join(map(str, of))).random

    def below(self, n):
        return int(self.uniform() * n)

    def one(self, values):
        return values[self.below(len(values))]


class Checkpoint:
    """A tiny checkpoint in memory, and its folder in `work`, where model.safetensors is written for each case."""

    def __init__(self, place, work):
        source = os.path.join(ROOT, "tests/golden", place)
        self.folder = os.path.join(work, place)
        os.makedirs(self.folder)
        for file in os.listdir(source):
            if file != "model.safetensors":
                os.symlink(os.path.join(source, file), os.path.join(self.folder, file))
        with open(os.path.join(source, "model.safetensors"), "rb") as f:
            raw = f.read()
        (size,) = struct.unpack("<Q", raw[:8])
        header = json.loads(raw[8:8 + size])
        header.pop("__metadata__", None)
        assert all(entry["dtype"] == "F32" for entry in header.values()), place
        self.head, self.data = raw[:8 + size], array.array("f", raw[8 + size:])
        if sys.byteorder != "little":
            self.data.byteswap()
        self.tensors = {name: (header[name]["shape"], header[name]["data_offsets"][0] // 4, header[name]["data_offsets"][1] // 4) for name in sorted(header)}
        self.kinds = {}
        for name in self.tensors:
            self.kinds.setdefault(kind_of(name), []).append(name)
        with open(os.path.join(source, "golden.json")) as f:
            golden = json.load(f)
        with open(os.path.join(source, "config.json")) as f:
            self.vocabulary = json.load(f).get("vocab_size")
        self.ids = golden["cases"][0].get("ids")
        self.pixels = None
        if "pixel_values" in golden["cases"][0]:
            self.pixels = os.path.join(self.folder, "pixels.json")
            with open(self.pixels, "w") as f:
                json.dump(golden["cases"][0]["pixel_values"], f)

    def input(self, task, draw):
        if self.pixels is not None:
            return "input.pixels=" + self.pixels
        ids = self.ids if task == "fill_mask" else [5 + draw.below(self.vocabulary - 5) for _ in range(1 + draw.below(10))]
        return "input.ids=" + " ".join(map(str, ids))

    def write(self, scaled):
        """scaled: (name, first, step, count, factor) each; places are numbers within the tensor."""
        data = array.array("f", self.data)
        for name, first, step, count, factor in scaled:
            at = self.tensors[name][1] + first
            places = slice(at, at + (count - 1) * step + 1, step)
            data[places] = array.array("f", [narrow(x * factor) for x in data[places]])
        if sys.byteorder != "little":
            data.byteswap()
        with open(os.path.join(self.folder, "model.safetensors"), "wb") as f:
            f.write(self.head)
            data.tofile(f)


def narrow(x):
    return max(-3e38, min(3e38, x))


def whole(checkpoint, name, u):
    first, end = checkpoint.tensors[name][1:]
    return name, 0, 1, end - first, 2.0 ** u


def scale(checkpoint, draw, reach):
    """What is multiplied, for Checkpoint.write, and in words."""
    power = lambda: round(reach * (2 * draw.uniform() - 1), 3)
    kinds = sorted(checkpoint.kinds)
    of_kind = lambda kind, u: [whole(checkpoint, name, u) for name in checkpoint.kinds[kind]]
    way = draw.one(["kinds", "kinds", "everything", "tensor", "tensor", "row", "column", "pair"])
    if way in ("kinds", "everything"):
        chosen = kinds if way == "everything" else [kind for kind in kinds if draw.uniform() < 0.25] or [draw.one(kinds)]
        powers = {kind: power() for kind in chosen}
    elif way == "pair":
        up, down = draw.one([pair for pair in PAIRS if all(kind in checkpoint.kinds for kind in pair)])
        u = power()
        powers = {up: u, down: -u}
    else:
        name = draw.one(checkpoint.kinds[draw.one(kinds)])
        shape, first, end = checkpoint.tensors[name]
        count, width, u = end - first, shape[-1], power()
        at = draw.below(count)
        if way == "tensor":
            return [whole(checkpoint, name, u)], f"{name} 2^{u:g}"
        if count == width:
            return [(name, at, 1, 1, 2.0 ** u)], f"{name}[{at}] 2^{u:g}"
        if way == "row":
            row = at // width
            return [(name, row * width, 1, width, 2.0 ** u)], f"{name}[{row}, :] 2^{u:g}"
        return [(name, at % width, width, count // width, 2.0 ** u)], f"{name}[:, {at % width}] 2^{u:g}"
    return [part for kind, u in powers.items() for part in of_kind(kind, u)], f"{way}: " + ", ".join(f"{kind} 2^{u:g}" for kind, u in powers.items())


RUN = """[run]
model = {model}
task = {task}
threads = 1
protocol = {protocol}
{seed}[numeric]
{numeric}[approximation]
default = {functions}
[network]
transport = memory
"""
VARIANTS = {
    "truth": dict(protocol="plain", numeric="arithmetic = float\n", functions="exact"),
    "rep3": dict(protocol="rep3", numeric="", functions="precise"),
    "fixed": dict(protocol="plain", numeric="arithmetic = fixed\nguard = no\nring_bits = 64\n", functions="exact"),
    "fixed, guarded": dict(protocol="plain", numeric="arithmetic = fixed\nring_bits = 64\n", functions="exact"),
    "narrow": dict(protocol="plain", numeric="arithmetic = fixed\n", functions="precise"),
}


def numbers(output):
    """Every number of an answer, in order.  Of fill_mask the candidates' logits, the largest first."""
    if "masks" in output:
        return [candidate["logit"] for mask in output["masks"] for candidate in mask["candidates"]]
    found, left = [], [output.get("logits", output.get("hidden", output.get("embedding")))]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left.extend(reversed(value))
        else:
            found.append(math.nan if value is None else value)
    return found


class Runner:
    """A process's own folder and checkpoints, for case after case."""

    def __init__(self, options):
        self.options, self.loaded = options, {}
        self.work = tempfile.mkdtemp(dir=options.work)

    def checkpoint(self, place):
        if place not in self.loaded:
            self.loaded[place] = Checkpoint(place, self.work)
        return self.loaded[place]

    def run(self, checkpoint, task, variant, case, set_input):
        """The exit status, the numbers, the error, and the warnings."""
        path = os.path.join(checkpoint.folder, f"{variant}-{task}.ini")
        seed = f"seed = insecure:{case}\n" if variant == "rep3" else ""
        with open(path, "w") as f:
            f.write(RUN.format(model=checkpoint.folder, task=task, seed=seed, **VARIANTS[variant]))
        command = [self.options.puma, "run", path, "--json", "--set", set_input]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return "timeout", [], f"not done after {PATIENCE} s", ""
        lines = done.stderr.decode(errors="replace").replace(checkpoint.folder, "model").splitlines()
        said = " ".join(line for line in lines if " error E" in line).replace("puma: error ", "") or " ".join(lines[-3:])
        warned = " ".join(line for line in lines if " warning: " in line and "not private" not in line).replace("puma: warning: ", "")
        return done.returncode, numbers(json.loads(done.stdout)["output"]) if done.returncode == 0 else [], said, warned

    def judge(self, case):
        options = self.options
        draw = Draw(options.seed, case)
        family = draw.one(options.family or list(FAMILIES))
        place, tasks = draw.one(FAMILIES[family])
        task = draw.one(tasks)
        checkpoint = self.checkpoint(place)
        set_input = checkpoint.input(task, draw)
        scaled, words = scale(checkpoint, draw, options.reach)
        checkpoint.write(scaled)
        found = {"case": case, "family": family, "model": place, "task": task, "scaled": words, "input": set_input if checkpoint.pixels is None else ""}
        code, truth, said, _ = self.run(checkpoint, task, "truth", case, set_input)
        largest = max(map(abs, truth), default=math.inf)
        if code not in (0, 11):
            return dict(found, outcome="other", said=f"plain ends with {code}: {said}")
        is_true, bound = code == 0 and all(map(math.isfinite, truth)), BOUND * max(1, largest)
        code, got, said, warned = self.run(checkpoint, task, "rep3", case, set_input)
        found.update(code=code, said=said, warned=warned)
        if code == 11 and "E1104" in said:
            return dict(found, outcome="flagged")
        if code == 11 and re.search(r"E110[125]\b", said):
            return dict(found, outcome="refused")
        if code != 0:
            return dict(found, outcome="other", said=f"rep3 ends with {code}: {said}")
        if not is_true:
            return dict(found, outcome="no truth")
        error = distance(got, truth)
        found.update(error=error, largest=largest)
        if error <= bound:
            return dict(found, outcome="right")
        code, fixed, said, _ = self.run(checkpoint, task, "fixed", case, set_input)
        if code != 0:  # with a guard rings follow what the weights prove, and may be wider
            code, fixed, said, _ = self.run(checkpoint, task, "fixed, guarded", case, set_input)
        by_rounding = distance(fixed, truth) if code == 0 else math.nan
        found["fixed"] = by_rounding if code == 0 else said
        lost = max(1, largest)
        code, narrow_got, said, _ = self.run(checkpoint, task, "narrow", case, set_input)
        by_functions = distance(narrow_got, truth) if code == 0 else 0
        if by_rounding > bound and (error <= SIMILAR * max(by_rounding, by_functions) or min(error, by_rounding) > lost):
            return dict(found, outcome="rounding")
        found["cause"] = said if code != 0 else f"nothing leaves its ring; plain in fixed point with precise is off by {by_functions:.3g}"
        return dict(found, outcome="wrong")


def distance(x, y):
    if len(x) != len(y) or not all(map(math.isfinite, x)):
        return math.inf
    return max((abs(a - b) for a, b in zip(x, y)), default=math.inf)


def start(options):
    global runner
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runner = Runner(options)


def judge(case):
    return runner.judge(case)


def line(found, options):
    numbers_of = "".join(f", {key} {found[key]:.4g}" if isinstance(found.get(key), float) else "" for key in ("error", "largest"))
    fixed = found.get("fixed")
    fixed = "" if fixed is None else f", plain fixed {fixed:.4g}" if isinstance(fixed, float) else f", plain fixed stops ({fixed})"
    families = "".join(f" --family {name}" for name in options.family or [])
    reach = "" if options.reach == 6 else f" --reach {options.reach:g}"
    return (f"{found['outcome']}: --seed {options.seed} --case {found['case']}{families}{reach}: {found['family']} ({found['model']}, {found['task']}{', ' if found['input'] else ''}{found['input']}), "
            f"{found['scaled']}{numbers_of}{fixed}; {found.get('cause', found.get('said', ''))}"
            + (f"; warned: {found['warned']}" if found.get("warned") else ""))


def table(counts):
    used = [name for name in FAMILIES if name in counts]
    print("%-11s" % "family" + "".join("%10s" % name for name in CLASSES) + "%10s" % "all")
    for name in used:
        print("%-11s" % name + "".join("%10d" % counts[name][c] for c in CLASSES) + "%10d" % sum(counts[name].values()))
    sums = [sum(counts[name][c] for name in used) for c in CLASSES]
    print("%-11s" % "all" + "".join("%10d" % n for n in sums) + "%10d" % sum(sums))


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip(), description=__doc__.split("\n\n")[0])
    parser.add_argument("--count", type=int, default=500, help="cases, from 0 on")
    parser.add_argument("--first", type=int, default=0, help="the first case's number")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--family", action="append", choices=list(FAMILIES), help="these alone; the cases are then others")
    parser.add_argument("--reach", type=float, default=6, help="the largest power of 2")
    parser.add_argument("--puma", default=os.path.join(ROOT, "build/puma"), help="the program")
    parser.add_argument("--case", type=int, help="this case alone")
    parser.add_argument("--keep", help="with --case: a new folder for its checkpoint and run files")
    parser.add_argument("--lines", help="a file for every case's outcome, one JSON object a line")
    options = parser.parse_args()
    options.puma = os.path.abspath(options.puma)
    if not os.access(options.puma, os.X_OK):
        sys.exit(f"silent: {options.puma}: not there; build first: ./quickstart build")
    return options


def main():
    options = arguments()
    cases = range(options.first, options.first + options.count) if options.case is None else [options.case]
    options.work = tempfile.mkdtemp(prefix="puma-ranges-")
    counts, bad, warned = {}, 0, 0
    lines = open(options.lines, "w") if options.lines else None
    try:
        with multiprocessing.Pool(min(options.jobs, len(cases)), start, (options,)) as pool:
            for found in pool.imap(judge, cases, 4):
                counts.setdefault(found["family"], dict.fromkeys(CLASSES, 0))[found["outcome"]] += 1
                if lines:
                    print(json.dumps(found), file=lines, flush=True)
                if found["outcome"] in ("wrong", "other") or options.case is not None:
                    print(line(found, options), flush=True)
                warned += found["outcome"] == "wrong" and found["warned"] != ""
                bad += found["outcome"] in ("wrong", "other")
        if options.keep and options.case is not None:
            shutil.copytree(os.path.join(options.work, os.listdir(options.work)[0]), options.keep)
    finally:
        shutil.rmtree(options.work)
    table(counts)
    if warned:
        print(f"of the wrong ones {warned} came with a warning")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
