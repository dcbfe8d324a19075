#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""Writes unigram.json: small SentencePiece files and tokenizers made of them, texts, and what the reference makes
of these: ids, and those decoded again.  A directory with a SentencePiece file alone and no class is encoded by
`sentencepiece` (0.2), one with a tokenizer.json by `tokenizers` (0.23), the others by `transformers` (5).

    python3 unigram.py > unigram.json

A case is the files of a directory, SentencePiece's in hexadecimal."""
import io
import json
import os
import sys
import tempfile

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import AddedToken, Regex, Tokenizer, decoders as D, models, normalizers as N, pre_tokenizers as P
from tokenizers import processors as R
from transformers import AutoTokenizer

TEXTS = [
    "The river carried the fence away.",
    "  two  blanks \u00a0 and\ta tab \n",
    "",
    "   ",
    "Straße, Größe: ﬁne ＡＢＣ １２３ ½",
    "日本語のテキストを分割する。 ｶﾞｷﾞ か\u3099",
    "مَرْحَبًا بالعالم",
    "e\u0301 \u00a0\u0301 x\u0301 \r\n\u200b\ufeff|\u0001|\u007f",
    "👩\u200d👧 👍🏽 🇩🇪 ☃",
    "river<s>boats </s> <mask> <sep>a [SEP]<extra_id_1> <unk>",
    "▁the ▁ river▁",
    "``quotes'' ÀÉ Ω",
    "longwordlongwordlongwordlongwordlongwordlongwordlongwordzzz",
]
WORDS = ("the river carried fence away two blanks and a tab fine letters boats under winter long word quotes "
         "Straße Größe straße 日本語 テキスト 分割 する ガギ ABC 123 مرحبا بالعالم été é").split()
# A map of characters like NFKC's, but small: source, target.
RULES = [("\u00a0", " "), ("\t", " "), ("\n", " "), ("\r", " "), ("\r\n", " "), ("\u3000", " "), ("\u0001", ""),
         ("\u200b", ""), ("\ufeff", ""), ("ﬁ", "fi"), ("½", "1⁄2"), ("e\u0301", "é"), ("x\u0301", "xx"), ("か\u3099", "が"),
         ("ｶﾞ", "ガ"), ("ｷﾞ", "ギ"), ("ｶ", "カ")]
RULES += [(chr(0xff01 + i), chr(0x21 + i)) for i in range(94)]
FOLD = [(chr(c), chr(c + 32)) for c in list(range(0x41, 0x5b)) + list(range(0xc0, 0xd6))]


def train(rules=None, **options):
    with tempfile.TemporaryDirectory() as where:
        if rules:
            tsv = os.path.join(where, "rules.tsv")
            with open(tsv, "w") as f:
                for a, b in rules:
                    f.write(" ".join("%X" % ord(c) for c in a) + "\t" + " ".join("%X" % ord(c) for c in b) + "\n")
            options["normalization_rule_tsv"] = tsv
        else:
            options["normalization_rule_name"] = "identity"
        out = io.BytesIO()
        text = [" ".join(WORDS[i:] + WORDS[:i]) for i in range(len(WORDS))] + TEXTS
        options = dict(model_type="unigram", vocab_size=130, hard_vocab_limit=False, character_coverage=0.985) | options
        spm.SentencePieceTrainer.train(sentence_iterator=iter(text), model_writer=out, minloglevel=2, num_threads=1,
                                       **options)
        return out.getvalue()


def proto(model):
    p = pb.ModelProto()
    p.ParseFromString(model)
    # What the trainer was told is of no use to a reader, and names paths.
    del p.trainer_spec.input[:]
    p.trainer_spec.model_prefix = ""
    p.normalizer_spec.normalization_rule_tsv = ""
    return p


CASES = []


def sentencepiece(name, model):
    model = proto(model).SerializeToString()
    s = spm.SentencePieceProcessor(model_proto=model)
    ids = [s.encode(t) for t in TEXTS]
    CASES.append(dict(name=name, special=False, hex={"tokenizer.model": model.hex()}, files={},
                      results=[[i, s.decode(i)] for i in ids]))


def library(name, model, normalizer, splitter, decoder, template, added):
    t = Tokenizer(model)
    for part, value in (("normalizer", normalizer), ("pre_tokenizer", splitter), ("decoder", decoder),
                        ("post_processor", template)):
        if value is not None:
            setattr(t, part, value)
    t.add_tokens([AddedToken(a, special=True, normalized=False, lstrip=a == "<mask>") for a in added])
    ids = [t.encode(x).ids for x in TEXTS]
    CASES.append(dict(name=name, special=True, hex={}, files={"tokenizer.json": json.loads(t.to_str())},
                      results=[[i, t.decode(i, skip_special_tokens=False)] for i in ids]))


def directory(name, model, file, settings, **files):
    model = proto(model).SerializeToString()
    files = {"tokenizer_config.json": settings} | {k + ".json": v for k, v in files.items()}
    with tempfile.TemporaryDirectory() as where:
        with open(os.path.join(where, file), "wb") as f:
            f.write(model)
        for k, v in files.items():
            with open(os.path.join(where, k), "w") as f:
                json.dump(v, f)
        t = AutoTokenizer.from_pretrained(where)
        ids = t(TEXTS)["input_ids"]
        CASES.append(dict(name=name, special=True, hex={file: model.hex()}, files=files,
                          results=[[i, t._tokenizer.decode(i, skip_special_tokens=False)] for i in ids]))


def main():
    mapped = train(RULES)
    folded = train(RULES + FOLD)
    albert = train(RULES, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"])
    t5 = train(RULES, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    falls = train(RULES, byte_fallback=True, vocab_size=380, user_defined_symbols=["<sep>", "river", "ab c"])
    sentencepiece("mapped", mapped)
    sentencepiece("folded", folded)
    sentencepiece("user-defined, blanks kept", train(user_defined_symbols=["<sep>", "river", "  ", "é"],
                                                     remove_extra_whitespaces=False))
    sentencepiece("bytes", falls)
    sentencepiece("across blanks, no prefix", train(RULES, split_by_whitespace=False, add_dummy_prefix=False))
    sentencepiece("BPE, mapped", train(RULES, model_type="bpe", vocab_size=110))

    words = [(p.piece, p.score) for p in proto(mapped).pieces]
    chars = N.Precompiled(proto(mapped).normalizer_spec.precompiled_charsmap)
    fairseq = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + words[3:] + [("<mask>", 0.0)]
    pair = R.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
                                special_tokens=[("<s>", 0), ("</s>", 2)])
    added = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    library("xlm-r", models.Unigram(fairseq, 3, False), chars,
            P.Sequence([P.WhitespaceSplit(), P.Metaspace()]), D.Metaspace(), pair, added)
    library("bge", models.Unigram(fairseq, 3, False),
            N.Sequence([chars, N.Strip(False, True), N.Replace(Regex(" {2,}"), "▁")]), P.Metaspace(), D.Metaspace(), pair,
            added)
    library("first", models.Unigram(words, 0, False), N.NFKC(), P.Metaspace(prepend_scheme="first"),
            D.Metaspace(prepend_scheme="first"), None, ["<s>"])
    library("llama", models.Unigram([(p.piece, p.score) for p in proto(falls).pieces], 0, True),
            N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]), None,
            D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)]), None, ["</s>"])
    library("a token twice, no decoder", models.Unigram(words + [("the", -3.0), ("▁the", -2.0)], 0, False), None, None, None,
            None, [])

    directory("XLM-R's class", mapped, "sentencepiece.bpe.model", {"tokenizer_class": "XLMRobertaTokenizer"})
    directory("XLM-R's model type", folded, "sentencepiece.bpe.model", {"add_prefix_space": False},
              config={"model_type": "xlm-roberta"})
    directory("CamemBERT's class", train(RULES, unk_id=0, bos_id=1, eos_id=2), "sentencepiece.bpe.model",
              {"tokenizer_class": "CamembertTokenizerFast"})
    directory("T5's class", t5, "spiece.model", {"tokenizer_class": "T5Tokenizer", "extra_ids": 3})
    directory("mT5's model type", t5, "spiece.model", {}, config={"model_type": "mt5"})
    directory("ALBERT's class", albert, "spiece.model", {"tokenizer_class": "AlbertTokenizer"})
    directory("ALBERT's class, cased", albert, "spiece.model",
              {"tokenizer_class": "AlbertTokenizer", "do_lower_case": False, "keep_accents": True})
    json.dump(dict(texts=TEXTS, cases=CASES), sys.stdout, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.write("\n")


main()
