#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""seeds.py - writes the first inputs of the fuzz targets into tests/fuzz/corpus, from the files of this tree and from
small ones made here.  What fuzzing finds is added to them by fuzz.sh merge."""
import gzip
import json
import pathlib
import struct
import zlib

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
models = root / "tests/golden/models"


def put(target, name, *parts):
    """The parts one behind the other; what is no bytes becomes them."""
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    data = b"".join(p if isinstance(p, bytes) else bytes([p]) if isinstance(p, int) else p.encode() for p in parts)
    (folder / name).write_bytes(data)


def address():
    for i, text in enumerate(["localhost:7001", "127.0.0.1:7001", "[::1]:7002", "10.1.2.3:65535", "[fe80::1%lo]:1", "host:0",
                              ":1", "[::ffff:127.0.0.1]:80", "a:b:1", "[]:1", "x:65536"]):
        put("address", f"seed-{i}", i & 1, text)


def ini():
    put("ini", "seed-run", "\ufeff[run]\r\nmodel = m\r\n; note\r\n[input]\r\ntext = a ; b # c\r\n", 0, "run.model=x")
    put("ini", "seed-number", "[a]\nx = 1e-5\ny = 18446744073709551615\n z = yes\n[a]\nw=-.5\n", 0, "a.w.v = 3")


def runfile():
    full = """[run]
model = m
task = generate
protocol = rep3
architecture = auto
batch_tokens = 64
threads = 2
seed = insecure:7
[input]
text = In the beginning
truncate = yes
[chat]
template = chatml
system = Be short.
[approximation]
default = puma
gelu = exact.gelu
[plugins]
directory = plugins
puma.pin = 00
[numeric]
ring_bits = 64
fxp_fraction_bits = 18
guard = rows
ranges = r.ini
[generate]
max_new_tokens = 4
decoding = client
temperature = 0.7
top_k = 5
top_p = 0.9
sample_seed = 3
stop_at_eos = yes
[network]
transport = tcp
party0 = localhost:7000
party1 = 127.0.0.1:7001
party2 = [::1]:7002
link = 400mbit 40ms
connect_timeout_ms = 1000
[weights]
source = synthetic:5
[compare]
reference = plain
layers = no
[plugin.puma]
fxp_exp_iters = 5
"""
    put("runfile", "seed-full", full)
    put("runfile", "seed-ids", "[run]\nmodel=m\ntask=embed\nprotocol=plain\npooling=mean\nnormalize=yes\n"
        "[input]\nids=1 2 3\nparse_special=yes\n[network]\ntransport=memory\n[numeric]\narithmetic=fixed\n")
    put("runfile", "seed-classify", "[run]\nmodel=m\ntask=classify\nreveal=label\nprotocol=beaver2\nhead=h.json\nmaterial=d\n"
        "[input]\nfile=t.txt\nlabels=l.txt\nlimit=4\n[network]\ntransport=tls\ncertificates=c\nparty0=a:1\nparty1=b:2\ndealer=d:3\n")
    put("runfile", "seed-chat", "[run]\nmodel=m\ntask=generate\nprotocol=plain\n[input]\nmessages=[{\"role\":\"user\",\"content\":\"x\"}]\n"
        "[network]\ntransport=memory\nbandwidth_mbps=100\nround_trip_ms=20\n")


def architecture():
    for name in ["bert", "llama", "vit", "mpnet", "albert"]:
        lines = (root / f"models/{name}.ini").read_text().splitlines()
        put("architecture", f"seed-{name}", 0, "\n".join(x for x in lines if x and not x.startswith("#")) + "\n")


def config():
    names = ["albert", "bert", "distilbert", "electra", "gemma", "gpt2", "llama", "mistral", "mpnet", "qwen2", "roberta", "vit"]
    for i, name in enumerate(names):
        for folder in [models / f"{name}-tiny", root / f"tests/golden/families/{name}"]:
            if (folder / "config.json").exists():
                value = json.loads((folder / "config.json").read_text())
                for task in [3] if i else [0, 1, 2, 3]:
                    put("config", f"seed-{name}-{task}", i, task, json.dumps(value, separators=(",", ":")))
    rope = json.loads((models / "llama-tiny/config.json").read_text())
    for kind in ["linear", "dynamic", "yarn", "llama3", "longrope"]:
        rope["rope_scaling"] = {"rope_type": kind, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                "original_max_position_embeddings": 64, "short_factor": [1.0] * 4, "long_factor": [2.0] * 4}
        put("config", f"seed-rope-{kind}", 6, 2, json.dumps(rope, separators=(",", ":")))


def tensors(header, data):
    text = json.dumps(header, separators=(",", ":")).encode() if isinstance(header, dict) else header
    return struct.pack("<Q", len(text)) + text + data


def safetensors():
    put("safetensors", "seed-two", tensors({"__metadata__": {"format": "pt"},
                                            "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
                                            "b": {"dtype": "BF16", "shape": [], "data_offsets": [16, 18]},
                                            "c": {"dtype": "F16", "shape": [3], "data_offsets": [18, 24]},
                                            "d": {"dtype": "F64", "shape": [1], "data_offsets": [24, 32]}}, bytes(range(16)) * 2))
    put("safetensors", "seed-empty", tensors(b"  {}", b""))
    put("safetensors", "seed-nan", tensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0\0\xc0\x7f"))
    put("safetensors", "seed-null", tensors(b'{"__metadata__":null}', b""))


def index():
    put("index", "seed-both", json.dumps({"metadata": {"total_size": 16}, "weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}))
    put("index", "seed-absent", json.dumps({"weight_map": {"x": "b.safetensors", "z": "c.safetensors"}}))
    put("index", "seed-path", json.dumps({"weight_map": {"x": "../a.safetensors"}}))


def gguf_value(kind, value):
    if kind == 8:
        return struct.pack("<Q", len(value)) + value
    return struct.pack({0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}[kind], value)


def gguf_file(pairs, described, version=3, alignment=32):
    head = b"GGUF" + struct.pack("<IQQ", version, len(described), len(pairs))
    for key, kind, value in pairs:
        head += gguf_value(8, key.encode())
        if isinstance(value, list):
            head += struct.pack("<IIQ", 9, kind, len(value)) + b"".join(gguf_value(kind, v) for v in value)
        else:
            head += struct.pack("<I", kind) + gguf_value(kind, value)
    data = b""
    for name, dims, kind, content in described:
        head += gguf_value(8, name.encode()) + struct.pack("<I", len(dims)) + b"".join(struct.pack("<Q", d) for d in dims)
        data += bytes(-len(data) % alignment)
        head += struct.pack("<IQ", kind, len(data))
        data += content
    return head + bytes(-len(head) % alignment) + data


def gguf():
    model = [("general.architecture", 8, b"llama"), ("llama.block_count", 4, 1), ("llama.embedding_length", 4, 4),
             ("llama.attention.head_count", 4, 1), ("llama.feed_forward_length", 4, 8), ("llama.context_length", 4, 16),
             ("llama.attention.layer_norm_rms_epsilon", 6, 1e-5), ("llama.rope.freq_base", 6, 1e4)]
    pieces = [b"<unk>", b"<s>", b"</s>", b"\xe2\x96\x81", b"H", b"e", b"l", b"o", b"lo", b"\xe2\x96\x81H"]
    llama = [("tokenizer.ggml.model", 8, b"llama"), ("tokenizer.ggml.tokens", 8, pieces),
             ("tokenizer.ggml.scores", 6, [-float(i) for i in range(10)]),
             ("tokenizer.ggml.token_type", 5, [2, 3, 3, 1, 1, 1, 1, 1, 1, 1]), ("tokenizer.ggml.bos_token_id", 4, 1),
             ("tokenizer.ggml.eos_token_id", 4, 2), ("tokenizer.ggml.add_bos_token", 7, True)]
    bpe = [("tokenizer.ggml.model", 8, b"gpt2"), ("tokenizer.ggml.pre", 8, b"llama-bpe"),
           ("tokenizer.ggml.tokens", 8, [bytes([c]) for c in range(33, 127)] + [b"He", b"ll", b"<|end|>"]),
           ("tokenizer.ggml.token_type", 5, [1] * 96 + [3]), ("tokenizer.ggml.merges", 8, [b"H e", b"l l"]),
           ("tokenizer.ggml.bos_token_id", 4, 96)]
    row = struct.pack("<4f", 1, 2, 3, 4)
    put("gguf", "seed-llama", gguf_file(model + llama, [("token_embd.weight", [4, 10], 0, row * 10), ("output_norm.weight", [4], 0, row),
                                                       ("blk.0.attn_q.weight", [4, 4], 1, bytes(32)),
                                                       ("rope_freqs.weight", [2], 0, struct.pack("<2f", 1, 2))]))
    put("gguf", "seed-bpe", gguf_file(model + bpe, [("output.weight", [32, 1], 8, bytes(34)), ("x", [256], 12, bytes(144))]))
    put("gguf", "seed-bare", gguf_file([("general.alignment", 4, 8)], [("a", [], 28, bytes(8))], 2, 8))


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, channels, depth=8):
    rows = (b"\0" + bytes(range(width * channels))) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2 if channels == 3 else 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def image():
    put("image", "seed-png-gray", 0, png(4, 4, 1))
    put("image", "seed-png-rgb", 1, png(4, 4, 3))
    put("image", "seed-pgm", 0, b"P5\n# note\n4 4\n255\n" + bytes(16))
    put("image", "seed-ppm", 1, b"P3 4 4 255\n" + b"1 2 3 " * 16)
    put("image", "seed-idx", 0, struct.pack(">IIII", 0x803, 2, 4, 4) + bytes(32))
    put("image", "seed-idx-gzip", 0x10, gzip.compress(struct.pack(">IIIII", 0x804, 1, 1, 4, 4) + bytes(16), mtime=0))
    put("image", "seed-pixels", 0x40, json.dumps([[[0.5] * 4] * 4]))
    put("image", "seed-flat", 0x40, json.dumps([1, 2.5, -3] * 5 + [0]))
    put("image", "seed-labels", 0x80, struct.pack(">II", 0x801, 3) + b"\1\2\3")


def small_vocabulary():
    """tokenizer.json's parts of the smallest kinds."""
    byte = {chr(c): i for i, c in enumerate(range(33, 127))}
    byte.update({"\u0120": 94, "\u010a": 95, "he": 96, "ll": 97, "\u0120t": 98, "hell": 99})
    return byte, ["h e", "l l", "\u0120 t", "he ll"]


def tokenizer():
    words, merges = small_vocabulary()
    bpe = {"type": "BPE", "vocab": words, "merges": merges}
    wordpiece = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 20,
                 "vocab": {w: i for i, w in enumerate(["[UNK]", "[CLS]", "[SEP]", "h", "##e", "hello", "##l", "##o", ",", "w"])}}
    unigram = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["\u2581", -2.0], ["h", -3.0], ["e", -3], ["he", -2.5], ["l", -3], ["o", -3]]}
    added = [{"id": 100, "content": "<s>", "special": True, "single_word": False, "lstrip": True, "rstrip": False, "normalized": False}]
    split = {"type": "Split", "pattern": {"Regex": "\\\\p{L}+|\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+|\\\\s+(?!\\\\S)|\\\\s+"}, "behavior": "Isolated", "invert": False}
    split["pattern"]["Regex"] = split["pattern"]["Regex"].replace("\\\\", "\\")
    files = {
        "bpe": {"added_tokens": added, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True},
                "decoder": {"type": "ByteLevel"}, "model": bpe},
        "split": {"normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            split, {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}]}, "decoder": {"type": "ByteLevel"},
            "model": dict(bpe, ignore_merges=True, merges=[m.split(" ") for m in merges])},
        "wordpiece": {"normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                                     "lowercase": True}, "pre_tokenizer": {"type": "BertPreTokenizer"},
                      "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                                                                                  {"Sequence": {"id": "A", "type_id": 0}}],
                                         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                                         "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}}},
                      "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True}, "model": wordpiece},
        "unigram": {"normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Replace", "pattern": {"String": "``"}, "content": "\""}, {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"},
            {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Prepend", "prepend": "\u2581"}]},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
                              {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True},
                              {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Isolated"}]},
            "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                        {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}, "model": unigram},
        "fallback": {"normalizer": {"type": "Prepend", "prepend": "\u2581"}, "model": {
            "type": "BPE", "byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>", "dropout": None,
            "vocab": dict({"<unk>": 0, "\u2581": 1, "h": 2, "e": 3, "he": 4}, **{f"<0x{b:02X}>": 5 + b for b in range(4)}), "merges": [["h", "e"]]}},
        "roberta": {"post_processor": {"type": "RobertaProcessing", "sep": ["<s>", 100], "cls": ["<s>", 100], "trim_offsets": True,
                                       "add_prefix_space": False}, "added_tokens": added, "model": bpe},
    }
    for name, value in files.items():
        put("tokenizer", f"seed-{name}", json.dumps(dict(version="1.0", **value), separators=(",", ":")))
    put("tokenizer", "seed-config", json.dumps(dict(version="1.0", **files["bpe"]), separators=(",", ":")), 0, json.dumps({
        "tokenizer_class": "LlamaTokenizerFast", "add_bos_token": True, "bos_token": "<s>", "add_prefix_space": False,
        "added_tokens_decoder": {"101": {"content": "<t>", "special": True, "lstrip": False}}, "model_max_length": 10 ** 30}))


def bpe():
    words, merges = small_vocabulary()
    words["<|endoftext|>"] = 100
    text, lines = json.dumps(words, separators=(",", ":")), "#version: 0.2\n" + "\n".join(merges) + "\n"
    put("bpe", "seed-gpt2", 0, text, 0, lines)
    put("bpe", "seed-roberta", 0, json.dumps(dict(words, **{"<s>": 101, "</s>": 102, "<unk>": 103, "<pad>": 104, "<mask>": 105}), separators=(",", ":")), 0,
        lines, 0, '{"tokenizer_class":"RobertaTokenizer","add_prefix_space":true}', 0, '{"mask_token":{"content":"<mask>","lstrip":true}}', 0, '{"<x>":106}')
    put("bpe", "seed-qwen2", 1, text, 0, lines.replace("\n", "\r\n"), 0, '{"tokenizer_class":"Qwen2Tokenizer","add_bos_token":false,"eos_token":null}')


def wordpiece():
    words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nh\n##e\nhello\n,\nw\n##\u00f6\n\u4e2d\n"
    put("wordpiece", "seed-plain", words)
    put("wordpiece", "seed-cased", words, 0, '{"do_lower_case":false,"tokenize_chinese_chars":false,"strip_accents":true,"unk_token":"[UNK]"}')


def proto(number, kind, value):
    def varint(n):
        out = b""
        while n >= 128:
            out += bytes([n & 127 | 128])
            n >>= 7
        return out + bytes([n])
    if kind == 0:
        return varint(number << 3) + varint(value)
    if kind == 5:
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def pieces_file(model, names, trainer=b"", normalizer=b""):
    out = b""
    for i, (text, kind) in enumerate(names):
        out += proto(1, 2, proto(1, 2, text.encode()) + proto(2, 5, -float(i)) + (proto(3, 0, kind) if kind != 1 else b""))
    return out + proto(2, 2, proto(3, 0, model) + trainer) + proto(3, 2, normalizer)


def sentencepiece():
    names = [("<unk>", 2), ("<s>", 3), ("</s>", 3), ("\u2581", 1), ("h", 1), ("e", 1), ("he", 1), ("l", 1), ("lo", 1), ("\u2581he", 1), ("<0x41>", 6),
             ("x y", 4)]
    for kind in range(8):
        put("sentencepiece", f"seed-{kind}", kind, pieces_file(2 if kind < 3 else 1, names, proto(35, 0, 1) + proto(44, 2, b" ? "),
                                                              proto(1, 2, b"nmt") + proto(3, 0, kind & 1) + proto(4, 0, 1)))
    # A map of one double-array entry and a text.
    put("sentencepiece", "seed-map", 0, pieces_file(1, names, b"", proto(2, 2, struct.pack("<I", 8) + struct.pack("<II", 0x400, 0x61) + b"a\0b\0")))


def text():
    lines = [" Hello,\tW\u00f6rld! don't 1234", "\u4e2d\u6587 \U0001f600 e\u0301 <|im_start|>[MASK]<s>", "\xa0\u2581ab<0x41>", "a\u0300\u0301\u0302ABC\u00df\u0130"]
    for i in range(8):
        put("text", f"seed-{i}", i, 0x1f if i & 1 else 3, lines[i % 4], 0, lines[(i + 1) % 4] if i & 2 else b"")
    put("text", "seed-bad", 1, 3, b"\xff\xfe\xc0\x80\xed\xa0\x80 ok")


def chat():
    for name in ["chatml", "llama2", "gemma", "deepseek-r1", "phi3"]:
        lines = (root / f"models/chat/{name}.ini").read_text().splitlines()
        put("chat", f"seed-{name}", "\n".join(x for x in lines if x and not x.startswith("#")) + "\n", 0, 1, "hello\nand </think> back\nmore\n")
    put("chat", "seed-system", (root / "models/chat/chatml.ini").read_text().split("[signature]")[0].split("[chat]")[1].join(["[chat]", ""]), 0, 2, "s:be short\nu:hi\n")


def messages():
    put("messages", "seed-list", "x", json.dumps([{"role": "system", "content": "x"}, {"role": "user", "content": "hi \u00e9"}, {"role": "assistant", "content": ""}]))
    put("messages", "seed-role", "x", '[{"role":"tool","content":"x"}]')
    put("messages", "seed-chatml", "%", "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")


def report():
    value = {"node": 1, "dealer": False, "layers": [{"name": "layer.0", "op": "gelu", "bytes": 5, "rounds": 2, "seconds": 0.5}],
             "phases": [{"name": "prefill", "tokens": 3, "bytes": 4, "rounds": 5, "seconds": 0.25}], "digests": ["0" * 64] * 9}
    for key in ["sent_bytes", "received_bytes", "sent_bytes_offline", "messages", "peak_rss_bytes", "rounds", "online_rounds", "setup_bytes"]:
        value[key] = 7
    for key in ["cpu_s", "wall_s", "waited_s", "setup_s"]:
        value[key] = 0.5
    put("report", "seed-whole", json.dumps(value, separators=(",", ":")))
    del value["digests"]
    put("report", "seed-plain", json.dumps(value, separators=(",", ":")))


def elf():
    put("elf", "seed-good", 1)
    put("elf", "seed-changed", 1, bytes([0x10, 2, 0x38, 200, 0x3c, 3]))
    put("elf", "seed-short", 0, b"\x7fELF\2\1\1" + bytes(57))


def material():
    events = bytes([2, 2]) + b"in" + struct.pack("<I", 1) + bytes([2]) + b"op" + bytes([3, 0]) + struct.pack("<Q", 5) + bytes([4])
    events += bytes([1, 1, 0]) + struct.pack("<Q", 4) + b"data" + bytes([0])
    put("material", "seed-one", 0, 0, 0, 255, events)
    put("material", "seed-three", 0, 2, 1, 255, events)
    put("material", "seed-used", 0, 0, 1, 255, events)
    put("material", "seed-header", 0, 0, 8, 12, events)
    put("material", "seed-text", 1, b"PUMADEAL" + bytes(160))


def hello():
    for kind in range(3):
        put("hello", f"seed-right-{kind}", 0, kind, 0x10)
        put("hello", f"seed-dealer-{kind}", 1, kind, 0x21)
        put("hello", f"seed-client-{kind}", 0, kind, 0x31, 40, 1)
        put("hello", f"seed-any-{kind}", 2, 64 + kind, 0x01, bytes(48))
    put("hello", "seed-lines", 0, 3, 0x31, "a=1\nb=2\n", 0, "a=1\nb=3\ninput.x=4\n")


def frames():
    come = [bytes([0, who, 2]) for who in range(4)]
    for kind in range(3):
        for self_ in [0, 1, 3]:
            put("frames", f"seed-whole-{kind}-{self_}", kind, self_, b"".join(come) if kind < 2 else b"", bytes([7, 8, 0, 1, 9, 8, 1, 1, 9, 5, 0]))
    for who in range(9):
        put("frames", f"seed-abort-{who}", 0, 0, bytes([0, who << 4, 0, 3, 0, 7, 8]), bytes([8, 8, 0, 0, 20, 0, 0, 0, 0]), bytes([4, 11]))
    put("frames", "seed-right", 1, 0, come[1], come[2], come[3], b"".join(bytes([1, who, type_, 0]) for type_ in range(4) for who in range(3)), bytes([8, 0, 1, 4]))
    put("frames", "seed-length", 2, 0, bytes([7, 3, 0, 5, 144, 0, 40, 4, 10]))


def run():
    for family in range(12):
        put("run", f"seed-{family}", family, 1, 1, 1, 5, 20, 10, 0, bytes([0] * 12), 1, bytes([0] * 4), 1, bytes([1, 1]), family % 5, 0, 3, 0, 2, 1, 7, 1, 2, 3, 4)
    for task in range(3):
        put("run", f"seed-decoder-{task}", 7, 1, 1, 1, 5, 20, 10, 2, bytes([0] * 20), task, 0x10 + 0x80 * (task & 1), 3, 0, 9, 1, 2, 3)


if __name__ == "__main__":
    for make in [address, ini, runfile, architecture, config, safetensors, index, gguf, image, tokenizer, bpe, wordpiece, sentencepiece,
                 text, chat, messages, report, elf, material, hello, frames, run]:
        make()
