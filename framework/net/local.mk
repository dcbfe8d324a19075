# framework/net: its sources and tests
