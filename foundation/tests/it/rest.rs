//! A process that has nothing to do after `init` rests: it gets a task of its own with the first thing there is for it. Nobody can
//! tell, but whoever counts tasks.

use std::time::Duration;

use foundation::{
    Context, Exit, ExitReason, GenServer, Info, ProcessRef, Reply, Restart, ServerRef, ServerSpec,
    Shutdown, Strategy,
};
use test_helpers::{Gate, IsolatedTree, Journal};

use crate::support::{in_time, is_killed, is_panic, of, on_thread};

/// What it does in `init` and in `terminate`, besides taking a note.
#[derive(Clone)]
enum Habit {
    None,
    /// It traps exit signals.
    Traps,
    /// It starts a timer in `init`.
    Ticks(Duration),
    /// It waits at a gate in `terminate`.
    WaitsAtLast(Gate),
    /// It panics in `terminate`.
    PanicsAtLast,
}

struct Idler {
    journal: Journal,
    habit: Habit,
}

enum Msg {
    Note(&'static str),
    Link(ProcessRef),
    Sync(Reply<()>),
}

impl GenServer for Idler {
    type Args = (Journal, Habit);
    type Msg = Msg;

    async fn init((journal, habit): Self::Args, cx: &mut Context<Self>) -> Result<Self, Exit> {
        match habit {
            Habit::Traps => {
                cx.trap_exit(true);
            }
            Habit::Ticks(after) => {
                cx.start_timer(after);
            }
            Habit::None | Habit::WaitsAtLast(_) | Habit::PanicsAtLast => {}
        }
        journal.note("init");
        Ok(Self { journal, habit })
    }

    async fn handle(&mut self, message: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match message {
            Msg::Note(text) => self.journal.note(text),
            Msg::Link(peer) => cx.link(&peer),
            Msg::Sync(reply) => reply.send(()),
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match info {
            Info::Exit(signal) => self.journal.note(format!("exit {}", signal.reason)),
            Info::Timer(_) => self.journal.note("tick"),
            other => panic!("{other:?}"),
        }
        Ok(())
    }

    async fn terminate(&mut self, reason: &ExitReason, _cx: &mut Context<Self>) {
        self.journal.note(format!("terminate {reason}"));
        match &self.habit {
            Habit::WaitsAtLast(gate) => gate.pass().await,
            Habit::PanicsAtLast => panic!("at last"),
            Habit::None | Habit::Traps | Habit::Ticks(_) => {}
        }
        self.journal.note("over");
    }
}

impl Drop for Idler {
    fn drop(&mut self) {
        self.journal.note("dropped");
    }
}

fn spec(journal: &Journal, habit: &Habit) -> ServerSpec<Idler> {
    ServerSpec::new((journal.clone(), habit.clone()))
}

async fn idler(habit: Habit) -> (IsolatedTree, ServerRef<Msg>, Journal) {
    let journal = Journal::new();
    let child = spec(&journal, &habit).child("a").restart(Restart::Temporary);
    let tree = of(Strategy::OneForOne, [child]).await;
    let server = tree.server::<Msg>("a").await;
    (tree, server, journal)
}

async fn ended(process: &ProcessRef) -> ExitReason {
    in_time(process.monitor().down()).await.reason
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test]
async fn processes_without_messages_have_no_tasks_and_the_first_message_gives_each_its_own() {
    let journal = Journal::new();
    let children = (0..100).map(|place| spec(&journal, &Habit::None).child(&place.to_string()));
    let tree = of(Strategy::OneForOne, children).await;
    let resting = tasks();
    let mut servers = Vec::new();
    for place in 0..100 {
        servers.push(tree.server::<Msg>(&place.to_string()).await);
    }
    assert!(resting < 10, "{resting}");
    // The first call starts the sweep over deadlines, too.
    servers[0].call(Msg::Sync).await.expect("it answers");
    let first = tasks();
    for server in &servers {
        server.call(Msg::Sync).await.expect("it answers");
    }
    assert_eq!(tasks(), first + 99);
    assert_eq!(journal.entries().len(), 100, "no `init` ran twice");
    tree.shutdown().await;
}

#[tokio::test]
async fn the_first_message_may_come_from_a_thread_without_a_runtime() {
    let (tree, server, journal) = idler(Habit::None).await;
    let sender = {
        let server = server.clone();
        on_thread(move || server.cast(Msg::Note("hello")).is_ok())
    };
    assert!(sender.join().expect("the sender does not panic"));
    server.call(Msg::Sync).await.expect("it answers");
    assert_eq!(journal.entries(), ["init", "hello"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_kill_ends_a_process_at_rest_without_terminate() {
    let (tree, server, journal) = idler(Habit::None).await;
    server.process().exit(ExitReason::Killed);
    assert!(is_killed(&ended(server.process()).await));
    assert_eq!(journal.entries(), ["init", "dropped"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn an_exit_signal_reaches_a_process_at_rest_that_traps_it() {
    let (tree, server, journal) = idler(Habit::Traps).await;
    server.process().exit(ExitReason::ShutdownWith("later".into()));
    server.call(Msg::Sync).await.expect("it lives");
    assert_eq!(journal.entries(), ["init", "exit shutdown: later"]);
    let (other, untrapped, _) = idler(Habit::None).await;
    untrapped.process().exit(ExitReason::ShutdownWith("now".into()));
    assert!(matches!(ended(untrapped.process()).await, ExitReason::ShutdownWith(_)));
    tree.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn a_trapped_signal_alone_wakes_a_process_at_rest() {
    let (tree, server, journal) = idler(Habit::Traps).await;
    server.process().exit(ExitReason::Normal);
    in_time(journal.written("exit normal", 1)).await;
    tree.shutdown().await;
}

#[tokio::test]
async fn a_process_that_is_stopped_at_rest_terminates_to_its_end_first() {
    let gate = Gate::new();
    let (tree, server, journal) = idler(Habit::WaitsAtLast(gate.clone())).await;
    let mut stopping = Box::pin(tree.handle().terminate_child("a"));
    tokio::select! {
        biased;
        stopped = &mut stopping => panic!("it waits for `terminate`: {stopped:?}"),
        () = gate.arrival() => {}
    }
    gate.open();
    // What takes longer than a turn goes on in a task.
    in_time(stopping).await.expect("it stops");
    assert!(!server.is_alive());
    assert_eq!(journal.entries(), ["init", "terminate shutdown", "over", "dropped"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_process_that_is_stopped_at_rest_never_has_a_task() {
    let (tree, server, journal) = idler(Habit::None).await;
    let before = tasks();
    tree.handle().terminate_child("a").await.expect("it stops");
    assert!(matches!(server.process().exit_reason(), Some(ExitReason::Shutdown)));
    assert_eq!(tasks(), before);
    assert_eq!(journal.entries(), ["init", "terminate shutdown", "over", "dropped"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_panic_in_the_terminate_of_a_process_at_rest_does_not_touch_its_supervisor() {
    let (tree, server, _) = idler(Habit::PanicsAtLast).await;
    tree.handle().terminate_child("a").await.expect("it ends");
    let reason = server.process().exit_reason().expect("it has ended");
    assert!(is_panic(&reason, "at last"), "{reason:?}");
    assert_eq!(tree.handle().count_children().await.expect("it lives").specs, 0);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_at_rest_that_does_not_stop_in_time_is_killed() {
    let journal = Journal::new();
    let habit = Habit::WaitsAtLast(Gate::new());
    let limit = Shutdown::Timeout(Duration::from_secs(5));
    let tree = of(Strategy::OneForOne, [spec(&journal, &habit).child("a").shutdown(limit)]).await;
    let server = tree.server::<Msg>("a").await;
    tree.handle().terminate_child("a").await.expect("it ends");
    assert!(is_killed(&server.process().exit_reason().expect("it has ended")));
    assert_eq!(journal.entries(), ["init", "terminate shutdown", "dropped"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_process_at_rest_can_be_suspended_and_resumed() {
    let (tree, server, journal) = idler(Habit::None).await;
    server.process().suspend(Duration::from_secs(5)).await.expect("it obeys");
    server.cast(Msg::Note("later")).expect("there is room");
    assert_eq!(journal.entries(), ["init"]);
    assert!(server.process().resume());
    server.call(Msg::Sync).await.expect("it answers");
    assert_eq!(journal.entries(), ["init", "later"]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_started_something_in_init_does_not_rest() {
    let (tree, _server, journal) = idler(Habit::Ticks(Duration::from_secs(1))).await;
    journal.written("tick", 1).await;
    tree.shutdown().await;
}

#[tokio::test]
async fn who_is_linked_to_a_process_at_rest_hears_of_its_stop_before_the_next_one_is_stopped() {
    let journal = Journal::new();
    let children = [("a", Habit::Traps), ("b", Habit::None), ("c", Habit::None)];
    let children = children.map(|(id, habit)| spec(&journal, &habit).child(id));
    let tree = of(Strategy::OneForOne, children).await;
    let first = tree.server::<Msg>("a").await;
    first.cast(Msg::Link(tree.process("c").await)).expect("there is room");
    first.call(Msg::Sync).await.expect("it answers");
    journal.take();
    tree.shutdown().await;
    let entries = journal.entries();
    let at = |text: &str| entries.iter().position(|entry| entry == text).expect("it happened");
    let stops: Vec<_> =
        (0..entries.len()).filter(|n| entries[*n] == "terminate shutdown").collect();
    assert_eq!(stops.len(), 3, "{entries:?}");
    assert!(at("exit shutdown") < stops[1], "{entries:?}");
}
