//! Calls that wait for each other in a circle are found in debug builds, and nothing else is.

use std::time::Duration;

use foundation::{
    Alarm, CallError, DynamicSupervisorSpec, Pid, Restart, ServerRef, Strategy, handled,
};
use test_helpers::{Gate, IsolatedTree, Recorder};

use crate::clerk::{CallOut, Clerk, Gates, Task, call_out};
use crate::support::{beside, of, quiet};

/// A tree of clerks with these names.
async fn clerks<const N: usize>(names: [&str; N]) -> (IsolatedTree, [ServerRef<Task>; N]) {
    let gates = Gates::default();
    let children = names.map(|name| Clerk::spec(&gates).child(name).restart(Restart::Temporary));
    let tree = of(Strategy::OneForOne, children).await;
    let mut servers = Vec::new();
    for name in names {
        servers.push(tree.server::<Task>(name).await);
    }
    (tree, servers.try_into().expect("as many as names"))
}

/// Lets a process make these calls at the same time. Whoever wants to know what came of them awaits the answer.
fn asks(
    server: &ServerRef<Task>,
    calls: Vec<CallOut>,
) -> tokio::task::JoinHandle<Result<Vec<Result<(), CallError>>, CallError>> {
    let server = server.clone();
    beside(async move { server.call(|reply| Task::Calls(calls, reply)).await })
}

/// What a process does when it is told to make a call.
fn calling<F>(call: impl FnOnce() -> F + Send + 'static) -> CallOut
where
    F: Future<Output = Result<(), CallError>> + Send + 'static,
{
    Box::new(move || Box::pin(call()))
}

fn cycle(names: &[(&ServerRef<Task>, &str)]) -> Alarm {
    let party = |(server, name): &(&ServerRef<Task>, &str)| -> (Pid, Option<_>) {
        (server.pid(), Some((*name).into()))
    };
    Alarm::CallCycle { cycle: names.iter().map(party).collect() }
}

#[tokio::test(start_paused = true)]
async fn two_processes_that_call_each_other_are_reported_once_with_their_names() {
    let recorder = Recorder::new();
    let installed = recorder.install();
    let (tree, [a, b]) = clerks(["a", "b"]).await;
    let asked = beside({
        let (first, rest) = (b.clone(), vec![a.clone(), b.clone()]);
        async move { first.call(|reply| Task::Chain(rest, reply)).await }
    });
    quiet().await;
    assert_eq!(tree.alarms(), [cycle(&[(&a, "a"), (&b, "b")])]);
    // Nothing else happens: the calls end by their deadlines, as they do where nobody looks.
    assert!(matches!(asked.await.expect("no panic"), Err(CallError::Timeout)));
    a.call(Task::Ping).await.expect("it lives on");
    b.call(Task::Ping).await.expect("it lives on");
    assert_eq!(tree.alarms().len(), 1);
    let kind = [("kind", "call_cycle")];
    assert_eq!(recorder.counter("foundation.alarm.raised_total", &kind), 1);
    drop(installed);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_ring_of_three_is_reported_in_the_order_of_the_calls() {
    let (tree, [a, b, c]) = clerks(["a", "b", "c"]).await;
    drop(asks(&a, vec![call_out(&[&c, &b, &a])]));
    quiet().await;
    assert_eq!(tree.alarms(), [cycle(&[(&a, "a"), (&c, "c"), (&b, "b")])]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn handled_waits_as_a_call_does() {
    let (tree, [a, b]) = clerks(["a", "b"]).await;
    let (to_a, to_b) = (a.clone(), b.clone());
    let back = calling(move || async move {
        let message = Task::Hold(Gate::new());
        let sent = handled(&to_a, message, Duration::from_secs(5)).await;
        sent.map(drop).map_err(|_unknown| CallError::Timeout)
    });
    let forth = calling(move || async move {
        to_b.call(|reply| Task::Calls(vec![back], reply)).await.map(drop)
    });
    drop(asks(&a, vec![forth]));
    quiet().await;
    assert_eq!(tree.alarms(), [cycle(&[(&a, "a"), (&b, "b")])]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_calls_is_no_cycle() {
    let (tree, [a, b, c]) = clerks(["a", "b", "c"]).await;
    for _ in 0..2 {
        // The second caller stands behind the first one, and waits for the same processes.
        let calls = vec![call_out(&[&b, &c]), call_out(&[&c])];
        let answers = a.call(|reply| Task::Calls(calls, reply)).await.expect("an answer");
        assert!(answers.iter().all(Result::is_ok));
    }
    assert_eq!(tree.alarms(), []);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn calls_that_have_ended_close_no_cycle() {
    let (tree, [a, b]) = clerks(["a", "b"]).await;
    // Answered and seen.
    let answer = a.call(|reply| Task::Chain(vec![b.clone()], reply)).await.expect("an answer");
    answer.expect("it answers");
    let answer = b.call(|reply| Task::Chain(vec![a.clone()], reply)).await.expect("an answer");
    answer.expect("it answers");
    // Answered, and not seen yet: the server asks back before its caller has run again.
    let (back, to_b) = (call_out(&[&a]), b.clone());
    let forth =
        calling(move || async move { to_b.call(|reply| Task::AnswerThenCall(back, reply)).await });
    let answers = a.call(|reply| Task::Calls(vec![forth], reply)).await.expect("an answer");
    assert!(answers[0].is_ok());
    // Given up.
    let gate = Gate::new();
    b.cast(Task::Hold(gate.clone())).expect("there is room");
    let answer =
        a.call_timeout(Duration::from_secs(60), |reply| Task::Chain(vec![b.clone()], reply));
    assert!(matches!(answer.await, Ok(Err(CallError::Timeout))));
    drop(asks(&b, vec![call_out(&[&a])]));
    gate.open();
    quiet().await;
    b.call(Task::Ping).await.expect("it answers");
    assert_eq!(tree.alarms(), []);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_can_wait_for_several_others_and_each_wait_ends_by_itself() {
    let (tree, [a, b, c, d]) = clerks(["a", "b", "c", "d"]).await;
    let gate = Gate::new();
    c.cast(Task::Hold(gate.clone())).expect("there is room");
    // Two waits for b and one for c; b has answered both of its own, c has not.
    let calls = vec![call_out(&[&b]), call_out(&[&b]), call_out(&[&c, &d])];
    drop(asks(&a, calls));
    quiet().await;
    drop(asks(&b, vec![call_out(&[&a])]));
    quiet().await;
    assert_eq!(tree.alarms(), [], "a does not wait for b any more");
    drop(asks(&d, vec![call_out(&[&a])]));
    quiet().await;
    assert_eq!(tree.alarms(), [], "nobody waits for d yet");
    gate.open();
    quiet().await;
    assert_eq!(tree.alarms(), [cycle(&[(&a, "a"), (&c, "c"), (&d, "d")])]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_wait_for_the_same_process_is_the_same_cycle() {
    let (tree, [a, b, c]) = clerks(["a", "b", "c"]).await;
    // b waits for a; then a waits for b twice and for c once, and c for a.
    let calls = vec![call_out(&[&b, &a]), call_out(&[&b]), call_out(&[&c, &a])];
    drop(asks(&a, calls));
    quiet().await;
    let wanted = [cycle(&[(&a, "a"), (&b, "b")]), cycle(&[(&a, "a"), (&c, "c")])];
    assert_eq!(tree.alarms(), wanted);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_beside_one_that_closed_the_cycle_closes_no_other() {
    let (tree, [a, b]) = clerks(["a", "b"]).await;
    let (calls, to_a) = (vec![call_out(&[&b]), call_out(&[&b])], a.clone());
    let forth =
        calling(
            move || async move { to_a.call(|reply| Task::Calls(calls, reply)).await.map(drop) },
        );
    drop(asks(&b, vec![forth]));
    quiet().await;
    assert_eq!(tree.alarms(), [cycle(&[(&a, "a"), (&b, "b")])]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_ended_with_its_process_is_none() {
    let (tree, [a, b]) = clerks(["a", "b"]).await;
    let gate = Gate::new();
    b.cast(Task::Hold(gate.clone())).expect("there is room");
    drop(asks(&a, vec![call_out(&[&b])]));
    quiet().await;
    let monitor = a.process().monitor();
    a.process().exit(foundation::ExitReason::Killed);
    monitor.down().await;
    drop(asks(&b, vec![call_out(&[&a])]));
    gate.open();
    quiet().await;
    assert_eq!(tree.alarms(), []);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_beside_the_messages_keeps_its_process_from_nothing() {
    let gates = Gates::default();
    let children = ["a", "b"].map(|name| Clerk::spec(&gates).child(name));
    let tree = of(Strategy::OneForOne, children).await;
    let (a, b) = (tree.server::<Task>("a").await, tree.server::<Task>("b").await);
    a.cast(Task::Pipe(call_out(&[&b, &a]))).expect("there is room");
    quiet().await;
    assert_eq!(*gates.piped.lock(), 1, "a answered while its own call was pending");
    assert_eq!(tree.alarms(), []);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_calls_its_own_supervisor_while_it_starts_is_reported() {
    let dynamic = DynamicSupervisorSpec::new().name("kids").as_child("kids");
    let tree = of(Strategy::OneForOne, [dynamic]).await;
    let kids = tree.node().supervisor("kids").expect("a supervisor");
    let gates = Gates { asked: Some(kids.clone()), ..Gates::default() };
    let starting = beside({
        let (kids, child) = (kids.clone(), Clerk::spec(&gates).child("a"));
        async move { kids.start_child(child).await }
    });
    quiet().await;
    let alarms = tree.alarms();
    let [Alarm::CallCycle { cycle }] = &alarms[..] else { panic!("not one cycle: {alarms:?}") };
    let names: Vec<Option<&str>> = cycle.iter().map(|(_, name)| name.as_deref()).collect();
    assert_eq!(names, [Some("kids"), Some("a")]);
    tree.abandon().await;
    starting.await.expect("no panic").expect_err("it was killed");
}
