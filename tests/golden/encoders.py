# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""Writes encoders.json: vectors that sentence-transformers makes of tiny sentence encoders, in double precision.

Each is the Transformer of models/bert-tiny and other files beside it.  Needs sentence-transformers 5 or newer:
    python tests/golden/encoders.py
"""
import json
import os
import shutil
import tempfile

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = os.path.join(HERE, "models", "bert-tiny")
TEXTS = [c["text"] for c in json.load(open(os.path.join(BASE, "golden.json")))["cases"]][:3]
OLD = "sentence_transformers.models."
NEW = "sentence_transformers.sentence_transformer.modules."
torch.manual_seed(11)


def pooling(**flags):
    return {"word_embedding_dimension": 64, **{f"pooling_mode_{k}": v for k, v in flags.items()}}


def matrix(*shape, scale=64):
    return (torch.randn(*shape) * scale / 4).round() / scale / 4


def dense(rows, columns, function, bias=True):
    config = {"in_features": columns, "out_features": rows, "bias": bias, "activation_function": function}
    weights = {"linear.weight": matrix(rows, columns)}
    if bias:
        weights["linear.bias"] = matrix(rows)
    return config, weights


def norm(n):
    return {"dimension": n}, {"norm.weight": 1 + matrix(n), "norm.bias": matrix(n)}


ACTIVATION = "torch.nn.modules.activation."
IDENTITY = "torch.nn.modules.linear.Identity"
VARIANTS = {
    "cls": [(OLD + "Pooling", pooling(cls_token=True, mean_tokens=False)), (OLD + "Normalize", None)],
    "max": [(OLD + "Pooling", pooling(max_tokens=True))],
    "mean_sqrt_len": [(OLD + "Pooling", pooling(mean_sqrt_len_tokens=True)), (OLD + "Normalize", None)],
    "weightedmean": [(NEW + "pooling.Pooling", {"embedding_dimension": 64, "pooling_mode": "weightedmean"})],
    "lasttoken": [(OLD + "Pooling", pooling(lasttoken=True, mean_tokens=False)), (OLD + "Normalize", None)],
    "joined": [
        (NEW + "pooling.Pooling", {"embedding_dimension": 64, "pooling_mode": ["mean", "cls", "max"]}),
        ("sentence_transformers.base.modules.dense.Dense", *dense(8, 192, IDENTITY, False)),
        ("sentence_transformers.base.modules.normalize.Normalize", None),
    ],
    "dense_tanh": [(OLD + "Pooling", pooling(mean_tokens=True)), (OLD + "Dense", *dense(12, 64, ACTIVATION + "Tanh"))],
    "two_dense": [
        (OLD + "Pooling", pooling(mean_tokens=True)),
        (OLD + "Dropout", {"dropout": 0.1}),
        (OLD + "Dense", *dense(24, 64, ACTIVATION + "GELU")),
        (OLD + "Dense", *dense(16, 24, IDENTITY)),
        (OLD + "LayerNorm", *norm(16)),
    ],
    "limit": [(OLD + "Pooling", pooling(mean_tokens=True)), (OLD + "Normalize", None)],
    "tokenizer_limit": [(OLD + "Pooling", pooling(mean_tokens=True))],
    "prompt": [(OLD + "Pooling", pooling(mean_tokens=True))],
}
MORE = {
    "limit": {"sentence_bert_config.json": {"max_seq_length": 6, "do_lower_case": True}},
    "tokenizer_limit": {"tokenizer_config.json": {**json.load(open(BASE + "/tokenizer_config.json")), "model_max_length": 7}},
    "prompt": {
        "config_sentence_transformers.json": {
            "prompts": {"query": "the word: ", "passage": ""},
            "default_prompt_name": "query",
        }
    },
}


def write(directory, name):
    """The files of a variant, as they go into encoders.json."""
    files, weights = {}, {}
    modules = [{"idx": 0, "name": "0", "path": "", "type": OLD + "Transformer"}]
    for i, (kind, config, *tensors) in enumerate(VARIANTS[name], 1):
        path = f"{i}_{kind.split('.')[-1]}"
        modules.append({"idx": i, "name": str(i), "path": path, "type": kind})
        if config is not None:
            files[path + "/config.json"] = config
        if tensors:
            weights[path] = {k: {"shape": list(t.shape), "data": t.flatten().tolist()} for k, t in tensors[0].items()}
            os.makedirs(os.path.join(directory, path))
            save_file(tensors[0], os.path.join(directory, path, "model.safetensors"))
    files = {"modules.json": modules, **files, **MORE.get(name, {})}
    for path, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(directory, path)), exist_ok=True)
        with open(os.path.join(directory, path), "w") as out:
            json.dump(content, out)
    os.makedirs(os.path.join(directory, "3_Normalize"), exist_ok=True)
    os.makedirs(os.path.join(directory, "2_Normalize"), exist_ok=True)
    return files, weights


def main():
    variants = []
    for name in VARIANTS:
        with tempfile.TemporaryDirectory() as work:
            directory = os.path.join(work, "model")
            shutil.copytree(BASE, directory)
            files, weights = write(directory, name)
            model = SentenceTransformer(directory, device="cpu").double()
            vectors = [model.encode([t], convert_to_tensor=True)[0].tolist() for t in TEXTS]
        cases = [{"text": t, "embedding": [float(f"{x:.12g}") for x in v]} for t, v in zip(TEXTS, vectors)]
        variants.append({"name": name, "files": files, "weights": weights, "cases": cases})
    with open(os.path.join(HERE, "encoders.json"), "w") as out:
        json.dump({"base": "bert-tiny", "variants": variants}, out, separators=(",", ":"))
        out.write("\n")


main()
