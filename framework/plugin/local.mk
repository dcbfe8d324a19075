# framework/plugin: its sources and tests
