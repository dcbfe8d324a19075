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
SMALL = 6000


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


if __name__ == "__main__":
    for make in [address, ini, runfile, architecture, config, safetensors, index, gguf, image]:
        make()
