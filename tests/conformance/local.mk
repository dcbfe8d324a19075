# tests/conformance: its sources and tests
