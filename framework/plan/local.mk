# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/plan/libplan.la
framework_plan_libplan_la_SOURCES = %D%/plan.c %D%/encoder.c %D%/encoder.h %D%/plan.h
