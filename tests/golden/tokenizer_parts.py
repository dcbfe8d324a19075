#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""Writes tokenizer_parts.json: small tokenizers made of the library's parts, texts, and what the reference
(Hugging Face's `tokenizers`, 0.23) makes of them: their ids, and those decoded again.

    python3 tokenizer_parts.py > tokenizer_parts.json

A case is the parts of a tokenizer.json and the name of a model that several cases share."""
import json
import sys

from tokenizers import Regex, Tokenizer, decoders as D, models, normalizers as N, pre_tokenizers as P, trainers

TEXTS = [
    "The quick brown fox, it's 12345 jumps!",
    "  I'LL see  THE naïve Café\r\n\r\n\tat 3.14 % ",
    "Привет, мир! ΣΑΣ Ω 한국어 日本語テキスト 中文字符",
    "x=fooBar[0]+HTMLParser('a_b'); // don't\n\n  return",
    "é e\u0301 ﬁ ½ Ⅷ ﷺ ǅ ſ K \u00a0\u2003\u180e\u200b\u0085| ",
    "👩\u200d👧🏽 \U00010d40\U0002ebf0\U0001e030 ٠١ ก็ नमस्ते",
    "aaa bb</s><s>c \u0001\u007f\ufffd\ufeff▁x ▁",
    "1,000,000 2024-01-01 a1b22c333 ##ing [CLS]",
]
WORDS = ("the of and to in fox quick brown see return don't it's I'll 'll naïve café x y foo bar HTML parser "
         "привет мир 한국어 日本 中文 नमस्ते 123 2024 </s> the the see see").split()
CORPUS = TEXTS + [" ".join(WORDS[i:] + WORDS[:i]) for i in range(len(WORDS))]
SPECIAL = ["<unk>", "<s>", "</s>", "[UNK]", "[CLS]"]


def trained(tokenizer, trainer):
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())["model"]


def bytes_model():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = P.ByteLevel(add_prefix_space=False)
    return trained(t, trainers.BpeTrainer(vocab_size=330, special_tokens=SPECIAL,
                                          initial_alphabet=P.ByteLevel.alphabet(), show_progress=False))


def text_model(**options):
    t = Tokenizer(models.BPE(unk_token="<unk>", **options))
    t.normalizer = N.Replace(" ", "▁")
    affixes = {k: v for k, v in options.items() if k.endswith("fix")}
    if affixes:
        t.normalizer, t.pre_tokenizer = N.Lowercase(), P.Whitespace()
    return trained(t, trainers.BpeTrainer(vocab_size=160, special_tokens=SPECIAL + ["<0x%02X>" % b for b in range(195, 240)],
                                          limit_alphabet=60, show_progress=False, **affixes))


def pieces_model(**options):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", **options))
    t.normalizer, t.pre_tokenizer = N.BertNormalizer(), P.BertPreTokenizer()
    affixes = {k: v for k, v in options.items() if k.endswith("fix")}
    return trained(t, trainers.WordPieceTrainer(vocab_size=190, special_tokens=SPECIAL, limit_alphabet=80,
                                                show_progress=False, **affixes))


def words_model():
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.pre_tokenizer = P.Whitespace()
    return trained(t, trainers.WordLevelTrainer(vocab_size=60, special_tokens=SPECIAL, show_progress=False))


def split(regex, behavior="isolated", invert=False):
    return P.Split(Regex(regex), behavior, invert)


LETTERS = P.ByteLevel(add_prefix_space=False, use_regex=False)
GPT2 = P.ByteLevel(add_prefix_space=False)
SPLITS = {
    "deepseek-coder": [split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split("[一-龥ࠀ-一가-퟿]+"),
                       P.Digits(individual_digits=True), LETTERS],
    "llama3": [split(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                     r"|\s*[\r\n]+|\s+(?!\S)|\s+"), LETTERS],
    "qwen2": [split(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                    r"|\s*[\r\n]+|\s+(?!\S)|\s+"), LETTERS],
    "gpt-4o": [split(r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve"
                     r"|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
                     r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"), LETTERS],
    "possessive": [split(r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
                         r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"), LETTERS],
    "without Han": [split(r"\p{Han}+|[\p{L}\p{M}&&[^\p{Han}]]+|\p{N}{,2}|\s+"), LETTERS],
    "starcoder": [P.Digits(individual_digits=True), GPT2],
    "falcon": [P.Punctuation("contiguous"), GPT2, P.Digits(individual_digits=False), split("[0-9][0-9][0-9]")],
    "bloom": [split(r" ?[^(\s|[.,!?…。，、।۔،])]+"), LETTERS],
    "prefix space": [P.ByteLevel(add_prefix_space=True)],
    "behaviours": [split(r"\p{Lu}", "merged_with_next"), split(r"\s", "merged_with_previous"),
                   split(r"[\w&&[^\d]]+", "contiguous", True), LETTERS],
    "removed": [split(r"'s|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", "removed", True), LETTERS],
    "syntax": [split(r"(?m:a.)|\h{2}|\bx\b|(?<=e) (?!f)|[[:punct:]&&[^'.]]|\R|a{1,2}+|\x{301}"), LETTERS],
    "strings": [P.Split(" ", "merged_with_next"), P.CharDelimiterSplit("o"), P.FixedLength(5), LETTERS],
}
NORMALIZERS = {
    "nfd lower": N.Sequence([N.NFD(), N.Lowercase(), N.StripAccents()]),
    "nfkc": N.Sequence([N.Nmt(), N.NFKC(), N.Replace(Regex(" {2,}"), " "), N.Strip()]),
    "nfkd": N.Sequence([N.NFKD(), N.Sequence([N.StripAccents(), N.Strip(left=False)])]),
    "cased": N.BertNormalizer(lowercase=False),
    "strip only": N.BertNormalizer(lowercase=False, strip_accents=True, clean_text=False, handle_chinese_chars=False),
    "replace": N.Sequence([N.Replace("ee", "e"), N.Replace(Regex(r"\d+"), "2024"), N.Prepend("x"), N.NFC()]),
}
WORDS_OF = {
    "words": P.Whitespace(),
    "blanks and marks": P.Sequence([P.WhitespaceSplit(), P.Punctuation()]),
    "marks to the left": P.Sequence([P.WhitespaceSplit(), P.Punctuation("merged_with_previous"), P.Digits(True)]),
    "bert": P.BertPreTokenizer(),
}


def main():
    shared = {
        "bytes": bytes_model(),
        "text": text_model(fuse_unk=True, byte_fallback=True),
        "suffix": text_model(end_of_word_suffix="</w>"),
        "prefix": text_model(continuing_subword_prefix="@@"),
        "pieces": pieces_model(),
        "other pieces": pieces_model(continuing_subword_prefix="@", max_input_chars_per_word=6),
        "words": words_model(),
    }
    cases = []

    def case(name, model, normalizer=None, splitter=None, decoder=None):
        t = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
        if normalizer: t.normalizer = normalizer
        if splitter: t.pre_tokenizer = splitter
        if decoder: t.decoder = decoder
        parts = json.loads(t.to_str())
        parts = {k: parts[k] for k in ("normalizer", "pre_tokenizer", "decoder")}
        whole = Tokenizer.from_str(json.dumps(dict(parts, version="1.0", truncation=None, padding=None, added_tokens=[],
                                                   post_processor=None, model=shared[model])))
        results = []
        for text in TEXTS:
            ids = whole.encode(text).ids
            results.append([ids, whole.decode(ids, skip_special_tokens=False)])
        cases.append(dict(name=name, model=model, parts={k: v for k, v in parts.items() if v}, results=results))

    for name, steps in SPLITS.items():
        case(name, "bytes", None, P.Sequence(steps), D.ByteLevel())
    for i, (name, normalizer) in enumerate(NORMALIZERS.items()):
        for j, (other, splitter) in enumerate(WORDS_OF.items()):
            if i % 4 == j:
                case(name + ", " + other, "pieces", normalizer, splitter, D.WordPiece())
    case("pieces with another prefix", "other pieces", N.BertNormalizer(), P.BertPreTokenizer(), D.WordPiece(prefix="@"))
    case("whole words", "words", N.NFC(), P.Whitespace())
    case("llama", "text", N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]), None,
         D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)]))
    for scheme in ("always", "first", "never"):
        case("metaspace " + scheme, "text", N.Strip(), P.Metaspace(prepend_scheme=scheme, split=scheme != "never"),
             D.Metaspace(prepend_scheme=scheme))
    case("metaspace behind a split", "text", None, P.Sequence([P.WhitespaceSplit(), P.Metaspace(prepend_scheme="first")]))
    case("clip", "suffix", N.Sequence([N.NFC(), N.Replace(Regex(r"\s+"), " "), N.Lowercase()]),
         split(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", "removed", True), D.BPEDecoder())
    case("prefix", "prefix", N.Lowercase(), P.Whitespace(), D.WordPiece(prefix="@@"))
    case("bytes by the normalizer", "bytes", N.Sequence([N.NFKC(), N.ByteLevel()]), None, D.ByteLevel())
    case("decoder of expressions", "text", N.Replace(" ", "▁"), None,
         D.Sequence([D.Replace(Regex("[aeiou]"), "*"), D.Fuse(), D.Replace("**", "-"), D.Replace("▁", " ")]))
    json.dump(dict(texts=TEXTS, models=shared, cases=cases), sys.stdout, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.write("\n")


main()
