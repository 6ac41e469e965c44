//! Values, profiles and the rules of the roster, with real processes as owners.

mod model;

use foundation::{
    Context, Exit, ExitReason, GenServer, Node, NodeConfig, ProcessRef, ServerSpec, Strategy,
    Supervisor, SupervisorSpec,
};

use crate::error::{ProfileError, RegisterError, UpdateError};
use crate::registry::agent::AgentId;
use crate::registry::profile::Profile;
use crate::registry::query::Query;
use crate::registry::roster::{Entry, Roster};
use crate::registry::value::Value;

struct Idle;

impl GenServer for Idle {
    type Args = ();
    type Msg = ();

    async fn init((): (), _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        Ok(())
    }
}

async fn processes(count: usize) -> (Supervisor, Vec<ProcessRef>) {
    let node = Node::new(NodeConfig::default()).expect("panics unwind");
    let names: Vec<_> = (0..count)
        .map(|number| node.name::<()>(&format!("idle {number}")).expect("the name is free"))
        .collect();
    let children =
        names.iter().map(|name| ServerSpec::<Idle>::new(()).name(name).child(name.key()));
    let spec = SupervisorSpec::new(Strategy::OneForOne).children(children.collect::<Vec<_>>());
    let root = Supervisor::start(&node, spec).await.expect("the tree starts");
    let running = names.iter().map(|name| name.whereis().expect("it runs").process().clone());
    (root, running.collect())
}

async fn kill(process: &ProcessRef) {
    let monitor = process.monitor();
    process.exit(ExitReason::Killed);
    monitor.down().await;
}

fn id(text: &str) -> AgentId {
    text.parse().expect("an id")
}

fn entry(text: &str, process: &ProcessRef, load: i64) -> Entry {
    let profile = Profile::new().capability("work").attribute("load", load);
    Entry { id: id(text), process: process.clone(), profile }
}

fn found(roster: &Roster, query: &Query) -> Vec<String> {
    roster.index().query(query).iter().map(|agent| agent.id().to_string()).collect()
}

#[tokio::test]
async fn a_taken_id_is_refused_and_the_original_kept() {
    let (_root, owners) = processes(2).await;
    let mut roster = Roster::new(10);
    assert!(roster.register(entry("a", &owners[0], 1)).is_ok());
    let refused = roster.register(entry("a", &owners[1], 2));
    assert!(matches!(refused, Err(RegisterError::Taken { holder })
        if holder.pid() == owners[0].pid()));
    assert_eq!(found(&roster, &Query::eq("load", 1)), ["a"]);
    assert_eq!(found(&roster, &Query::eq("load", 2)), [""; 0]);
}

#[tokio::test]
async fn a_late_down_of_an_old_process_leaves_the_new_row_alone() {
    let (_root, owners) = processes(2).await;
    let mut roster = Roster::new(10);
    for text in ["a", "b"] {
        assert!(roster.register(entry(text, &owners[0], 1)).is_ok());
    }
    kill(&owners[0]).await;
    let evicted = roster.register(entry("a", &owners[1], 2)).expect("the holder is dead");
    assert_eq!(evicted, Some(owners[0].pid()));
    assert!(roster.owns_any(owners[0].pid()), "it still has b");
    assert_eq!(roster.down(owners[0].pid()), 1, "b, and not a");
    assert!(!roster.owns_any(owners[0].pid()));
    assert_eq!(found(&roster, &Query::capability("work")), ["a"]);
    assert_eq!(roster.down(owners[0].pid()), 0, "a stray one changes nothing");
    let row = roster.index().get(&id("a")).expect("the new row");
    assert_eq!(row.pid(), owners[1].pid());
}

#[tokio::test]
async fn only_the_process_of_a_row_changes_it() {
    let (_root, owners) = processes(2).await;
    let mut roster = Roster::new(10);
    assert!(roster.register(entry("a", &owners[0], 1)).is_ok());
    let update = roster.update(&id("a"), owners[1].pid(), Profile::new());
    assert!(matches!(update, Err(UpdateError::NotRegistered)));
    assert!(!roster.remove(&id("a"), owners[1].pid()));
    assert_eq!(found(&roster, &Query::eq("load", 1)), ["a"]);
    let update = roster.update(&id("a"), owners[0].pid(), Profile::new().attribute("load", 2));
    assert!(update.is_ok());
    assert_eq!(found(&roster, &Query::eq("load", 1)), [""; 0]);
    assert_eq!(found(&roster, &Query::capability("work")), [""; 0], "replaced as a whole");
    assert_eq!(found(&roster, &Query::eq("load", 2)), ["a"]);
    assert!(roster.remove(&id("a"), owners[0].pid()));
    assert!(!roster.owns_any(owners[0].pid()));
    assert_eq!(roster.index().entries(), 0);
}

#[tokio::test]
async fn a_dead_process_and_an_agent_too_many_are_refused() {
    let (_root, owners) = processes(2).await;
    let mut roster = Roster::new(1);
    assert!(roster.register(entry("a", &owners[0], 1)).is_ok());
    let refused = roster.register(entry("b", &owners[0], 1));
    assert!(matches!(refused, Err(RegisterError::Limit { max: 1 })));
    kill(&owners[1]).await;
    let refused = roster.register(entry("c", &owners[1], 1));
    assert!(matches!(refused, Err(RegisterError::NoProc)));
    assert_eq!(roster.index().len(), 1);
}

#[test]
fn a_missing_attribute_meets_no_operator_but_lacks() {
    let empty = Profile::new();
    for query in [
        Query::eq("x", 1),
        Query::neq("x", 1),
        Query::lt("x", 1),
        Query::lte("x", 1),
        Query::gt("x", 1),
        Query::gte("x", 1),
        Query::lt("x", "a"),
        Query::contains("x", "a"),
        Query::is_in("x", [1]),
        Query::not_in("x", [1]),
        Query::has("x"),
        Query::capability("x"),
    ] {
        assert!(!query.matches(&empty), "{query:?}");
    }
    assert!(Query::lacks("x").matches(&empty));
}

#[test]
fn values_compare_within_their_kind_only() {
    let check = |value: Value, query: Query, wanted: bool| {
        let profile = Profile::new().attribute("x", value.clone());
        assert_eq!(query.matches(&profile), wanted, "{value:?} {query:?}");
    };
    check(1.into(), Query::eq("x", 1.0), true);
    check(1.into(), Query::lt("x", 1.5), true);
    check((-1).into(), Query::lt("x", -0.5), true);
    check(0.into(), Query::eq("x", -0.0), true);
    check(1.into(), Query::eq("x", "1"), false);
    check(1.into(), Query::neq("x", "1"), true);
    check(1.into(), Query::gt("x", "0"), false);
    check("b".into(), Query::gt("x", "a"), true);
    check("b".into(), Query::gt("x", 0), false);
    check(true.into(), Query::gt("x", false), false);
    check(true.into(), Query::eq("x", true), true);
    check(true.into(), Query::eq("x", 1), false);
    check(["a", "b"].into(), Query::contains("x", "b"), true);
    check("ab".into(), Query::contains("x", "b"), false);
    check(["a", "b"].into(), Query::eq("x", ["a", "b"]), true);
    check(["a", "b"].into(), Query::eq("x", ["b", "a"]), false);
    check(["a"].into(), Query::gte("x", ["a"]), false);
    check(1.into(), Query::eq("x", f64::NAN), false);
    check(1.into(), Query::lt("x", f64::NAN), false);
    check(i64::MAX.into(), Query::lt("x", f64::INFINITY), true);
    // As floats these two would be equal.
    check(i64::MAX.into(), Query::lt("x", 9_223_372_036_854_775_808.0), true);
    check(9_007_199_254_740_993_i64.into(), Query::gt("x", 9_007_199_254_740_992.0), true);
    check(i64::MIN.into(), Query::eq("x", -9_223_372_036_854_775_808.0), true);
}

#[test]
fn the_limits_of_a_profile_are_enforced() {
    let many = |count: usize| (0..count).map(|number| format!("n{number}"));
    let capabilities = |count| many(count).fold(Profile::new(), Profile::capability);
    let attributes =
        |count| many(count).fold(Profile::new(), |profile, name| profile.attribute(name, 1));
    let one = |value: Value| Profile::new().attribute("x", value);
    let text = |len: usize| "x".repeat(len);
    let list = |count| Value::TextList(many(count).collect());
    for good in [
        capabilities(64),
        attributes(64),
        one(text(4096).into()),
        one(list(64)),
        Profile::new().capability(text(255)),
    ] {
        assert_eq!(good.check(), Ok(()));
    }
    use ProfileError as E;
    let long = || E::TooLong { attribute: "x".into() };
    for (bad, wanted) in [
        (capabilities(65), E::TooManyCapabilities { count: 65 }),
        (attributes(65), E::TooManyAttributes { count: 65 }),
        (one(text(4097).into()), long()),
        (one(list(65)), long()),
        (one(Value::TextList(vec![text(4097)])), long()),
        (one(f64::NAN.into()), E::NotFinite { attribute: "x".into() }),
        (one(f64::INFINITY.into()), E::NotFinite { attribute: "x".into() }),
        (Profile::new().capability(""), E::IllegalName { name: String::new() }),
        (Profile::new().attribute("", 1), E::IllegalName { name: String::new() }),
        (Profile::new().capability(text(256)), E::IllegalName { name: text(256) }),
    ] {
        assert_eq!(bad.check(), Err(wanted));
    }
    assert!(AgentId::new("").is_err() && AgentId::new(&text(256)).is_err());
}
