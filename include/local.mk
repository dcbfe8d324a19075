# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# include/puma: all that a plugin includes; installed as one folder
pumaincludedir       = $(includedir)/puma
pumainclude_HEADERS  = %D%/puma/approx.h %D%/puma/host.h %D%/puma/ops.h %D%/puma/plugin.h %D%/puma/rows.h \
                       %D%/puma/protocol.h %D%/puma/status.h %D%/puma/tensor.h
