//! Isolated trees, scripted processes, probes and leak checks for tests.
