//! The traits and types that rules know by name; `[types]` of the configuration replaces them.

/// Full paths, as a `use` would spell them.
#[derive(Debug)]
pub(crate) struct Types {
    /// Traits that make a type an agent.
    pub(crate) agents: Vec<String>,
    /// Traits that make an agent durable.
    pub(crate) durable: Vec<String>,
    /// Types whose value watches somebody.
    pub(crate) monitor: Vec<String>,
    /// Traits that receive measurements.
    pub(crate) sinks: Vec<String>,
}

impl Default for Types {
    fn default() -> Types {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Types {
            agents: owned(&["foundation::GenServer", "foundation::ThreadServer"]),
            durable: Vec::new(),
            monitor: owned(&["foundation::Monitor", "foundation::MonitorRef"]),
            sinks: owned(&[
                "metrics::Recorder",
                "metrics::CounterFn",
                "metrics::GaugeFn",
                "metrics::HistogramFn",
                "tracing_subscriber::Layer",
                "tracing_subscriber::layer::Layer",
                "tracing::Subscriber",
                "tracing::subscriber::Subscriber",
                "tracing_core::Subscriber",
            ]),
        }
    }
}

impl Types {
    /// The list of this name in `[types]`.
    pub(crate) fn list(&mut self, key: &str) -> Option<&mut Vec<String>> {
        match key {
            "agents" => Some(&mut self.agents),
            "durable" => Some(&mut self.durable),
            "monitor" => Some(&mut self.monitor),
            "sinks" => Some(&mut self.sinks),
            _ => None,
        }
    }
}
