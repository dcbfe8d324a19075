# framework/plugin: finding, vetting and opening plugins
noinst_LTLIBRARIES += framework/plugin/libplugin.la
framework_plugin_libplugin_la_SOURCES = %D%/plugin.c %D%/plugin.h %D%/vet.c %D%/vet.h
