//! The tree of a script as specifications.

use foundation::{ChildSpec, DynamicSupervisorSpec, ServerSpec, SupervisorSpec};

use crate::recorder::Shared;
use crate::script::{Manners, Node, Role};
use crate::worker::Worker;

/// Describes any child but those of dynamic supervisors.
pub(crate) fn child(node: &Node, shared: &Shared) -> ChildSpec {
    let label = node.label.as_str();
    let spec = match &node.role {
        Role::Worker(manners) => worker(label, *manners, shared),
        Role::Dynamic { intensity, period, .. } => {
            DynamicSupervisorSpec::new().intensity(*intensity, *period).name(label).as_child(label)
        }
        Role::Supervisor { .. } => supervisor(label, &node.role, shared)
            .expect("the role is that of a supervisor")
            .as_child(label),
    };
    spec.restart(node.restart).shutdown(node.shutdown).significant(node.is_significant)
}

/// Describes a supervisor with its children, if that is the role.
pub(crate) fn supervisor(label: &str, role: &Role, shared: &Shared) -> Option<SupervisorSpec> {
    let Role::Supervisor { strategy, auto_shutdown, intensity, period } = role else { return None };
    let children = shared.script.listed(label).map(|node| child(node, shared));
    let spec = SupervisorSpec::new(*strategy).auto_shutdown(*auto_shutdown);
    Some(spec.intensity(*intensity, *period).name(label).children(children))
}

/// Describes a child of a dynamic supervisor, if that is the role.
pub(crate) fn dynamic_child(role: &Role, label: &str, shared: &Shared) -> Option<ChildSpec> {
    let Role::Dynamic { restart, shutdown, worker: manners, .. } = role else { return None };
    Some(worker(label, *manners, shared).restart(*restart).shutdown(*shutdown))
}

fn worker(label: &str, manners: Manners, shared: &Shared) -> ChildSpec {
    let mut spec = ServerSpec::<Worker>::new((shared.clone(), label.to_owned(), manners));
    if let Some(name) = shared.names.get(label) {
        spec = spec.name(name);
    }
    spec.child(label)
}
