//! Coordination of many agents: capability registry.
