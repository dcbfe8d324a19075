#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# autogen.sh - makes ./configure; needs autoconf, automake, libtool, autoconf-archive and pkg-config
set -e
cd "$(dirname "$0")"
mkdir -p m4
exec autoreconf --install "$@"
