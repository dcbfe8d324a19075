#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# fresh.sh - on a bare Debian 12, without a compiler or a library of ours, a clone of this tree does what the README says
set -uo pipefail

suite=bookworm
limit=2400    # seconds for one target
tree=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd -P)
fresh=$tree/build/fresh
base=$fresh/base

usage() {
    cat <<'END'
usage: tests/fresh.sh [TARGET...]

  run generate check build   what ./quickstart is asked for (default: run).  Joined by commas, as in run,check,run, they follow
                             each other in one copy; otherwise each has its own
  user                       somebody who is not root: is told the missing packages, gets them installed, then runs

The bare system is made once, by debootstrap from the machine's own Debian mirror, in build/fresh/base.  Each target runs in a
throw-away copy of it, on a clone of HEAD, by chroot.  A line for each with its result and its seconds (all that it printed is in
build/fresh/TARGET.log); the last line is "N passed, N failed".  Without root or debootstrap: SKIP, exit 77.
END
}

note() { printf '    %s\n' "$*"; }
skip() { printf 'SKIP fresh.sh: %s\n' "$*"; exit 77; }
die()  { printf 'fresh.sh: %s\n' "$*" >&2; exit 1; }

# ---- outside: a folder for this run, and a world of mounts and processes that ends with it -----------
check_targets() {
    local target word
    for target in "$@"; do
        for word in ${target//,/ }; do
            case $word in
            run | generate | check | build) ;;
            user) [ "$target" = user ] || { usage >&2; exit 2; } ;;
            *) usage >&2; exit 2 ;;
            esac
        done
    done
}

# REPOSITORY|SUITE|COMPONENT of Debian 12, as this machine's apt has them
debian_sources() {
    # shellcheck disable=SC2016  # apt's own variables
    apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        grep -E "\|$suite(-updates|-security)?\|main$" | sort -u
}
mirror() { debian_sources | sed -n "s/|$suite|main$//p" | head -n 1; }

check_machine() {
    [ "$(id -u)" -eq 0 ] || skip "it needs root, for debootstrap, mounts and chroot"
    command -v debootstrap >/dev/null || [ -e "$base" ] || skip "debootstrap is not installed"
    command -v git >/dev/null || skip "git is not installed"
    [ -e "$tree/.git" ] || skip "$tree is not a clone: there is nothing to clone"
    unshare --mount --pid --kill-child mount -t tmpfs none /mnt 2>/dev/null || skip "this root may not mount anything"
    [ -n "$(mirror)" ] || skip "apt's sources on this machine have no Debian 12 ($suite)"
}

run_dir='' inside=''
# shellcheck disable=SC2317,SC2329  # the trap calls it
clean_up() {
    trap '' HUP INT TERM
    [ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null
    exec 9>&-
    [ -z "$run_dir" ] || { flock "$run_dir/lock" true; rm -rf "$run_dir"; }    # once the last process in there is gone
}

outside() {
    local old
    mkdir -p "$fresh"
    chown --reference="$tree" "$tree/build" "$fresh"
    for old in "$fresh"/.run.*/; do    # of runs that were killed
        [ -e "$old" ] && flock --nonblock "$old/lock" true && rm -rf "$old"
    done
    run_dir=$(mktemp -d "$fresh/.run.XXXXXX") || exit 1
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # Everybody in there has this file open; the lock is free when nobody is left.
    exec 9>"$run_dir/lock"
    flock 9
    setpriv --pdeathsig KILL unshare --mount --pid --kill-child --propagation private \
        bash "$tree/tests/fresh.sh" --inside "$run_dir" "$@" </dev/null &
    inside=$!
    wait "$inside"
    exit $?
}

# ---- inside: the bare system ------------------------------------------------------------------------
# The copies go with the run's folder, from outside, where nothing is mounted in them.
# Prints what the system in $1 has that a bare one has not.
more_than_bare() {
    local command
    # shellcheck disable=SC2016  # dpkg's own variable
    chroot "$1" /usr/bin/dpkg-query -W -f '${Package}\n' |
        grep -E -- '-dev$|cmocka|^(gcc|g\+\+|cpp|clang|tcc)(-[0-9.]+)?$|^(make|autoconf|automake|libtool|pkg-config|pkgconf|python3)$'
    for command in cc gcc clang make autoconf automake libtoolize pkg-config python3 pip pip3; do
        chroot "$1" /bin/bash -c "command -v $command"
    done
    find "$1" -xdev \( -path '*/include/*.h' -o -name '*cmocka*' \) -printf '/%P\n'
}

make_base() {
    local proxy
    rm -rf "$base" "$base.new"
    printf '==> making a bare Debian 12 in %s\n' "$base"
    proxy=$(apt-config shell p Acquire::http::Proxy | sed -n "s/^p='\(.*\)'$/\1/p")
    [ -z "$proxy" ] || [ -n "${http_proxy-}" ] || export http_proxy="$proxy"
    debootstrap --variant=minbase "$suite" "$base.new" "$(mirror)" >"$fresh/debootstrap.log" 2>&1 ||
        { tail -n 20 "$fresh/debootstrap.log" >&2; die "debootstrap failed; all it said is in $fresh/debootstrap.log"; }
    mv "$base.new" "$base"
}

have_base() {
    local more
    exec 8>"$fresh/lock"
    flock 8
    [ -e "$base/etc/debian_version" ] || make_base
    more=$(more_than_bare "$base" | head -n 5 | tr '\n' ' ')
    if [ -n "$more" ]; then
        note "the system in $base is not bare, it has $more: making it again"
        make_base
        more=$(more_than_bare "$base" | head -n 5 | tr '\n' ' ')
        [ -z "$more" ] || die "a new Debian 12 is not bare: it has $more"
    fi
    exec 8>&-
}

# ---- inside: a copy of it with this machine's settings ----------------------------------------------
# What a machine needs to reach package servers: NAME=VALUE a line.
carried_variables() { env | grep -E '^(PIP_[A-Z_]+|(https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)='; }

carry() { [ ! -f "$1" ] || { mkdir -p "$(dirname "$2")" && cp -L "$1" "$2"; }; }

carry_settings() {
    local root=$1 repository release component variable home
    carry /etc/resolv.conf "$root/etc/resolv.conf"
    carry /etc/hosts "$root/etc/hosts"
    debian_sources | while IFS='|' read -r repository release component; do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $repository $release $component"
    done >"$root/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::(https?|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv[46])\b.* "[^"]+";$' |
        grep -v Proxy-Auto-Detect >"$root/etc/apt/apt.conf.d/90machine"
    carry /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    [ ! -d /usr/local/share/ca-certificates ] || cp -rL /usr/local/share/ca-certificates "$root/usr/local/share/"
    carry /etc/pip.conf "$root/etc/pip.conf"
    for home in root home/newcomer; do
        carry ~/.config/pip/pip.conf "$root/$home/.config/pip/pip.conf"
        carry ~/.pip/pip.conf "$root/$home/.pip/pip.conf"
    done
    carried_variables | while IFS= read -r variable; do
        case ${variable#*=} in /*) [ -e "$root${variable#*=}" ] || carry "${variable#*=}" "$root${variable#*=}" ;; esac
    done
    if [ -d "${PIP_FIND_LINKS-}" ]; then
        mkdir -p "$root$PIP_FIND_LINKS" && mount --bind "$PIP_FIND_LINKS" "$root$PIP_FIND_LINKS" &&
            mount -o remount,bind,ro "$root$PIP_FIND_LINKS"
    fi
}

# The least of devices: no terminal and no /dev/shm.
mount_devices() {
    local root=$1 device
    mount -t proc proc "$root/proc" 2>/dev/null || mount --bind /proc "$root/proc" || return 1
    mount -t tmpfs -o mode=755,size=1m none "$root/dev" || return 1
    for device in null zero full random urandom; do
        touch "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device" || return 1
    done
    ln -s /proc/self/fd "$root/dev/fd"
}

# make_copy FOLDER: FOLDER/root is a copy of the base, with a user and with the clone in /srv/puma
make_copy() {
    local copy=$1 root=$1/root more
    mkdir -p "$copy/upper" "$copy/work" "$root"
    if ! mount -t overlay -o "lowerdir=$base,upperdir=$copy/upper,workdir=$copy/work" overlay "$root" 2>/dev/null; then
        note "overlay mounts do not work here: copying the whole system"
        cp -a "$base/." "$root" || return 1
    fi
    more=$(more_than_bare "$root" | head -n 5 | tr '\n' ' ')
    [ -z "$more" ] || { note "the copy is not bare, it has $more"; return 1; }
    chroot "$root" /usr/sbin/useradd --create-home --shell /bin/bash newcomer || return 1
    mount_devices "$root" || return 1
    carry_settings "$root"
    git clone --quiet --no-hardlinks "$tree" "$root/srv/puma" &&
        git -C "$root/srv/puma" checkout --quiet --detach "$head" || return 1
}

# ---- inside: what people do -------------------------------------------------------------------------
# as USER COMMAND...: in the copy, with what little a login gives them.  No PATH to sbin: so it is after Debian's `su`.
as() {
    local user=$1 home=/root; shift
    [ "$user" = root ] || home=/home/$user
    env -i "${carried[@]}" HOME="$home" USER="$user" PATH=/usr/local/bin:/usr/bin:/bin TERM=dumb \
        timeout -k 10 "$limit" "$(command -v chroot)" --userspec="$user:$user" "$root" /bin/bash -c 'cd /srv/puma && "$@"' bash "$@" </dev/null
}

quickstart_as() {
    local user=$1 target=$2
    echo "---- as $user: ./quickstart $target"
    if [ "$target" = run ]; then target=; fi
    # shellcheck disable=SC2086  # no word where there is no target
    as "$user" ./quickstart $target
}

# Told what is missing, given just that, somebody who is not root gets their answer.
user_story() {
    local line
    chown -R --no-dereference --reference="$root/home/newcomer" "$root/srv/puma"
    if quickstart_as newcomer run >"$copy/first" 2>&1; then
        cat "$copy/first"
        echo "./quickstart has run where nothing that it needs is installed"
        return 1
    fi
    cat "$copy/first"
    line=$(sed -n 's/^quickstart: .*; as root:  \(apt-get .*\)$/\1/p' "$copy/first")
    [ -n "$line" ] || { echo "no line for apt-get in what it says"; return 1; }
    echo "---- as root: $line"
    as root /bin/bash -c "PATH=\$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive; export PATH DEBIAN_FRONTEND; $line" || return 1
    quickstart_as newcomer run && quickstart_as newcomer build
}

story() {
    local word changed
    make_copy "$copy" || { echo "the copy of the bare system could not be made"; return 1; }
    if [ "$1" = user ]; then
        user_story || return 1
    else
        for word in ${1//,/ }; do quickstart_as root "$word" || return 1; done
    fi
    changed=$(git -C "$root/srv/puma" status --porcelain) || return 1
    [ -z "$changed" ] || { printf 'quickstart has changed or left files outside of build/:\n%s\n' "$changed"; return 1; }
}

inside() {
    local target start log passed=0 failed=0
    run_dir=$1; shift
    # The clone may belong to others than who looks at it.
    export GIT_CONFIG_GLOBAL=$run_dir/gitconfig
    printf '[safe]\n\tdirectory = *\n' >"$GIT_CONFIG_GLOBAL"
    head=$(git -C "$tree" rev-parse HEAD) || die "git does not know HEAD of $tree"
    printf '==> a clone of %s\n' "$(git -C "$tree" log -1 --format='%h (%s)')"
    [ -z "$(git -C "$tree" status --porcelain)" ] || note "there are uncommitted changes: they are not in the clone"
    have_base
    mapfile -t carried < <(carried_variables)
    for target in "$@"; do
        copy=$(mktemp -d "$run_dir/copy.XXXXXX")
        root=$copy/root
        log=$fresh/$target.log
        start=$SECONDS
        if story "$target" >"$log" 2>&1; then
            passed=$((passed + 1))
            printf 'PASS %s %d s (%s)\n' "$target" $((SECONDS - start)) "$(tail -n 1 "$log" | cut -c -100)"
            grep -h "cannot be had here\|overlay mounts do not" "$log"
        else
            failed=$((failed + 1))
            tail -n 40 "$log"
            printf 'FAIL %s %d s (all of its output: %s)\n' "$target" $((SECONDS - start)) "$log"
        fi
    done
    printf '%d passed, %d failed\n' $passed $failed
    [ $failed -eq 0 ]
}

case ${1-} in
-h | --help) usage; exit 0 ;;
--inside) shift; inside "$@"; exit ;;
esac
[ $# -gt 0 ] || set -- run
check_targets "$@"
check_machine
outside "$@"
