# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""Writes tiny random checkpoints of families/ and what transformers makes of them, in double precision.

    python tests/golden/families.py

Each folder holds config.json, model.safetensors and golden.json: {"task", "cases": [{"ids", "types", "logits", "hidden"}]};
of task classify logits is a row, of the others a list of rows.  hidden is the first and the last row.
"""
import json
import os
import shutil

import torch
import transformers as t

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "families")
SIZES = dict(vocab_size=48, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=24,
             max_position_embeddings=64)
ROBERTA = dict(SIZES, max_position_embeddings=66, type_vocab_size=1, pad_token_id=1)
MPNET = dict(SIZES, max_position_embeddings=162)
DISTIL = dict(vocab_size=48, dim=16, n_layers=3, n_heads=2, hidden_dim=24, max_position_embeddings=64)
CONFIGS = {
    "bert": (t.BertConfig, SIZES),
    "roberta": (t.RobertaConfig, ROBERTA),
    "distilbert": (t.DistilBertConfig, DISTIL),
    "albert": (t.AlbertConfig, dict(SIZES, embedding_size=8)),
    "electra": (t.ElectraConfig, dict(SIZES, embedding_size=8)),
    "mpnet": (t.MPNetConfig, MPNET),
}
MORE = {
    "albert-groups": (t.AlbertConfig, dict(SIZES, embedding_size=16, num_hidden_groups=2, num_hidden_layers=5)),
    "electra-wide": (t.ElectraConfig, dict(SIZES, embedding_size=16)),
    "xlm-roberta": (t.XLMRobertaConfig, ROBERTA),
    "camembert": (t.CamembertConfig, ROBERTA),
}
CLASSES = {
    "classify": t.AutoModelForSequenceClassification,
    "classify_tokens": t.AutoModelForTokenClassification,
    "fill_mask": t.AutoModelForMaskedLM,
}
MASK = 4  # in vocab.txt of the folders of fill_mask


def ids_of(config, seed, mask):
    lengths = [9, 24, 1] + ([140] if config.model_type == "mpnet" else [])
    g = torch.Generator().manual_seed(seed)
    ids = [torch.randint(5, 48, (1, n), generator=g) for n in lengths]
    for x in ids:
        if mask:
            x[0, x.shape[1] // 2] = x[0, -1] = MASK
    return ids


def write(name, kind, sizes, task):
    torch.manual_seed(sum(map(ord, name + task)))
    config = kind(**sizes, num_labels=3)
    model = CLASSES[task].from_config(config).eval()
    for p in model.parameters():
        p.data = p.data + torch.randn_like(p) * (0.1 if p.dim() == 1 else 0.3)
    folder = os.path.join(HERE, name if task == "classify" else f"{name}-{task}")
    shutil.rmtree(folder, ignore_errors=True)
    model.tie_weights()
    model.save_pretrained(folder)
    model = CLASSES[task].from_pretrained(folder).eval().double()
    cases = []
    for ids in ids_of(config, 5, task == "fill_mask"):
        with torch.no_grad():
            out = model(input_ids=ids, output_hidden_states=True)
        hidden = out.hidden_states[-1][0]
        digits = lambda x: [float(f"{v:.12g}") for v in x.flatten().tolist()]
        case = {"ids": ids[0].tolist(), "hidden": [digits(hidden[0]), digits(hidden[-1])]}
        logits = out.logits[0]
        if task == "fill_mask":
            logits = logits[(ids[0] == MASK)]
        case["logits"] = digits(logits)
        cases.append(case)
    if task == "fill_mask":
        with open(os.path.join(folder, "vocab.txt"), "w") as out:
            out.write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(5, 48)]) + "\n")
    if os.path.exists(path := os.path.join(folder, "generation_config.json")):
        os.remove(path)
    with open(os.path.join(folder, "golden.json"), "w") as out:
        json.dump({"task": task, "cases": cases}, out, separators=(",", ":"))
        out.write("\n")


def main():
    for task in CLASSES:
        for name, (kind, sizes) in CONFIGS.items():
            write(name, kind, sizes, task)
        if task == "classify":
            for name, (kind, sizes) in MORE.items():
                write(name, kind, sizes, task)


main()
