# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# plugins/approx/pieces: shared by puma and bolt; compiled into each
pieces_sources = %D%/pieces.c %D%/pieces.h
