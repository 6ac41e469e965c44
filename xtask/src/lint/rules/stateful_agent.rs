//! `stateful_agent_without_persistence`: an agent that does not say what becomes of its state.

use super::{Levels, Rule};

pub(crate) const STATEFUL_AGENT: Rule = Rule {
    code: "FND019",
    id: "stateful_agent_without_persistence",
    levels: Levels::NOWHERE,
    message: "is an agent that says nothing about what survives a restart",
    hint: "implement a durable trait (`[types] durable`), or write `// lint: durable -- where` or \
           `// lint: stateless -- why` above the type or its `impl`",
    explain: "\
A supervisor restarts a process with the state that `init` makes. Whether that is a fresh start or a loss
of data is a decision, and it should be written down where the agent is.

Found: an `impl` of an agent trait (`[types] agents`; by default foundation's GenServer and
ThreadServer) for a type that neither implements a durable trait (`[types] durable`) in
the same package nor carries a declaration: a comment `// lint: durable -- where` or `// lint: stateless
-- why` with at least ten characters, above the type or above the `impl`.
Off unless the configuration raises it, and then in production.",
    ..Rule::BLANK
};
