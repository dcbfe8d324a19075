# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# starved.sh - for the scripts beside it: a tiny model in $work, its run files, and the commands that are starved
set -u
puma=${PUMA_BUILDDIR:?}/puma
starve=$PUMA_BUILDDIR/tests/faults/starve
export SHIM=$PUMA_BUILDDIR/tests/faults/.libs/shim.so
# A library that is preloaded comes before a sanitizer's own, which then refuses to start; and it needs an address space without limit.
if nm "$puma" | grep -qE '__(asan|tsan|msan)_init'; then
    echo "a sanitizer's build: skipped"
    exit 77
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
chmod 755 .
printf '{"model_type":"bert","hidden_size":16,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":32,"vocab_size":32,"max_position_embeddings":32,"type_vocab_size":2,"layer_norm_eps":1e-12,"hidden_act":"gelu","initializer_range":0.2}' >config.json
printf '{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":null,"model":{"type":"BPE","dropout":null,"unk_token":"<unk>","fuse_unk":false,"byte_fallback":false,"vocab":{"a":0,"aa":1,"<unk>":2,"b":3,"ab":4,"c":5,"d":6},"merges":["a a","a b"]}}' >tokenizer.json
cat >run.ini <<'END'
[run]
model = config.json
task = hidden
protocol = rep3
threads = 1
seed = insecure:7
[weights]
source = synthetic:1
[input]
ids = 1 2 3 4 5
[network]
transport = memory
connect_timeout_ms = 20000
io_timeout_ms = 10000
END
sed '/^seed/d' run.ini >plain.ini
passed=0
failed=0
count() { # COMMAND... - one check
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
summary() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
