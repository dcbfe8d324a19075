# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# masked sharing and its protocols: no plugin, sources that backends compile in
masked_sources = %D%/masked.h %D%/wire.c %D%/io.c %D%/linear.c %D%/product.c %D%/trunc.c %D%/bits.c %D%/less.c %D%/maximum.c \
	%D%/onehot.c %D%/table.c
