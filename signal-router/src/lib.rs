//! CloudEvents signals, wildcard routing and bounded subscribers.
