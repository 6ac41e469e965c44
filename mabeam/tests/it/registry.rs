//! Rows come and go with their processes; readers never see half of anything.

use foundation::{CallError, ExitReason};
use mabeam::{BatchError, NewAgent, Profile, Query, ReadError, RegisterError, UpdateError};

use crate::world::{id, kill, profile, world, world_of};

#[tokio::test]
async fn an_agent_is_found_by_its_id_and_by_all_it_says() {
    let world = world().await;
    let process = world.process().await;
    let said = profile("gpu", 0.5).attribute("zones", ["eu", "us"]).attribute("ready", true);
    let registration = world.register("a", &process, said.clone()).await;
    assert_eq!((registration.id(), registration.pid()), (&id("a"), process.pid()));
    let row = world.registry.lookup(&id("a")).expect("a live registry").expect("it is there");
    assert_eq!((row.process().pid(), row.profile()), (process.pid(), &said));
    for query in [
        Query::all(),
        Query::capability("gpu"),
        Query::lte("load", 0.5),
        Query::contains("zones", "us"),
        Query::eq("ready", true).and(Query::gte("load", 0)),
        Query::capability("cpu").or(Query::is_in("load", [0.25, 0.5])),
    ] {
        assert_eq!(world.found(&query), ["a"], "{query:?}");
    }
    assert_eq!(world.found(&Query::capability("cpu")), [""; 0]);
    assert!(world.registry.lookup(&id("b")).expect("a live registry").is_none());
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_taken_id_is_refused_and_the_original_kept() {
    let world = world().await;
    let (one, two) = (world.process().await, world.process().await);
    world.register("a", &one, profile("gpu", 0.1)).await;
    let monitors = world.node.counts().monitors;
    let refused = world.registry.register(id("a"), two, profile("gpu", 0.9)).await;
    assert!(matches!(refused, Err(RegisterError::Taken { holder }) if holder.pid() == one.pid()));
    assert_eq!(world.found(&Query::eq("load", 0.1)), ["a"]);
    assert_eq!(world.found(&Query::eq("load", 0.9)), [""; 0]);
    assert_eq!(world.node.counts().monitors, monitors, "a refused process is not watched");
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_dead_process_is_refused() {
    let world = world().await;
    let process = world.process().await;
    kill(&process).await;
    let refused = world.registry.register(id("a"), process, Profile::new()).await;
    assert!(matches!(refused, Err(RegisterError::NoProc)));
    assert_eq!(world.found(&Query::all()), [""; 0]);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_profile_over_its_limits_is_refused_and_changes_nothing() {
    let world = world_of(|registry| registry.agents_max(1)).await;
    let process = world.process().await;
    let bad = || profile("gpu", f64::NAN);
    let refused = world.registry.register(id("a"), process.clone(), bad()).await;
    assert!(matches!(refused, Err(RegisterError::Profile(_))));
    let registration = world.register("a", &process, profile("gpu", 0.5)).await;
    let refused = world.registry.update(&registration, bad()).await;
    assert!(matches!(refused, Err(UpdateError::Profile(_))));
    assert_eq!(world.found(&Query::eq("load", 0.5)), ["a"]);
    let refused = world.registry.register(id("b"), process, Profile::new()).await;
    assert!(matches!(refused, Err(RegisterError::Limit { max: 1 })));
    world.root.shutdown().await;
}

#[tokio::test]
async fn dead_agents_leave_neither_rows_nor_index_entries_nor_monitors() {
    let world = world().await;
    let survivor = world.process().await;
    world.register("survivor", &survivor, profile("gpu", 0.5)).await;
    let mut processes = Vec::new();
    for number in 0..200 {
        let process = world.process().await;
        let text = format!("agent {number}");
        world.register(&text, &process, profile("gpu", 0.5)).await;
        world.register(&format!("{text} again"), &process, profile("cpu", 0.1)).await;
        processes.push(process);
    }
    let monitors = world.node.counts().monitors;
    assert_eq!(world.registry.snapshot().map(|index| index.len()), Ok(401));
    for process in &processes {
        kill(process).await;
    }
    world.settle().await;
    assert_eq!(world.found(&Query::all()), ["survivor"]);
    assert_eq!(world.found(&Query::capability("gpu")), ["survivor"]);
    assert_eq!(world.found(&Query::capability("cpu")), [""; 0]);
    assert_eq!(world.found(&Query::lt("load", 1)), ["survivor"]);
    // Each of them was watched once, by the registry.
    assert_eq!(world.node.counts().monitors, monitors - 200);
    world.root.shutdown().await;
}

#[tokio::test]
async fn an_agent_that_comes_back_replaces_its_dead_self_and_keeps_its_row() {
    let world = world().await;
    let old = world.process().await;
    let stale = world.register("a", &old, profile("gpu", 0.1)).await;
    kill(&old).await;
    // Whether or not the registry has been told of the death by now, the id is free.
    let new = world.process().await;
    let fresh = world.register("a", &new, profile("gpu", 0.2)).await;
    world.settle().await;
    assert_eq!(world.found(&Query::eq("load", 0.2)), ["a"]);

    let refused = world.registry.update(&stale, profile("gpu", 0.9)).await;
    assert!(matches!(refused, Err(UpdateError::NotRegistered)));
    assert_eq!(world.registry.unregister(&stale).await.ok(), Some(false));
    assert_eq!(world.found(&Query::eq("load", 0.2)), ["a"], "the old self cannot touch it");

    assert!(world.registry.update(&fresh, profile("cpu", 0.3)).await.is_ok());
    assert_eq!(world.found(&Query::capability("cpu")), ["a"]);
    assert_eq!(world.found(&Query::capability("gpu")), [""; 0]);
    assert_eq!(world.registry.unregister(&fresh).await.ok(), Some(true));
    assert_eq!(world.found(&Query::all()), [""; 0]);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_batch_is_registered_whole_or_not_at_all() {
    let world = world().await;
    let (one, two, dead) = (world.process().await, world.process().await, world.process().await);
    world.register("taken", &one, profile("gpu", 0.1)).await;
    kill(&dead).await;
    let monitors = world.node.counts().monitors;
    let batch = |last: &str, process: &foundation::ProcessRef, load: f64| {
        [("b", &two, 0.2), ("c", &two, 0.3), (last, process, load)]
            .map(|(text, owner, load)| NewAgent::new(id(text), owner.clone(), profile("gpu", load)))
    };
    for (agents, last) in [
        (batch("taken", &two, 0.4), "taken"),
        (batch("d", &dead, 0.4), "d"),
        (batch("b", &one, 0.4), "b"),
        (batch("e", &one, f64::INFINITY), "e"),
    ] {
        let refused = world.registry.register_all(agents).await;
        assert!(matches!(&refused, Err(BatchError::Refused { id, .. }) if id.as_str() == last));
        assert_eq!(world.found(&Query::all()), ["taken"]);
        assert_eq!(world.found(&Query::gt("load", 0.1)), [""; 0]);
        assert_eq!(world.node.counts().monitors, monitors);
    }
    let registered =
        world.registry.register_all(batch("d", &one, 0.4)).await.expect("all are free");
    let ids: Vec<_> = registered.iter().map(|registration| registration.id().as_str()).collect();
    assert_eq!(ids, ["b", "c", "d"]);
    kill(&two).await;
    world.settle().await;
    assert_eq!(world.found(&Query::all()), ["d", "taken"], "a batch is monitored like any agent");
    world.root.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_never_see_half_of_an_update() {
    let world = world().await;
    let process = world.process().await;
    let states =
        [profile("even", 0.0).attribute("x", "e"), profile("odd", 1.0).attribute("x", "o")];
    let registration = world.register("a", &process, states[0].clone()).await;
    let write = async {
        for round in 1..500 {
            let state = states[round % 2].clone();
            world.registry.update(&registration, state).await.expect("a live registry");
        }
    };
    let read = async {
        for _ in 0..2000 {
            let index = world.registry.snapshot().expect("a live registry");
            let count = |query: Query| index.query(&query).len();
            let even = count(Query::capability("even"));
            assert_eq!(even + count(Query::capability("odd")), 1, "never both, never neither");
            assert_eq!(count(Query::lt("load", 0.5)), even);
            assert_eq!(count(Query::eq("x", "e")), even);
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(write, read);
    world.root.shutdown().await;
}

#[tokio::test]
async fn a_query_of_three_conditions_finds_exactly_what_meets_all() {
    let world = world().await;
    let process = world.process().await;
    let agents = (0..50).map(|number| {
        let capability = ["gpu", "cpu"][number % 2];
        let zone = ["eu", "us", "ap"][number % 3];
        let said = Profile::new()
            .capability(capability)
            .attribute("zone", zone)
            .attribute("slot", i64::try_from(number).expect("small"));
        NewAgent::new(id(&format!("agent {number:02}")), process.clone(), said)
    });
    world.registry.register_all(agents).await.expect("all are free");
    let query = Query::capability("gpu").and(Query::eq("zone", "eu")).and(Query::gte("slot", 30));
    assert_eq!(world.found(&query), ["agent 30", "agent 36", "agent 42", "agent 48"]);
    world.root.shutdown().await;
}

#[tokio::test]
async fn after_a_crash_reads_say_so_until_the_registry_is_back_and_empty() {
    let world = world().await;
    let process = world.process().await;
    let registration = world.register("a", &process, profile("gpu", 0.5)).await;
    let monitor = registration.registry().monitor();
    let old = world.registry.process().expect("a live registry");
    assert_eq!(old.pid(), registration.registry().pid());
    kill(&old).await;
    assert!(matches!(monitor.down().await.reason, ExitReason::Killed));
    while world.registry.process().is_none_or(|new| new.pid() == old.pid()) {
        tokio::task::yield_now().await;
    }
    // The call is answered by the new incarnation, after its `init`.
    let refused = world.registry.update(&registration, profile("gpu", 0.6)).await;
    assert!(matches!(refused, Err(UpdateError::NotRegistered)));
    assert_eq!(world.found(&Query::all()), [""; 0]);
    world.register("a", &process, profile("gpu", 0.7)).await;
    assert_eq!(world.found(&Query::all()), ["a"]);

    world.root.shutdown().await;
    assert_eq!(world.registry.query(&Query::all()).map(drop), Err(ReadError));
    assert!(matches!(world.registry.unregister(&registration).await, Err(CallError::NoProc)));
}
