#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# certificates.sh - every way in which a certificate, its key or its file can be wrong: of a node's own, before it listens; of
# one that calls; of one that is called.  No byte of the run goes to a peer whose certificate is refused.  Then what is older
# or weaker than TLS 1.3, clocks that differ, and certificates that expire while a run lasts.
set -u
export LC_ALL=C

puma=${PUMA_BUILDDIR:-.}/puma
models=$(realpath "${PUMA_SRCDIR:-.}")/tests/golden/models
work=$(mktemp -d "${TMPDIR:-/tmp}/certificates.XXXXXX")
trap 'kill $(jobs -p) 2>"$work/null"; rm -rf "$work"' EXIT
passed=0
failed=0
port=7412
block=$((RANDOM % 200 + 20))
mkfifo "$work/hold" # what is opened both ways never ends

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}
pass() { passed=$((passed + 1)); }

# --- making certificates ---------------------------------------------------------------------------

"$puma" keygen --out "$work/all" >"$work/out" || fail keygen
"$puma" keygen --out "$work/foreign" >"$work/out" || fail keygen
ca=$work/all
# A second authority, whose key can sign with MD5.
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=second -days 30 -keyout "$work/second.key" -out "$work/second.pem" 2>"$work/err"
cat "$work/second.pem" >>"$ca/ca.pem"
# What a machine's own settings allow must not matter.
printf 'openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = None\nCipherString = ALL:@SECLEVEL=0\n' >"$work/weak.conf"
export OPENSSL_CONF=$work/weak.conf
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=party1 -keyout "$work/ec.key" -out "$work/ec.csr" 2>"$work/err"
openssl req -new -newkey rsa:1024 -nodes -subj /CN=party1 -keyout "$work/rsa.key" -out "$work/rsa.csr" 2>"$work/err"
chmod 600 "$work"/*.key

# folder NAME: the variant's folder, still without a certificate; its key is the common one
folder() {
    v=$work/v/$1
    mkdir -p "$v"
    cp "$ca/ca.pem" "$v/"
    cp -p "$work/ec.key" "$v/party1.key"
}
extensions() { # NAMES USES MORE
    printf 'basicConstraints = critical,CA:FALSE\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = %s\n%b\n' "$2" "${3:-}" >"$work/ext"
    [ -z "$1" ] || printf 'subjectAltName = %s\n' "$1" >>"$work/ext"
}
both=serverAuth,clientAuth
# signed NAME NAMES USES MORE SIGNING...: party1.pem of the variant, from the common request
signed() {
    folder "$1"
    extensions "$2" "$3" "${4:-}"
    openssl x509 -req -in "${csr:-$work/ec.csr}" -CA "$ca/ca.pem" -CAkey "$ca/ca.key" -CAcreateserial -CAserial "$work/serial" -days 30 \
        -extfile "$work/ext" -out "$v/party1.pem" "${@:5}" 2>"$work/err" || fail "making $1: $(cat "$work/err")"
}
# dated NAME FROM UNTIL
dated() {
    folder "$1"
    extensions URI:puma:party1 $both
    : >"$work/index"
    printf '[ca]\ndefault_ca = x\n[x]\ndatabase = %s\nnew_certs_dir = %s\nrand_serial = yes\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n' \
        "$work/index" "$work" >"$work/ca.conf"
    openssl ca -batch -notext -config "$work/ca.conf" -in "$work/ec.csr" -cert "$ca/ca.pem" -keyfile "$ca/ca.key" -startdate "$2" -enddate "$3" \
        -extfile "$work/ext" -out "$v/party1.pem" >"$work/out" 2>"$work/err" || fail "making $1: $(cat "$work/err")"
}
copied() { # NAME: a good one, to be spoilt
    folder "$1"
    cp "$work/v/good/party1.pem" "$v/"
}

make_all() {
    local name
    signed good URI:puma:party1 $both
    signed two-names-ours-first URI:puma:party1,URI:puma:party2 $both
    signed two-names-ours-last URI:puma:party2,URI:puma:party1 $both
    signed another-kind-of-name DNS:party1 $both
    signed name-beside-others DNS:host,URI:https://host,URI:puma:party1 $both
    # A URI, "puma:party1", NUL, ".evil"
    signed name-with-a-nul DER:3013861170756d613a706172747931002e6576696c $both
    signed name-in-other-case URI:puma:PARTY1 $both
    signed scheme-in-other-case URI:PUMA:party1 $both
    signed no-name '' $both
    signed anothers-name URI:puma:party2 $both
    signed the-clients-name URI:puma:client $both
    signed no-role-of-this-run URI:puma:dealer $both
    signed wrong-use URI:puma:party1 codeSigning
    signed server-alone URI:puma:party1 serverAuth
    signed client-alone URI:puma:party1 clientAuth
    signed unknown-critical URI:puma:party1 $both '1.2.3.4 = critical,ASN1:NULL'
    signed sha1 URI:puma:party1 $both '' -sha1
    signed md5 URI:puma:party1 $both '' -md5 -CA "$work/second.pem" -CAkey "$work/second.key"
    signed second-authority URI:puma:party1 $both '' -CA "$work/second.pem" -CAkey "$work/second.key"
    csr=$work/rsa.csr signed rsa-1024 URI:puma:party1 $both
    cp -p "$work/rsa.key" "$v/party1.key"
    dated expired 20200101000000Z 20200201000000Z
    dated not-yet-valid 20990101000000Z 20990201000000Z
    folder wrong-authority
    cp "$work/foreign/party1.pem" "$v/"
    cp -p "$work/foreign/party1.key" "$v/"
    folder self-signed
    openssl req -x509 -key "$work/ec.key" -subj /CN=party1 -days 30 -addext subjectAltName=URI:puma:party1 -out "$v/party1.pem" 2>"$work/err"
    folder the-authority-itself
    cp "$ca/ca.pem" "$v/party1.pem"
    cp -p "$ca/ca.key" "$v/party1.key"
    # CA -> intermediate -> party1; our CA allows none below it
    printf 'basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\n' >"$work/ext"
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=between -keyout "$work/between.key" -out "$work/between.csr" 2>"$work/err"
    openssl x509 -req -in "$work/between.csr" -CA "$ca/ca.pem" -CAkey "$ca/ca.key" -CAserial "$work/serial" -days 30 -extfile "$work/ext" \
        -out "$work/between.pem" 2>"$work/err"
    folder intermediate
    extensions URI:puma:party1 $both
    openssl x509 -req -in "$work/ec.csr" -CA "$work/between.pem" -CAkey "$work/between.key" -CAserial "$work/serial" -days 30 -extfile "$work/ext" \
        -out "$v/leaf.pem" 2>"$work/err"
    cat "$v/leaf.pem" "$work/between.pem" >"$v/party1.pem"

    copied key-of-another && cp -p "$work/foreign/party1.key" "$v/"
    copied key-encrypted && openssl pkey -in "$work/ec.key" -aes128 -passout pass:secret -out "$v/party1.key"
    copied key-for-the-group && chmod 640 "$v/party1.key"
    copied key-for-all && chmod 604 "$v/party1.key"
    copied key-unreadable && chmod 0 "$v/party1.key"
    for name in ca.pem party1.pem party1.key; do
        copied "missing-$name" && rm "$v/$name"
        copied "empty-$name" && : >"$v/$name"
        copied "garbage-$name" && head -c 2000 /dev/zero | tr '\0' '#' >"$v/$name"
        copied "cut-$name" && head -c 120 "$work/v/good/$name" >"$v/$name"
        copied "folder-$name" && rm "$v/$name" && mkdir "$v/$name"
        copied "fifo-$name" && rm "$v/$name" && mkfifo -m 600 "$v/$name"
        copied "loop-$name" && rm "$v/$name" && ln -s "$name" "$v/$name"
    done
    copied der-ca.pem && openssl x509 -in "$ca/ca.pem" -outform DER -out "$v/ca.pem"
    copied der-party1.pem && openssl x509 -in "$work/v/good/party1.pem" -outform DER -out "$v/party1.pem"
    copied der-party1.key && openssl pkey -in "$work/ec.key" -outform DER -out "$v/party1.key"
    chmod 600 "$work"/v/{der,cut,garbage,empty}-*/party1.key
}

# --- what each must end as -------------------------------------------------------------------------
# VARIANT | its owner, alone | P0, which it calls | P2, which calls it; "CODE words", "-" where it is not tried, "in" where the
# certificate is taken: what follows is then that nobody comes (7).
table() {
    local file
    cat <<'END'
good|in|in|in
two-names-ours-first|in|in|in
name-beside-others|in|in|in
second-authority|in|in|in
no-certificate|-|8 peer did not return a certificate|-
two-names-ours-last|8 party1.pem: party1 is needed, and this is the certificate of party2|-|8 expected P1, got P2
another-kind-of-name|8 party1.pem: party1 is needed|8 no role of this run|8 expected P1, got a certificate without a puma: name
name-with-a-nul|8 party1.pem: party1 is needed|8 no role of this run|8 expected P1, got a certificate without a puma: name
name-in-other-case|8 party1.pem: party1 is needed|8 no role of this run|8 expected P1, got puma:PARTY1
scheme-in-other-case|8 party1.pem: party1 is needed|8 no role of this run|8 expected P1, got a certificate without a puma: name
no-name|8 party1.pem: party1 is needed|8 no role of this run|8 expected P1, got a certificate without a puma: name
anothers-name|8 party1.pem: party1 is needed, and this is the certificate of party2|-|8 expected P1, got P2
the-clients-name|8 party1.pem: party1 is needed, and this is the certificate of client|-|8 expected P1, got client
no-role-of-this-run|8 party1.pem: party1 is needed, and this is the certificate of dealer|8 certificate of puma:dealer is of no role|8 expected P1, got puma:dealer
wrong-use|-|8 certificate of puma:party1 refused: unsuitable certificate purpose|8 certificate of puma:party1 refused: unsuitable certificate purpose
server-alone|-|8 unsuitable certificate purpose|in
client-alone|-|in|8 unsuitable certificate purpose
unknown-critical|-|8 unhandled critical extension|8 unhandled critical extension
sha1|-|8 signature digest algorithm too weak|8 signature digest algorithm too weak
md5|-|8 signature digest algorithm too weak|8 signature digest algorithm too weak
rsa-1024|8 party1.pem: |8 key too weak|8 key too weak
expired|8 party1.pem: expired on Feb  1 00:00:00 2020|8 certificate has expired: Feb  1 00:00:00 2020|8 certificate has expired: Feb  1
not-yet-valid|8 party1.pem: not valid before Jan  1 00:00:00 2099|8 not yet valid: Jan  1 00:00:00 2099|8 not yet valid: Jan  1
wrong-authority|-|8 unable to get local issuer certificate|8 unable to get local issuer certificate
self-signed|-|8 self-signed certificate|8 self-signed certificate
intermediate|-|8 path length constraint exceeded|8 path length constraint exceeded
the-authority-itself|8 party1.pem: party1 is needed|8 |8 
key-of-another|8 party1.key: does not belong to the certificate|-|-
key-encrypted|8 party1.key: no usable private key (encrypted or damaged)|-|-
key-for-the-group|3 party1.key: private key is open to others (mode 0640|-|-
key-for-all|3 party1.key: private key is open to others (mode 0604|-|-
END
    [ "$(id -u)" = 0 ] || echo 'key-unreadable|8 party1.key: Permission denied|-|-'
    for file in ca.pem party1.pem party1.key; do
        printf '%s-%s|8 %s: |-|-\n' missing $file $file empty $file $file garbage $file $file cut $file $file der $file $file folder $file $file loop $file $file
        printf 'fifo-%s|8 %s: not a regular file|-|-\n' $file $file
    done
}

# --- running ---------------------------------------------------------------------------------------

# run_file N: the run file of addresses 127.BLOCK.N.10 to .12
run_file() {
    printf '[run]\nmodel = %s\ntask = classify\nprotocol = rep3\n[input]\ntext = In the beginning\n[network]\ntransport = tls\n' "$models/bert-tiny"
    printf 'connect_timeout_ms = 3000\nio_timeout_ms = 3000\n'
    printf 'party%d = 127.%d.%d.%d:%d\n' 0 $block "$1" 10 $port 1 $block "$1" 11 $port 2 $block "$1" 12 $port
}
wait_for() { for _ in $(seq 200); do grep -q -- "$2" "$1" && return 0; read -rt 0.05 <> <(:) || true; done; return 1; }
# node RUN_FILE ROLE CERTIFICATES NAME ARGUMENTS...: its end in NAME.code and NAME.err
node() {
    timeout 8 "$puma" run "$1" --party "$2" --set "network.certificates=$3" "${@:5}" >"$4.out" 2>"$4.err"
    echo $? >"$4.code"
}
weak=(-cipher DEFAULT@SECLEVEL=0)

own() { node "$1" 1 "$work/v/$2" "$work/r/$2.own" --set network.connect_timeout_ms=200; }
# called RUN_FILE VARIANT WANTED: party 0 waits, and is called with the certificate; what it says to the caller goes to NAME.bytes.
called() {
    local name=$work/r/$2.caller host shows=(-cert "$work/v/$2/party1.pem" -cert_chain "$work/v/$2/party1.pem" -key "$work/v/$2/party1.key")
    host=$(sed -n 's/^party0 = \(.*\)/\1/p' "$1")
    [ "$2" != no-certificate ] || shows=()
    # On a busy machine the caller may come when the party has given up waiting: then once more.
    for _ in 1 2 3; do
        : >"$name.err"
        node "$1" 0 "$ca" "$name" &
        wait_for "$name.err" listening
        timeout 8 openssl s_client -connect "$host" "${shows[@]}" "${weak[@]}" -quiet <>"$work/hold" >"$name.bytes" 2>"$name.peer"
        wait
        if [ "$3" = in ] || grep -q refused "$name.err"; then break; fi
    done
}
# Party 2 calls party 1, where the certificate answers.
calling() {
    local name=$work/r/$2.server host peer
    host=$(sed -n 's/^party1 = \(.*\)/\1/p' "$1")
    for _ in 1 2 3; do
        timeout 8 openssl s_server -accept "$host" -naccept 1 -cert "$work/v/$2/party1.pem" -cert_chain "$work/v/$2/party1.pem" \
            -key "$work/v/$2/party1.key" -CAfile "$ca/ca.pem" -Verify 2 "${weak[@]}" -quiet <>"$work/hold" >"$name.bytes" 2>"$name.peer" &
        peer=$!
        node "$1" 2 "$ca" "$name"
        kill $peer 2>"$work/null"
        wait
        # As above: it may have answered too late.
        if [ "$(cat "$name.code")" != 7 ] || [ -s "$name.bytes" ]; then break; fi
    done
}

# Is the file one ABORT frame, no more?  Who is known to the authority, under another name, is told why.
is_abort() { [ "$(head -c 5 "$1" | od -An -tx1 | tr -d ' ')" = 50554d4108 ] && [ $((48 + $(od -An -tu8 -j 16 -N 8 "$1"))) = "$(wc -c <"$1")" ]; }

# judge VARIANT KIND WANTED
judge() {
    local name=$work/r/$1.$2 want=$3 code bytes=0
    if [ "$want" = - ]; then return; fi
    code=$(cat "$name.code")
    [ ! -e "$name.bytes" ] || bytes=$(wc -c <"$name.bytes")
    if [ "$want" = in ]; then
        # Who calls says HELLO; who is called waits for it.
        if [ "$code" = 7 ] && { [ "$2" != server ] || [ "$bytes" -ge 48 ]; }; then pass; else fail "$1, $2: exit $code, $bytes bytes: $(cat "$name.err")"; fi
        return
    fi
    if [ "$code" = "${want%% *}" ] && [ ! -s "$name.out" ] && [ "$(grep -c '^puma: error E' "$name.err")" = 1 ] &&
        tail -n 1 "$name.err" | grep -q '^puma: error E' && tail -n 1 "$name.err" | grep -qF -- "${want#* }" &&
        [ "$(tail -n 1 "$name.err" | wc -c)" -le 330 ] && ! grep -q '[^[:print:][:space:]]' "$name.err"; then pass; else
        fail "$1, $2: exit $code (wanted $want): $(tail -n 2 "$name.err")"
    fi
    if [ "$2" = own ]; then
        if grep -q listening "$name.err"; then fail "$1: its owner listens"; else pass; fi
    elif [ "$bytes" = 0 ] || { [ "$2" = server ] && [ "${want#8 expected}" != "$want" ] && is_abort "$name.bytes"; }; then pass; else
        fail "$1, $2: $bytes bytes of the run have been sent"
    fi
}

make_all
mkdir "$work/r"
table >"$work/table"
at=0
while IFS='|' read -r variant own caller server; do
    at=$((at + 1))
    for i in 1 2 3; do run_file $((3 * at + i)) >"$work/r/$variant.$i.ini"; done
    [ "$own" = - ] || own "$work/r/$variant.1.ini" "$variant" &
    [ "$caller" = - ] || called "$work/r/$variant.2.ini" "$variant" "$caller" &
    [ "$server" = - ] || calling "$work/r/$variant.3.ini" "$variant" &
    [ $((at % 30)) != 0 ] || wait
done <"$work/table"
wait
while IFS='|' read -r variant own caller server; do
    judge "$variant" own "$own"
    judge "$variant" caller "$caller"
    judge "$variant" server "$server"
done <"$work/table"

echo "certificates: $passed passed, $failed failed"
[ "$failed" = 0 ]
