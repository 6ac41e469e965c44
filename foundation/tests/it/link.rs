//! Links: one exit signal for each, in both directions, which ends whoever does not trap it; and `exit/2`.

use std::sync::Arc;

use foundation::{
    Context, Exit, ExitReason, ExitSignal, GenServer, Info, ProcessRef, Reply, Restart, ServerRef,
    ServerSpec, Strategy,
};
use test_helpers::{Do, IsolatedTree, Journal, Worker};

use crate::support::{Meeting, is_killed, lone, of, on_thread, quiet, settled};

/// Temporary workers of these names, which share a journal.
async fn workers(ids: &[&str], journal: &Journal) -> (IsolatedTree, Vec<ServerRef<Do>>) {
    let children =
        ids.iter().map(|id| Worker::spec(id, journal).child(id).restart(Restart::Temporary));
    let tree = of(Strategy::OneForOne, children).await;
    let mut servers = Vec::new();
    for id in ids {
        servers.push(tree.server::<Do>(id).await);
    }
    journal.take();
    (tree, servers)
}

async fn tell(server: &ServerRef<Do>, what: Do) {
    server.cast(what).expect("there is room");
    settled(server).await;
}

async fn link(from: &ServerRef<Do>, to: &ServerRef<Do>) {
    tell(from, Do::Link(to.process().clone())).await;
}

async fn reason_of(server: &ServerRef<Do>) -> String {
    server.process().monitor().down().await;
    server.process().exit_reason().expect("it has ended").to_string()
}

#[tokio::test]
async fn linked_processes_end_together_with_the_same_reason_and_without_terminate() {
    for ends in [0, 1] {
        let journal = Journal::new();
        let (tree, servers) = workers(&["a", "b"], &journal).await;
        link(&servers[0], &servers[1]).await;
        servers[ends].cast(Do::Fail("broken")).expect("there is room");
        assert_eq!(reason_of(&servers[1 - ends]).await, "failed: broken");
        let lines = journal.take();
        let ended: Vec<_> = lines.iter().filter(|line| line.starts_with("terminate")).collect();
        assert_eq!(ended.len(), 1, "only the one that failed by itself: {lines:?}");
        tree.shutdown().await;
    }
}

#[tokio::test]
async fn a_chain_of_links_ends_as_a_whole() {
    let (tree, servers) = workers(&["a", "b", "c", "d"], &Journal::new()).await;
    link(&servers[0], &servers[1]).await;
    link(&servers[2], &servers[1]).await;
    link(&servers[2], &servers[3]).await;
    servers[3].process().exit(ExitReason::Killed);
    assert_eq!(reason_of(&servers[0]).await, "killed");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_normal_end_passes_by_who_does_not_trap_and_reaches_who_does() {
    let journal = Journal::new();
    let (tree, servers) = workers(&["a", "b", "c"], &journal).await;
    tell(&servers[1], Do::TrapExit(true)).await;
    link(&servers[0], &servers[1]).await;
    link(&servers[0], &servers[2]).await;
    servers[0].cast(Do::End(ExitReason::Normal)).expect("there is room");
    reason_of(&servers[0]).await;
    settled(&servers[1]).await;
    settled(&servers[2]).await;
    assert!(journal.take().contains(&"exit normal".to_owned()));
    tree.shutdown().await;
}

#[tokio::test]
async fn a_link_is_one_however_often_and_from_whichever_side_it_is_made() {
    let journal = Journal::new();
    let (tree, servers) = workers(&["a", "b"], &journal).await;
    tell(&servers[0], Do::TrapExit(true)).await;
    link(&servers[0], &servers[1]).await;
    link(&servers[0], &servers[1]).await;
    link(&servers[1], &servers[0]).await;
    tree.kill("b").await;
    settled(&servers[0]).await;
    quiet().await;
    settled(&servers[0]).await;
    assert_eq!(journal.take(), ["-b", "exit killed"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_link_to_a_dead_process_is_an_exit_signal_at_once() {
    let journal = Journal::new();
    let (tree, servers) = workers(&["dead", "a", "b"], &journal).await;
    tree.kill("dead").await;
    tell(&servers[1], Do::TrapExit(true)).await;
    link(&servers[1], &servers[0]).await;
    assert_eq!(journal.take(), ["-dead", "exit no such process"]);
    servers[2].cast(Do::Link(servers[0].process().clone())).expect("there is room");
    assert_eq!(reason_of(&servers[2]).await, "no such process");
    tree.shutdown().await;
}

#[tokio::test]
async fn an_unlinked_process_hears_nothing() {
    for breaker in [0, 1] {
        let journal = Journal::new();
        let (tree, servers) = workers(&["a", "b"], &journal).await;
        tell(&servers[0], Do::TrapExit(true)).await;
        link(&servers[0], &servers[1]).await;
        let other = servers[1 - breaker].process().clone();
        tell(&servers[breaker], Do::Unlink(other)).await;
        tree.kill("b").await;
        settled(&servers[0]).await;
        assert_eq!(journal.take(), ["-b"]);
        tree.shutdown().await;
    }
}

#[tokio::test]
async fn a_link_to_itself_does_nothing() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    link(&server, &server).await;
    tell(&server, Do::Unlink(server.process().clone())).await;
    tree.shutdown().await;
}

#[tokio::test]
async fn links_join_processes_of_two_nodes() {
    // Both are the second process of their node.
    let (left, a) = lone(Worker::spec("a", &Journal::new())).await;
    let (right, b) = lone(Worker::spec("b", &Journal::new())).await;
    assert_eq!(a.pid(), b.pid());
    link(&a, &b).await;
    b.process().exit(ExitReason::error("far away"));
    assert_eq!(reason_of(&a).await, "failed: far away");
    left.shutdown().await;
    right.shutdown().await;
}

#[tokio::test]
async fn a_restarted_process_has_no_links() {
    let journal = Journal::new();
    let children = ["a", "b"].map(|id| Worker::spec(id, &journal).child(id));
    let tree = of(Strategy::OneForOne, children).await;
    let (a, b) = (tree.server::<Do>("a").await, tree.server::<Do>("b").await);
    link(&a, &b).await;
    let old = tree.kill("b").await;
    tree.await_restart("b", old).await;
    let new = tree.await_restart("a", a.pid()).await;
    let old = tree.kill("b").await;
    tree.await_restart("b", old).await;
    assert!(new.is_alive(), "the link ended with those that had it");
    tree.shutdown().await;
}

#[tokio::test]
async fn exit_with_normal_is_trapped_or_ignored_and_killed_is_neither() {
    let journal = Journal::new();
    let (tree, servers) = workers(&["a", "b"], &journal).await;
    tell(&servers[0], Do::TrapExit(true)).await;
    for server in &servers {
        server.process().exit(ExitReason::Normal);
        settled(server).await;
    }
    servers[0].process().exit(ExitReason::error("asked"));
    settled(&servers[0]).await;
    assert_eq!(journal.take(), ["exit normal", "exit failed: asked"]);
    for server in &servers {
        server.process().exit(ExitReason::Killed);
        assert_eq!(reason_of(server).await, "killed");
    }
    tree.shutdown().await;
}

#[tokio::test]
async fn who_stops_trapping_ends_with_the_next_signal() {
    let (tree, servers) = workers(&["a"], &Journal::new()).await;
    tell(&servers[0], Do::TrapExit(true)).await;
    tell(&servers[0], Do::TrapExit(false)).await;
    servers[0].process().exit(ExitReason::Shutdown);
    assert_eq!(reason_of(&servers[0]).await, "shutdown");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_supervisor_drops_exit_signals() {
    let (tree, server) = lone(Worker::spec("a", &Journal::new())).await;
    let root = tree.handle().process().expect("the root runs");
    root.exit(ExitReason::error("you"));
    tell(&server, Do::Link(root.clone())).await;
    server.process().exit(ExitReason::Killed);
    reason_of(&server).await;
    assert_eq!(tree.handle().count_children().await.expect("it runs").active, 0);
    tree.shutdown().await;
}

/// Links, sees the peer end by another way, and unlinks before the signal is handled.
struct Unlinker {
    signals: Vec<ExitSignal>,
}

enum Ask {
    /// Link, kill, wait for the end, unlink.
    Outlive(ProcessRef, Reply<()>),
    /// Link, let somebody else kill the peer, and unlink after so many turns.
    Race(ProcessRef, Arc<Meeting>, u32),
    Signals(Reply<usize>),
}

impl GenServer for Unlinker {
    type Args = ();
    type Msg = Ask;

    async fn init((): (), cx: &mut Context<Self>) -> Result<Self, Exit> {
        assert!(!cx.trap_exit(true), "nobody traps at first");
        assert!(cx.trap_exit(true), "it traps now");
        Ok(Self { signals: Vec::new() })
    }

    async fn handle(&mut self, msg: Ask, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            Ask::Outlive(peer, reply) => {
                cx.link(&peer);
                let ended = peer.monitor();
                peer.exit(ExitReason::Killed);
                ended.down().await;
                // The signal comes after the notice of a monitor; the node counts the process out before both.
                quiet().await;
                cx.unlink(&peer);
                reply.send(());
            }
            Ask::Race(peer, barrier, turns) => {
                cx.link(&peer);
                barrier.wait();
                (0..turns).for_each(|_| std::thread::yield_now());
                cx.unlink(&peer);
            }
            Ask::Signals(reply) => reply.send(self.signals.len()),
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Info::Exit(signal) = info {
            self.signals.push(signal);
        }
        Ok(())
    }
}

async fn unlinker() -> (IsolatedTree, ServerRef<Ask>) {
    let child = ServerSpec::<Unlinker>::new(()).child("u");
    let tree = of(Strategy::OneForOne, [child]).await;
    let server = tree.server::<Ask>("u").await;
    (tree, server)
}

#[tokio::test]
async fn unlink_takes_back_a_signal_that_was_trapped_already() {
    let (tree, unlinker) = unlinker().await;
    let (other, peer) = lone(Worker::spec("p", &Journal::new())).await;
    let process = peer.process().clone();
    unlinker.call(|reply| Ask::Outlive(process, reply)).await.expect("it lives on");
    assert_eq!(unlinker.call(Ask::Signals).await.expect("it lives"), 0);
    assert!(is_killed(&peer.process().exit_reason().expect("it has ended")));
    tree.shutdown().await;
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_never_comes_after_unlink_returned() {
    let (tree, unlinker) = unlinker().await;
    for turn in 0..300 {
        let (other, peer) = lone(Worker::spec("p", &Journal::new())).await;
        let barrier = Arc::new(Meeting::new());
        let (process, victim) = (peer.process().clone(), peer.process().clone());
        let race = Ask::Race(process, Arc::clone(&barrier), turn % 32);
        assert!(unlinker.cast(race).is_ok(), "there is room");
        let killer = on_thread(move || {
            barrier.wait();
            victim.exit(ExitReason::Killed);
        });
        peer.process().monitor().down().await;
        killer.join().expect("the killer does not panic");
        assert_eq!(unlinker.call(Ask::Signals).await.expect("it lives"), 0, "turn {turn}");
        other.shutdown().await;
    }
    tree.shutdown().await;
}
