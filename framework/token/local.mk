# framework/token: its sources and tests
