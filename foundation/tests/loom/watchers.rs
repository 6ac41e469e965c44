//! A watch against the end of its target: one `Down` or none, and never that of somebody else.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use loom::future::block_on;
use loom::thread;
use parking_lot::Mutex;

use crate::actor::{Actor, Seen};
use crate::process::cell::Process;
use crate::process::exit::ExitReason;
use crate::process::guarded_sink::DownNotice;
use crate::process::monitor::{Down, DownSink, Monitor, Watch};
use crate::process::monitor_tag::Origin;
use crate::process::pid::Pid;
use crate::{Watcher, heard, mailbox};

/// Keeps what it is told. Its lock is no part of the model.
#[derive(Default)]
struct Ear(Mutex<Vec<Down>>);

impl DownSink for Ear {
    fn down(&self, notice: DownNotice) {
        self.0.lock().extend(notice.take());
    }

    fn sweep(&self) {}

    fn owner(&self) -> (Pid, Option<Arc<str>>) {
        unreachable!("nobody asks in a model")
    }
}

impl Ear {
    /// The reason of the one notice that there is.
    fn only(&self) -> ExitReason {
        let downs = self.0.lock();
        assert_eq!(downs.len(), 1, "{downs:?}");
        downs[0].reason.clone()
    }
}

const REASONS: [ExitReason; 2] = [ExitReason::NoProc, ExitReason::Shutdown];

#[test]
fn a_watch_made_while_its_target_ends_fires_once() {
    let seen = Arc::new(Seen::default());
    let noted = Arc::clone(&seen);
    loom::model(move || {
        let target = Actor::new(1);
        let ending = target.end_beside(ExitReason::Shutdown);
        let ear = Arc::new(Ear::default());
        let sink: Arc<dyn DownSink> = Arc::<Ear>::clone(&ear);
        let watch = Watch::of(&target.door(), sink, Origin::here());
        ending.join().expect("the end does not panic");
        noted.note(&ear.only());
        drop(watch);
        assert_eq!(target.cell().watchers(), 0);
    });
    seen.assert(&REASONS);
}

#[test]
fn a_wait_for_a_target_that_ends_meanwhile_is_over_with_its_reason() {
    let seen = Arc::new(Seen::default());
    let noted = Arc::clone(&seen);
    loom::model(move || {
        let target = Actor::new(1);
        let ending = target.end_beside(ExitReason::Shutdown);
        noted.note(&block_on(Monitor::of(&target.door(), Origin::here()).down()).reason);
        ending.join().expect("the end does not panic");
        assert_eq!(target.cell().watchers(), 0);
    });
    seen.assert(&REASONS);
}

#[test]
fn two_who_wait_both_hear_of_the_end() {
    loom::model(|| {
        let target = Actor::new(1);
        let (first, second) = (
            Monitor::of(&target.door(), Origin::here()),
            Monitor::of(&target.door(), Origin::here()),
        );
        let waiting = thread::spawn(move || block_on(second.down()).reason);
        let ending = target.end_beside(ExitReason::Shutdown);
        assert!(matches!(block_on(first.down()).reason, ExitReason::Shutdown));
        let reason = waiting.join().expect("the other does not panic");
        assert!(matches!(reason, ExitReason::Shutdown), "{reason:?}");
        ending.join().expect("the end does not panic");
    });
}

#[test]
fn a_wait_that_is_given_up_while_the_target_ends_leaves_nothing_behind() {
    loom::model(|| {
        let target = Actor::new(1);
        drop(Monitor::of(&target.door(), Origin::here()));
        assert_eq!(target.cell().watchers(), 0, "it is off the list");
        let monitor = Monitor::of(&target.door(), Origin::here());
        let ending = target.end_beside(ExitReason::Shutdown);
        {
            let mut cx = Context::from_waker(Waker::noop());
            // Whether it is over already is a matter of the interleaving.
            drop(pin!(monitor.down()).as_mut().poll(&mut cx));
        }
        ending.join().expect("the end does not panic");
        assert_eq!(target.cell().watchers(), 0);
    });
}

#[test]
fn a_watch_dropped_while_its_target_ends_is_not_heard_of_afterwards() {
    loom::model(|| {
        let target = Actor::new(1);
        let post = mailbox(1);
        let watcher: Arc<dyn DownSink> = Arc::new(Watcher(post.clone()));
        let watch = Watch::of(&target.door(), watcher, Origin::here());
        let ending = target.end_beside(ExitReason::Shutdown);
        drop(watch);
        assert!(heard(&post).is_empty(), "nothing is heard of it");
        ending.join().expect("the end does not panic");
        assert!(heard(&post).is_empty(), "nothing comes later");
    });
}

#[test]
fn a_watch_that_is_dropped_never_takes_a_stranger_off_the_list() {
    loom::model(|| {
        let target = Actor::new(1);
        let first = Watch::of(&target.door(), Arc::new(Ear::default()), Origin::here());
        let ear = Arc::new(Ear::default());
        let stranger = {
            let (door, sink) = (target.door(), Arc::<Ear>::clone(&ear));
            thread::spawn(move || Watch::of(&door, sink, Origin::here()))
        };
        let ending = target.end_beside(ExitReason::Shutdown);
        drop(first);
        let stranger = stranger.join().expect("the stranger does not panic");
        ending.join().expect("the end does not panic");
        // Its own `Down`, whatever became of the first.
        assert!(matches!(ear.only(), ExitReason::NoProc | ExitReason::Shutdown));
        drop(stranger);
        assert_eq!(target.cell().watchers(), 0);
    });
}

#[test]
fn who_looks_while_the_target_ends_sees_each_watcher_at_most_once_and_takes_none_away() {
    loom::model(|| {
        let target = Actor::new(1);
        let ear = Arc::new(Ear::default());
        let sink: Arc<dyn DownSink> = Arc::<Ear>::clone(&ear);
        let watch = Watch::of(&target.door(), sink, Origin::here());
        let ending = target.end_beside(ExitReason::Shutdown);
        let mut seen = Vec::new();
        let next =
            target.cell().look_at_watchers(0, |place, watcher| seen.push((place, watcher.id())));
        assert!(next.is_none() && seen.len() <= 1, "{seen:?}");
        let told = seen.iter().filter(|(place, id)| target.cell().advise(*place, *id)).count();
        assert!(told <= seen.len());
        ending.join().expect("the end does not panic");
        assert!(matches!(ear.only(), ExitReason::Shutdown));
        drop(watch);
    });
}
