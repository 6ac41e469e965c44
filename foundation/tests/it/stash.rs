//! What a process puts aside comes back in order, within a bound, and is accounted for at the end.

use std::time::Duration;

use foundation::{
    CallError, CastFailure, DeliveryError, DeliveryFailure, Exit, ExitReason, Node, NodeConfig,
    Restart, RunState, ServerRef, Strategy, Supervisor, handled,
};
use test_helpers::{Baseline, DEADLINE, Gate, IsolatedTree, Journal};

use crate::keeper::{Msg, Verdict, cast, held, lone, open, run, spec, within};
use crate::support::{self, beside, of, quiet, supervisor};

const SECOND: Duration = Duration::from_secs(1);

/// The dead letters of a node: what they were, and why they are here.
fn dead(node: &Node) -> Vec<(&'static str, String)> {
    let letters = node.dead_letters().drain().into_iter();
    letters
        .map(|letter| {
            let reason = letter.info.reason.to_string();
            let message = *letter.message.downcast::<Msg>().expect("it is a Msg");
            (message.letter().expect("it is a letter"), reason)
        })
        .collect()
}

async fn stashed(server: &ServerRef<Msg>) -> usize {
    within(server, |_keeper, cx| cx.stashed()).await
}

#[tokio::test]
async fn what_was_put_aside_comes_back_before_waiting_mail_in_its_order() {
    let (tree, server, journal) = lone(|spec| spec).await;
    cast(&server, &["a", "b", "c"]);
    assert_eq!(stashed(&server).await, 3);
    assert!(journal.take().is_empty(), "nothing was handled");

    // All of it is taken out of the mailbox in one swap.
    let gate = held(&server).await;
    server.cast(open(|_name| Verdict::Take)).expect("there is room");
    cast(&server, &["d", "e"]);
    gate.open();
    assert_eq!(stashed(&server).await, 0);
    assert_eq!(journal.take(), ["a", "b", "c", "d", "e"]);
    within(&server, |_keeper, cx| {
        cx.unstash_all();
        assert!(!cx.unstash_one(), "nothing is left");
    })
    .await;
    tree.shutdown().await;
}

#[tokio::test]
async fn one_comes_back_at_a_time_the_oldest_first() {
    let (tree, server, journal) = lone(|spec| spec).await;
    cast(&server, &["a", "b", "c"]);
    within(&server, |keeper, cx| {
        keeper.rule = Box::new(|_name| Verdict::Take);
        assert!(cx.unstash_one());
        assert_eq!(cx.stashed(), 3, "it waits");
    })
    .await;
    cast(&server, &["d"]);
    assert_eq!(stashed(&server).await, 2);
    assert_eq!(journal.take(), ["a", "d"]);
    within(&server, |_keeper, cx| assert!(cx.unstash_one() && cx.unstash_one())).await;
    assert_eq!(stashed(&server).await, 0);
    assert_eq!(journal.take(), ["b", "c"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn what_is_put_aside_again_keeps_its_place() {
    let (tree, server, journal) = lone(|spec| spec).await;
    cast(&server, &["a", "b", "c"]);
    // Taken back while the others still wait to be handled again: it comes before them again.
    let mut times = 0;
    let rule = move |name| {
        times += 1;
        if name == "a" && times < 3 { Verdict::KeepThenAll } else { Verdict::Take }
    };
    server.cast(open(rule)).expect("there is room");
    assert_eq!(stashed(&server).await, 0);
    assert_eq!(journal.take(), ["a", "b", "c"]);

    // Taken back one at a time: those that were put aside later do not pass it.
    within(&server, |keeper, _cx| keeper.rule = Box::new(|_name| Verdict::Keep)).await;
    cast(&server, &["d", "e"]);
    within(&server, |_keeper, cx| cx.unstash_one()).await;
    cast(&server, &["f"]);
    server.cast(open(|_name| Verdict::Take)).expect("there is room");
    assert_eq!(stashed(&server).await, 0);
    assert_eq!(journal.take(), ["d", "e", "f"]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_put_aside_between_two_that_come_back_replaces_neither() {
    let (tree, server, journal) = lone(|spec| spec).await;
    cast(&server, &["a", "b"]);
    within(&server, |_keeper, cx| cx.send_after(SECOND, Msg::Letter("timer"))).await;
    let gate = Gate::new();
    let at = gate.clone();
    let rule = move |name| match name {
        "a" => Verdict::KeepThenWait(at.clone()),
        _ => Verdict::Keep,
    };
    server.cast(open(rule)).expect("there is room");
    gate.arrival().await;
    tokio::time::advance(2 * SECOND).await;
    gate.open();
    assert_eq!(stashed(&server).await, 3);
    server.cast(open(|_name| Verdict::Take)).expect("there is room");
    assert_eq!(stashed(&server).await, 0);
    assert_eq!(journal.take(), ["a", "b", "timer"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn the_bound_is_hard_and_the_message_comes_back() {
    let (tree, server, journal) = lone(|spec| spec.stash_capacity(2)).await;
    cast(&server, &["a", "b", "c"]);
    assert_eq!(stashed(&server).await, 2);
    assert_eq!(journal.take(), ["c: the stash is full"]);
    server.cast(open(|_name| Verdict::Take)).expect("there is room");
    assert_eq!(stashed(&server).await, 0);
    assert_eq!(journal.take(), ["a", "b"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn by_default_a_stash_takes_as_many_as_the_mailbox_and_no_room_there() {
    let (tree, server, journal) = lone(|spec| spec.capacity(3)).await;
    for name in ["a", "b", "c", "d"] {
        cast(&server, &[name]);
        quiet().await;
    }
    assert_eq!(journal.take(), ["d: the stash is full"]);
    let gate = held(&server).await;
    cast(&server, &["e", "f", "g"]);
    let full = server.cast(Msg::Letter("h")).expect_err("the mailbox is full, too");
    assert_eq!(full.cause, CastFailure::Full);
    assert_eq!(server.process().status().mailbox_depth, 3);
    gate.open();
    quiet().await;
    assert_eq!(stashed(&server).await, 3);
    tree.shutdown().await;
}

#[tokio::test]
async fn what_waits_to_be_handled_again_counts_and_finds_its_room_again() {
    let (tree, server, journal) = lone(|spec| spec.stash_capacity(2)).await;
    cast(&server, &["a", "b"]);
    within(&server, |_keeper, cx| {
        cx.unstash_all();
        // A message of the process itself comes before them.
        cx.pipe_to_self(async { Msg::Letter("own") });
    })
    .await;
    assert_eq!(stashed(&server).await, 2);
    assert_eq!(journal.take(), ["own: the stash is full"], "and the others went back");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_handler_puts_one_message_aside_and_other_callbacks_none() {
    let journal = Journal::new();
    let child = spec(&journal).child("a").restart(Restart::Temporary);
    let tree = of(Strategy::OneForOne, [child]).await;
    let server = tree.server::<Msg>("a").await;
    within(&server, |keeper, _cx| keeper.rule = Box::new(|_name| Verdict::KeepTwo)).await;
    cast(&server, &["a"]);
    within(&server, |_keeper, cx| {
        assert_eq!(cx.stashed(), 1);
        cx.start_timer(Duration::ZERO);
    })
    .await;
    journal.written("info: no message is being handled", 1).await;
    tree.handle().terminate_child("a").await.expect("it stops");
    assert_eq!(
        journal.take(),
        [
            "init: no message is being handled",
            "second: this handler has put a message aside already",
            "info: no message is being handled",
            "terminate: no message is being handled",
        ]
    );
    tree.shutdown().await;
}

/// Sends a letter and waits until it is handled, beside the test.
fn handling(
    server: &ServerRef<Msg>,
    name: &'static str,
) -> tokio::task::JoinHandle<Result<foundation::Handled, DeliveryError<Msg>>> {
    let server = server.clone();
    beside(async move { handled(&server, Msg::Letter(name), DEADLINE).await })
}

#[tokio::test]
async fn a_sender_is_told_when_the_handler_that_really_handles_its_message_is_over() {
    let (tree, server, journal) = lone(|spec| spec).await;
    let waiting = handling(&server, "a");
    quiet().await;
    assert_eq!(stashed(&server).await, 1);
    assert!(!waiting.is_finished(), "put aside is not handled");
    let before = server.process().status().handled;

    // Put aside and taken back in one turn, then put aside once more.
    let mut times = 0;
    let rule = move |_name| {
        times += 1;
        if times == 1 { Verdict::KeepThenAll } else { Verdict::Keep }
    };
    server.cast(open(rule)).expect("there is room");
    quiet().await;
    assert!(!waiting.is_finished(), "nor is it the second and the third time");
    assert_eq!(server.process().status().handled, before + 1, "that is the message that opened");

    let gate = Gate::new();
    let at = gate.clone();
    server.cast(open(move |_name| Verdict::TakeAndWait(at.clone()))).expect("there is room");
    gate.arrival().await;
    quiet().await;
    assert!(!waiting.is_finished(), "its handler is not over");
    gate.open();
    let receipt = waiting.await.expect("no panic").expect("it is handled");
    assert_eq!(receipt.pid, server.pid());
    assert_eq!(journal.take(), ["a"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_receipt_goes_with_its_own_message() {
    let (tree, server, _journal) = lone(|spec| spec).await;
    let (first, second) = (handling(&server, "a"), handling(&server, "b"));
    quiet().await;
    within(&server, |keeper, cx| {
        keeper.rule = Box::new(|_name| Verdict::Take);
        cx.unstash_one();
    })
    .await;
    quiet().await;
    assert!(first.is_finished() && !second.is_finished());
    within(&server, |_keeper, cx| cx.unstash_one()).await;
    first.await.expect("no panic").expect("it is handled");
    second.await.expect("no panic").expect("it is handled");
    tree.shutdown().await;
}

/// An end of a process.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Stop,
    Error,
    Panic,
    Kill,
}

const ENDS: [(End, &str); 4] = [
    (End::Stop, "shutdown"),
    (End::Error, "failed: no luck"),
    (End::Panic, "panicked: told to"),
    (End::Kill, "killed"),
];

impl End {
    /// Ends a process that waits at this gate. What is in its mailbox is left there.
    async fn come(self, tree: &IsolatedTree, server: &ServerRef<Msg>, gate: &Gate) {
        match self {
            Self::Stop => {
                let handle = tree.handle().clone();
                let stop = beside(async move { handle.terminate_child("a").await });
                quiet().await;
                gate.open();
                stop.await.expect("no panic").expect("it stops");
            }
            Self::Kill => drop(tree.kill("a").await),
            Self::Error | Self::Panic => gate.open(),
        }
        server.process().monitor().down().await;
    }

    /// What the process finds in its mailbox when it comes from the gate.
    fn message(self) -> Option<Msg> {
        match self {
            Self::Error => Some(run(|_keeper, _cx| Err(Exit::error("no luck")))),
            Self::Panic => Some(Msg::Panic),
            Self::Stop | Self::Kill => None,
        }
    }
}

/// Holds a process, and leaves in its mailbox what ends it.
async fn about_to(end: End, server: &ServerRef<Msg>) -> Gate {
    let gate = held(server).await;
    if let Some(message) = end.message() {
        server.cast(message).expect("there is room");
    }
    gate
}

#[tokio::test]
async fn casts_that_are_left_in_the_stash_are_dead_letters_before_the_unread_mail() {
    for (end, reason) in ENDS {
        let (tree, server, _journal) = lone(|spec| spec).await;
        cast(&server, &["a", "b", "c"]);
        let gate = about_to(end, &server).await;
        cast(&server, &["d", "e"]);
        end.come(&tree, &server, &gate).await;
        let why = format!("the process ended: {reason}");
        assert_eq!(dead(tree.node()), ["a", "b", "c", "d", "e"].map(|name| (name, why.clone())));
        tree.shutdown().await;
    }
}

#[tokio::test]
async fn what_waits_to_be_handled_again_is_left_in_its_order_too() {
    let (tree, server, _journal) = lone(|spec| spec).await;
    cast(&server, &["a", "b", "c"]);
    let gate = Gate::new();
    let at = gate.clone();
    // "a" is put aside again, "b" waits to be handled again, "c" was never taken back.
    within(&server, move |keeper, cx| {
        keeper.rule = Box::new(move |_name| Verdict::KeepThenWait(at.clone()));
        assert!(cx.unstash_one() && cx.unstash_one());
    })
    .await;
    gate.arrival().await;
    cast(&server, &["d"]);
    tree.kill("a").await;
    let names: Vec<&str> = dead(tree.node()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn callers_and_senders_of_what_is_left_in_the_stash_learn_the_reason() {
    for (end, reason) in ENDS {
        let (tree, server, _journal) = lone(|spec| spec).await;
        let sender = handling(&server, "handled");
        let caller = beside({
            let server = server.clone();
            async move { server.call(|reply| Msg::Ask("call", reply)).await }
        });
        quiet().await;
        assert_eq!(stashed(&server).await, 2);
        let gate = about_to(end, &server).await;
        end.come(&tree, &server, &gate).await;
        let error = sender.await.expect("no panic").expect_err("it was not handled");
        let DeliveryFailure::Died(died) = error.failure else { panic!("{error:?}") };
        let error = caller.await.expect("no panic").expect_err("there is no answer");
        let CallError::Down(down) = error else { panic!("{error:?}") };
        assert_eq!((died.to_string(), down.to_string()), (reason.to_owned(), reason.to_owned()));
        assert_eq!(dead(tree.node()), [], "both know");
        tree.shutdown().await;
    }
}

#[tokio::test]
async fn what_a_handler_put_aside_before_it_failed_is_not_lost() {
    for end in [End::Error, End::Panic, End::Kill] {
        for way in ["cast", "call", "handled"] {
            let (tree, server, _journal) = lone(|spec| spec).await;
            let gate = Gate::new();
            let at = gate.clone();
            let rule = move |_name| match end {
                End::Error => Verdict::KeepThenFail("no luck"),
                End::Panic => Verdict::KeepThenPanic,
                End::Kill | End::Stop => Verdict::KeepThenWait(at.clone()),
            };
            within(&server, |keeper, _cx| keeper.rule = Box::new(rule)).await;
            let client = beside({
                let server = server.clone();
                async move {
                    match way {
                        "cast" => server.cast(Msg::Letter("a")).map_err(|error| error.to_string()),
                        "call" => {
                            let call = server.call(|reply| Msg::Ask("a", reply));
                            call.await.map_err(|error| error.to_string())
                        }
                        _ => {
                            let sent = handled(&server, Msg::Letter("a"), DEADLINE).await;
                            sent.map(drop).map_err(|error| error.to_string())
                        }
                    }
                }
            });
            if end == End::Kill {
                gate.arrival().await;
                server.process().exit(ExitReason::Killed);
            }
            let reason = server.process().monitor().down().await.reason;
            let reason = server.process().exit_reason().unwrap_or(reason).to_string();
            let told = client.await.expect("no panic");
            let expected = match way {
                "cast" => Ok(()),
                "call" => Err(format!("the process ended before it answered: {reason}")),
                _ => Err(format!("accepted, but the process ended: {reason}")),
            };
            assert_eq!(told, expected);
            let is_left = usize::from(way == "cast");
            let left = dead(tree.node());
            assert_eq!(left, vec![("a", format!("the process ended: {reason}")); is_left], "{way}");
            tree.shutdown().await;
        }
    }
}

#[test]
fn a_runtime_that_goes_away_leaves_dead_letters_of_the_stash() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().expect("a runtime starts")
    };
    let first = runtime();
    let node = Node::new(NodeConfig::default()).expect("tests unwind");
    let baseline = Baseline::of(&node);
    let root = first.block_on(async {
        let name = node.name::<Msg>("a").expect("the name is free");
        let child = spec(&Journal::new()).name(&name).child("a");
        let spec = supervisor(Strategy::OneForOne).child(child);
        let root = Supervisor::start(&node, spec).await.expect("the tree starts");
        let server = name.whereis().expect("it runs");
        cast(&server, &["a", "b"]);
        assert_eq!(stashed(&server).await, 2);
        root
    });
    drop(first);
    runtime().block_on(async {
        drop(root);
        baseline.restored().await;
    });
    let why = || "the process ended: killed".to_owned();
    assert_eq!(dead(&node), [("a", why()), ("b", why())]);
}

/// Lets the process come to "a", which it takes, while "b" and "c" wait to be handled again and "d" in the mailbox.
async fn amid_a_replay(server: &ServerRef<Msg>) -> Gate {
    cast(server, &["a", "b", "c"]);
    let gate = Gate::new();
    let at = gate.clone();
    let rule = move |name| match name {
        "a" => Verdict::TakeAndWait(at.clone()),
        _ => Verdict::Take,
    };
    server.cast(open(rule)).expect("there is room");
    gate.arrival().await;
    cast(server, &["d"]);
    gate
}

#[tokio::test]
async fn a_down_and_a_stop_overtake_what_waits_to_be_handled_again() {
    let (tree, server, journal) = lone(|spec| spec).await;
    let (other, target) = support::lone(test_helpers::Worker::spec("t", &Journal::new())).await;
    let process = target.process().clone();
    within(&server, move |keeper, cx| {
        let monitor = cx.monitor(&process);
        keeper.monitors.push(monitor);
    })
    .await;
    let gate = amid_a_replay(&server).await;
    other.kill("a").await;
    gate.open();
    quiet().await;
    let refused = "info: no message is being handled";
    assert_eq!(journal.take(), ["a", "down killed", refused, "b", "c", "d"]);

    within(&server, |keeper, _cx| keeper.rule = Box::new(|_name| Verdict::Keep)).await;
    let gate = amid_a_replay(&server).await;
    End::Stop.come(&tree, &server, &gate).await;
    assert_eq!(journal.take(), ["a", "terminate: no message is being handled"]);
    let why = || "the process ended: shutdown".to_owned();
    assert_eq!(dead(tree.node()), [("b", why()), ("c", why()), ("d", why())]);
    tree.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn a_process_that_only_puts_aside_and_takes_back_can_be_stopped_and_killed() {
    for end in [End::Stop, End::Kill] {
        let (tree, server, _journal) = lone(|spec| spec).await;
        cast(&server, &["a"]);
        server.cast(open(|_name| Verdict::KeepThenAll)).expect("there is room");
        match end {
            End::Kill => drop(tree.kill("a").await),
            _ => tree.handle().terminate_child("a").await.expect("it stops"),
        }
        assert_eq!(dead(tree.node()).len(), 1);
        tree.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn timers_and_outputs_come_before_what_waits_to_be_handled_again() {
    let (tree, server, journal) = lone(|spec| spec).await;
    let output = Gate::new();
    let opened = output.clone();
    within(&server, |_keeper, cx| {
        cx.send_after(SECOND, Msg::Letter("timer"));
        cx.pipe_to_self(async move {
            opened.pass().await;
            Msg::Letter("output")
        });
    })
    .await;
    let gate = amid_a_replay(&server).await;
    output.open();
    tokio::time::advance(2 * SECOND).await;
    gate.open();
    assert_eq!(stashed(&server).await, 0);
    assert_eq!(journal.take(), ["a", "output", "timer", "b", "c", "d"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_suspended_process_handles_nothing_again_until_it_is_resumed() {
    let (tree, server, journal) = lone(|spec| spec).await;
    let gate = amid_a_replay(&server).await;
    let suspended = beside({
        let process = server.process().clone();
        async move { process.suspend(DEADLINE).await }
    });
    quiet().await;
    gate.open();
    suspended.await.expect("no panic").expect("it stands still");
    quiet().await;
    assert_eq!(server.process().status().state, RunState::Suspended);
    assert_eq!(journal.take(), ["a"]);
    server.process().resume();
    assert_eq!(stashed(&server).await, 0);
    assert_eq!(journal.take(), ["b", "c", "d"]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_of_the_process_itself_can_be_put_aside_and_is_no_dead_letter() {
    let (tree, server, journal) = lone(|spec| spec).await;
    within(&server, |_keeper, cx| {
        cx.pipe_to_self(async { Msg::Letter("output") });
        cx.send_after(SECOND, Msg::Letter("timer"));
    })
    .await;
    tokio::time::advance(2 * SECOND).await;
    quiet().await;
    assert_eq!(stashed(&server).await, 2);
    let rule = |name| if name == "timer" { Verdict::Keep } else { Verdict::Take };
    server.cast(open(rule)).expect("there is room");
    assert_eq!(stashed(&server).await, 1);
    assert_eq!(journal.take(), ["output"]);
    tree.kill("a").await;
    assert_eq!(dead(tree.node()), [], "nobody sent it");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_successor_begins_with_an_empty_stash_and_nothing_is_left_of_the_old_one() {
    let child = spec(&Journal::new()).child("a");
    let tree = of(Strategy::OneForOne, [child]).await;
    let baseline = Baseline::of(tree.node());
    let mut waiting = Vec::new();
    for (end, _reason) in ENDS.into_iter().cycle().take(40) {
        let server = tree.server::<Msg>("a").await;
        cast(&server, &["a"]);
        waiting.push(handling(&server, "b"));
        quiet().await;
        assert_eq!(stashed(&server).await, 2, "what the one before put aside is not here");
        if end == End::Stop {
            server.process().exit(ExitReason::Shutdown);
        } else {
            let gate = about_to(end, &server).await;
            if end == End::Kill {
                server.process().exit(ExitReason::Killed);
            }
            gate.open();
        }
        tree.await_restart("a", server.pid()).await;
    }
    for sender in waiting {
        let error = sender.await.expect("no panic").expect_err("it was not handled");
        assert!(matches!(error.failure, DeliveryFailure::Died(_)), "{error:?}");
    }
    assert_eq!(tree.node().dead_letters().counts().total, 40);
    baseline.restored().await;
    tree.shutdown().await;
}
