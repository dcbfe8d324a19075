# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# framework/plugin: finding, vetting and opening plugins
noinst_LTLIBRARIES += framework/plugin/libplugin.la
framework_plugin_libplugin_la_SOURCES = %D%/plugin.c %D%/plugin.h %D%/vet.c %D%/vet.h %D%/fence.c %D%/fence.h

check_PROGRAMS += tests/unit/test_plugin
tests_unit_test_plugin_SOURCES = tests/unit/test_plugin.c
tests_unit_test_plugin_LDADD = framework/plugin/libplugin.la framework/base/libbase.la $(OPENSSL_LIBS) \
    $(CMOCKA_LIBS) -ldl -lm

# One plugin for each way in which one can be wrong; -rpath makes libtool build a module that is not installed.
VARIANT_LDFLAGS = -module -avoid-version -shared -rpath /nowhere -export-symbols-regex '^(puma_plugin_entry|some_other_entry)$$' \
    $(PUMA_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/good.la
tests_unit_plugins_good_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_good_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=0 -DNAME='"good"'
tests_unit_plugins_good_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/other_major.la
tests_unit_plugins_other_major_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_other_major_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=1 -DNAME='"other_major"'
tests_unit_plugins_other_major_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/newer_minor.la
tests_unit_plugins_newer_minor_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_newer_minor_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=2 -DNAME='"newer_minor"'
tests_unit_plugins_newer_minor_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/small_entry.la
tests_unit_plugins_small_entry_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_small_entry_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=3 -DNAME='"small_entry"'
tests_unit_plugins_small_entry_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/huge_entry.la
tests_unit_plugins_huge_entry_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_huge_entry_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=4 -DNAME='"huge_entry"'
tests_unit_plugins_huge_entry_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/small_table.la
tests_unit_plugins_small_table_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_small_table_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=5 -DNAME='"small_table"'
tests_unit_plugins_small_table_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/huge_table.la
tests_unit_plugins_huge_table_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_huge_table_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=6 -DNAME='"huge_table"'
tests_unit_plugins_huge_table_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/missing_slot.la
tests_unit_plugins_missing_slot_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_missing_slot_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=7 -DNAME='"missing_slot"'
tests_unit_plugins_missing_slot_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/function_entry.la
tests_unit_plugins_function_entry_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_function_entry_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=8 -DNAME='"function_entry"'
tests_unit_plugins_function_entry_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/no_entry.la
tests_unit_plugins_no_entry_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_no_entry_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=9 -DNAME='"no_entry"'
tests_unit_plugins_no_entry_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/undefined_symbol.la
tests_unit_plugins_undefined_symbol_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_undefined_symbol_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=10 -DNAME='"undefined_symbol"'
tests_unit_plugins_undefined_symbol_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/changes_rounding.la
tests_unit_plugins_changes_rounding_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_changes_rounding_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=11 -DNAME='"changes_rounding"'
tests_unit_plugins_changes_rounding_la_LDFLAGS = $(VARIANT_LDFLAGS)
tests_unit_plugins_changes_rounding_la_LIBADD = -lm
check_LTLIBRARIES += tests/unit/plugins/other_name.la
tests_unit_plugins_other_name_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_other_name_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=12 -DNAME='"other_name"'
tests_unit_plugins_other_name_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/no_optional.la
tests_unit_plugins_no_optional_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_no_optional_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=13 -DNAME='"no_optional"'
tests_unit_plugins_no_optional_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/empty.la
tests_unit_plugins_empty_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_empty_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=14 -DNAME='"empty"'
tests_unit_plugins_empty_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/bad_dealer.la
tests_unit_plugins_bad_dealer_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_bad_dealer_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=15 -DNAME='"bad_dealer"'
tests_unit_plugins_bad_dealer_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/no_eval.la
tests_unit_plugins_no_eval_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_no_eval_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=16 -DNAME='"no_eval"'
tests_unit_plugins_no_eval_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/version_1.la
tests_unit_plugins_version_1_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_version_1_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=17 -DNAME='"version_1"'
tests_unit_plugins_version_1_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/no_bit_planes.la
tests_unit_plugins_no_bit_planes_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_no_bit_planes_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=18 -DNAME='"no_bit_planes"'
tests_unit_plugins_no_bit_planes_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/small_extension.la
tests_unit_plugins_small_extension_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_small_extension_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=19 -DNAME='"small_extension"'
tests_unit_plugins_small_extension_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/no_verify.la
tests_unit_plugins_no_verify_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_no_verify_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=20 -DNAME='"no_verify"'
tests_unit_plugins_no_verify_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/clear_without_apply.la
tests_unit_plugins_clear_without_apply_la_SOURCES = tests/unit/plugins/variant.c
tests_unit_plugins_clear_without_apply_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=21 -DNAME='"clear_without_apply"'
tests_unit_plugins_clear_without_apply_la_LDFLAGS = $(VARIANT_LDFLAGS)
check_LTLIBRARIES += tests/unit/plugins/misbehaves.la
tests_unit_plugins_misbehaves_la_SOURCES = tests/unit/plugins/variant.c tests/unit/plugins/misdeeds.h
tests_unit_plugins_misbehaves_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=22 -DNAME='"misbehaves"'
tests_unit_plugins_misbehaves_la_LDFLAGS = $(VARIANT_LDFLAGS)
tests_unit_plugins_misbehaves_la_LIBADD = -lm
