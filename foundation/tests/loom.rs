//! Models of the lock-level code, under every interleaving that loom finds within its bounds.
//!
//! The files of the mailbox, the reply cell, the guarded sink, the watchers and the links of a process, of the rate limiters and of
//! the circuit breaker are compiled once more here, with loom's locks, so that the models reach what is private in the crate. Run them with
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p foundation --test loom --release`.

#![cfg(loom)]
#![expect(dead_code, unreachable_pub, reason = "the models use a part of what the files offer")]

#[path = "../src/backoff.rs"]
mod backoff;
#[path = "../src/random.rs"]
mod random;
#[path = "../src/sync.rs"]
mod sync;

#[path = "../src/circuit_breaker"]
mod circuit_breaker {
    pub(crate) mod config;
    pub(crate) mod gate;
    pub(crate) mod machine;
    pub(crate) mod rejected;
    pub(crate) mod tally;
}

#[path = "../src/rate_limiter"]
mod rate_limiter {
    pub(crate) mod alone;
    pub(crate) mod denied;
    pub(crate) mod fixed_window;
    pub(crate) mod gcra;
    pub(crate) mod meter;
    pub(crate) mod quota;
    pub(crate) mod shared;
    pub(crate) mod sliding_window;
}

#[path = "../src/process"]
mod process {
    pub(crate) mod envelope;
    pub(crate) mod exit;
    pub(crate) mod guarded_sink;
    pub(crate) mod lane;
    pub(crate) mod link;
    pub(crate) mod mailbox;
    pub(crate) mod monitor;
    pub(crate) mod monitor_tag;
    pub(crate) mod pid;
    pub(crate) mod reply;
    pub(crate) mod state;
    pub(crate) mod waiting;
    pub(crate) mod watchers;

    #[path = "../../tests/loom/stand_ins.rs"]
    mod stand_ins;
    pub(crate) use stand_ins::{cell, dependents, kill, name, owner, progress, spawn, telemetry};
}

#[path = "loom/actor.rs"]
mod actor;
#[path = "loom/limits.rs"]
mod limits;
#[path = "loom/links.rs"]
mod links;
#[path = "loom/watchers.rs"]
mod watchers;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::num::NonZeroU64;
use std::ops::Deref;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use process::envelope::{Control, Envelope, Pushed, Receipt, Received};
use process::exit::ExitReason;
use process::guarded_sink::DownNotice;
use process::guarded_sink::GuardedSink;
use process::mailbox::{Inbox, Mailbox, Overflow, Urgent};
use process::monitor::{Down, DownSink, MonitorId};
use process::pid::Pid;
use process::reply;
use process::spawn::{self, Task};
use process::telemetry;

/// A mailbox with its flag, as a server has them.
struct Post {
    urgent: Urgent,
    mailbox: Mailbox<u32>,
}

impl Deref for Post {
    type Target = Mailbox<u32>;

    fn deref(&self) -> &Mailbox<u32> {
        &self.mailbox
    }
}

impl Post {
    fn tell(&self, message: u32) -> Pushed<u32> {
        self.push(message, Receipt::Cast)
    }

    fn control(&self, control: Control) -> bool {
        self.push_control(&self.urgent, control)
    }
}

fn mailbox(capacity: usize) -> Arc<Post> {
    let mailbox = Mailbox::new(capacity, Overflow::Wait);
    Arc::new(Post { urgent: Urgent::new(), mailbox })
}

/// A guard whose notice goes into that mailbox.
fn guard(mailbox: &Arc<Post>) -> std::sync::Arc<GuardedSink> {
    std::sync::Arc::new(GuardedSink::new(
        MonitorId(1),
        std::sync::Arc::new(Watcher(mailbox.clone())),
    ))
}

/// Some process ends, and its watcher is told.
fn post(guard: &std::sync::Arc<GuardedSink>) {
    std::sync::Arc::clone(guard).post(Pid::new(NonZeroU64::MIN), ExitReason::Shutdown);
}

/// Takes everything out of the control lane, as a process does, and returns what it is told.
fn heard(mailbox: &Post) -> Vec<Down> {
    let mut downs = Vec::new();
    while let Some(control) = mailbox.take_control(&mailbox.urgent) {
        match control {
            Control::Down(notice) => downs.extend(notice.take()),
            other => panic!("{other:?}"),
        }
    }
    downs
}

fn envelope(message: u32) -> Envelope<u32> {
    Envelope { message, receipt: Receipt::Cast }
}

/// Waits for the next message; fails on anything else.
fn receive(mailbox: &Post, inbox: &mut Inbox<u32>) -> u32 {
    match block_on(poll_fn(|cx| mailbox.poll_recv(&mailbox.urgent, inbox, cx.waker()))) {
        Received::Message(envelope) => envelope.message,
        Received::Control(control) => panic!("{control:?}"),
    }
}

/// Waits for a slot; false if the mailbox was closed.
fn reserve(mailbox: &Post) -> bool {
    let mut ticket = None;
    block_on(poll_fn(|cx| mailbox.poll_reserve(&mut ticket, cx.waker())))
}

#[test]
fn a_waiting_receiver_hears_of_every_message() {
    loom::model(|| {
        let mailbox = mailbox(2);
        let sender = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                for message in 1..=2 {
                    assert!(matches!(mailbox.tell(message), Pushed::Accepted));
                }
            })
        };
        let mut inbox = Inbox::new(2);
        assert_eq!((receive(&mailbox, &mut inbox), receive(&mailbox, &mut inbox)), (1, 2));
        sender.join().expect("the sender does not panic");
    });
}

#[test]
fn a_waiting_receiver_hears_of_control() {
    loom::model(|| {
        let mailbox = mailbox(1);
        assert!(matches!(mailbox.tell(1), Pushed::Accepted));
        let kernel = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || assert!(mailbox.control(Control::Stop(ExitReason::Shutdown))))
        };
        let mut inbox = Inbox::new(1);
        let mut seen = Vec::new();
        for _ in 0..2 {
            seen.push(
                match block_on(poll_fn(|cx| {
                    mailbox.poll_recv(&mailbox.urgent, &mut inbox, cx.waker())
                })) {
                    Received::Message(_) => "message",
                    Received::Control(_) => "control",
                },
            );
        }
        seen.sort_unstable();
        assert_eq!(seen, ["control", "message"]);
        kernel.join().expect("the kernel does not panic");
    });
}

#[test]
fn a_flag_without_control_behind_it_neither_skips_mail_nor_loses_a_wake() {
    loom::model(|| {
        let mailbox = mailbox(4);
        for message in 1..=3 {
            assert!(matches!(mailbox.tell(message), Pushed::Accepted));
        }
        let mut inbox = Inbox::new(4);
        assert_eq!(receive(&mailbox, &mut inbox), 1, "two more are in its hands");
        // A notice comes and is taken back before it is seen; the flag stays.
        let guard = guard(&mailbox);
        post(&guard);
        guard.close();
        let sender = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || assert!(matches!(mailbox.tell(4), Pushed::Accepted)))
        };
        let rest = [(); 3].map(|()| receive(&mailbox, &mut inbox));
        assert_eq!(rest, [2, 3, 4]);
        sender.join().expect("the sender does not panic");
    });
}

/// Lets a process rest while `enters` happens, and returns how often it was given a task. What found it at work is not missed.
fn begun(enters: impl FnOnce(&Post) + Send + 'static) -> usize {
    let mailbox = mailbox(4);
    let task = Task::default();
    let other = {
        let mailbox = Arc::clone(&mailbox);
        thread::spawn(move || enters(&mailbox))
    };
    if let Err(task) = mailbox.rest(task.clone()) {
        spawn::begin(task);
    }
    other.join().expect("the other does not panic");
    task.0.load(Ordering::SeqCst)
}

#[test]
fn a_process_that_rests_is_given_its_task_once_whatever_enters() {
    loom::model(|| {
        assert_eq!(begun(|mailbox| assert!(matches!(mailbox.tell(1), Pushed::Accepted))), 1);
    });
    loom::model(|| {
        assert_eq!(begun(|mailbox| assert!(mailbox.control(Control::Resume))), 1);
    });
    loom::model(|| {
        let twice = |mailbox: &Post| {
            assert!(matches!(mailbox.tell(1), Pushed::Accepted));
            assert!(mailbox.control(Control::Resume));
        };
        assert_eq!(begun(twice), 1);
    });
}

#[test]
fn a_process_that_rests_ends_in_the_turn_of_its_stop_or_in_its_task_but_not_in_both() {
    loom::model(|| {
        let mailbox = mailbox(4);
        let task = Task::default();
        assert!(mailbox.rest(task.clone()).is_ok());
        let sender = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || assert!(matches!(mailbox.tell(1), Pushed::Accepted)))
        };
        let taken = mailbox.take_resting(&mailbox.urgent, Control::Stop(ExitReason::Shutdown));
        sender.join().expect("the sender does not panic");
        let begun = task.0.load(Ordering::SeqCst);
        assert_eq!(usize::from(taken.is_some()) + begun, 1);
        assert_eq!(mailbox.take_control(&mailbox.urgent).is_some(), taken.is_some());
    });
}

#[test]
fn a_trapped_signal_leaves_a_process_at_rest_to_be_roused_once() {
    loom::model(|| {
        let mailbox = mailbox(4);
        let task = Task::default();
        assert!(mailbox.rest(task.clone()).is_ok());
        let sender = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || assert!(matches!(mailbox.tell(1), Pushed::Accepted)))
        };
        let woken = mailbox.enqueue_control(&mailbox.urgent, Control::Resume);
        assert!(matches!(woken, Ok(None)), "it has no waker");
        mailbox.rouse();
        sender.join().expect("the sender does not panic");
        assert_eq!(task.0.load(Ordering::SeqCst), 1);
    });
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(std::sync::atomic::AtomicUsize);

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Woken {
    fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn a_receiver_that_parked_with_its_last_message_is_woken_once_and_by_the_waker_it_came_with_last() {
    loom::model(|| {
        let mailbox = mailbox(4);
        let mut inbox = Inbox::new(4);
        let (first, second) = <[std::sync::Arc<Woken>; 2]>::default().into();
        let wakers = [&first, &second].map(|woken| Waker::from(std::sync::Arc::clone(woken)));
        let mut poll = |waker: &Waker| mailbox.poll_recv(&mailbox.urgent, &mut inbox, waker);
        assert!(matches!(mailbox.tell(1), Pushed::Accepted));
        assert!(poll(&wakers[0]).is_ready(), "it parks");
        assert!(matches!(mailbox.tell(2), Pushed::Accepted));
        assert!(matches!(mailbox.tell(3), Pushed::Accepted));
        assert_eq!(first.times(), 1, "while it was at work");
        assert!(poll(&wakers[0]).is_ready() && poll(&wakers[0]).is_ready());
        assert!(poll(&wakers[0]).is_pending(), "it gives way once, because there were two");
        assert!(poll(&wakers[0]).is_pending(), "and parks");
        assert!(matches!(mailbox.tell(4), Pushed::Accepted));
        assert!(poll(&wakers[0]).is_ready(), "it parks");
        assert!(poll(&wakers[1]).is_pending(), "as another one");
        assert!(mailbox.control(Control::Stop(ExitReason::Shutdown)));
        assert_eq!((first.times(), second.times()), (3, 1));
        assert!(poll(&wakers[1]).is_ready(), "control, though it was parked");
    });
}

#[test]
fn two_who_wait_for_room_both_get_it_and_the_bound_holds() {
    loom::model(|| {
        let mailbox = mailbox(1);
        assert!(matches!(mailbox.tell(0), Pushed::Accepted));
        let mut first = None;
        assert!(mailbox.poll_reserve(&mut first, Waker::noop()).is_pending());
        let second = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                assert!(reserve(&mailbox));
                assert!(mailbox.push_reserved(envelope(2)).is_ok());
            })
        };
        let mut inbox = Inbox::new(1);
        assert_eq!(receive(&mailbox, &mut inbox), 0);
        assert!(matches!(mailbox.tell(9), Pushed::Full(_)), "whoever waits comes first");
        assert!(mailbox.poll_reserve(&mut first, Waker::noop()).is_ready(), "it was the first");
        assert!(mailbox.push_reserved(envelope(1)).is_ok());
        assert_eq!((receive(&mailbox, &mut inbox), receive(&mailbox, &mut inbox)), (1, 2));
        second.join().expect("the second does not panic");
        assert_eq!(mailbox.depth().1, 1, "never more than one");
    });
}

#[test]
fn a_waiting_sender_hears_of_room() {
    loom::model(|| {
        let mailbox = mailbox(1);
        assert!(matches!(mailbox.tell(0), Pushed::Accepted));
        let sender = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                assert!(reserve(&mailbox));
                assert!(mailbox.push_reserved(envelope(1)).is_ok());
            })
        };
        let mut inbox = Inbox::new(1);
        assert_eq!((receive(&mailbox, &mut inbox), receive(&mailbox, &mut inbox)), (0, 1));
        sender.join().expect("the sender does not panic");
    });
}

#[test]
fn concurrent_senders_never_exceed_the_capacity() {
    loom::model(|| {
        let mailbox = mailbox(1);
        let accepted = Arc::new(AtomicUsize::new(0));
        let senders: Vec<_> = (0..2)
            .map(|message| {
                let (mailbox, accepted) = (Arc::clone(&mailbox), Arc::clone(&accepted));
                thread::spawn(move || {
                    if matches!(mailbox.tell(message), Pushed::Accepted) {
                        accepted.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        senders.into_iter().for_each(|sender| sender.join().expect("no sender panics"));
        assert_eq!((accepted.load(Ordering::SeqCst), mailbox.depth()), (1, (1, 1)));
    });
}

#[test]
fn a_wait_that_is_cancelled_never_keeps_the_slot() {
    loom::model(|| {
        let mailbox = mailbox(1);
        assert!(mailbox.try_reserve().is_ok());
        let mut ticket = None;
        assert!(mailbox.poll_reserve(&mut ticket, Waker::noop()).is_pending());
        let other = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || mailbox.release(1))
        };
        let ticket = ticket.expect("it waits");
        mailbox.cancel_reserve(ticket);
        other.join().expect("the other does not panic");
        assert!(mailbox.try_reserve().is_ok(), "the slot is free");
        assert!(mailbox.try_reserve().is_err(), "and there is one of it");
    });
}

#[test]
fn a_slot_that_was_granted_to_a_cancelled_wait_goes_to_the_next() {
    loom::model(|| {
        let mailbox = mailbox(1);
        assert!(mailbox.try_reserve().is_ok());
        let mut first = None;
        assert!(mailbox.poll_reserve(&mut first, Waker::noop()).is_pending());
        let second = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || assert!(reserve(&mailbox)))
        };
        mailbox.release(1);
        mailbox.cancel_reserve(first.expect("it waits"));
        second.join().expect("the second gets it");
    });
}

#[test]
fn a_message_enters_or_comes_back_when_the_mailbox_closes() {
    loom::model(|| {
        let mailbox = mailbox(2);
        let sender = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || match mailbox.tell(1) {
                Pushed::Accepted => 0,
                Pushed::Closed(envelope) => envelope.message,
                other => panic!("{other:?}"),
            })
        };
        let left: VecDeque<Envelope<u32>> = mailbox.close();
        let returned = sender.join().expect("the sender does not panic");
        let left: u32 = left.iter().map(|envelope| envelope.message).sum();
        assert_eq!(left + returned, 1, "it is in exactly one place");
        assert!(matches!(mailbox.tell(2), Pushed::Closed(_)));
    });
}

#[test]
fn what_the_receiver_took_is_in_front_of_what_came_later_when_it_is_put_back() {
    loom::model(|| {
        let mailbox = mailbox(4);
        for message in 1..=3 {
            assert!(matches!(mailbox.tell(message), Pushed::Accepted));
        }
        let mut inbox = Inbox::new(4);
        assert_eq!(receive(&mailbox, &mut inbox), 1);
        let sender = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || assert!(matches!(mailbox.tell(4), Pushed::Accepted)))
        };
        assert!(mailbox.restore(&mut inbox).is_empty(), "it is open");
        sender.join().expect("the sender does not panic");
        let left: Vec<u32> = mailbox.close().into_iter().map(|envelope| envelope.message).collect();
        assert_eq!(left, [2, 3, 4]);
    });
}

#[test]
fn closing_wakes_who_waits_for_room() {
    loom::model(|| {
        let mailbox = mailbox(1);
        assert!(mailbox.try_reserve().is_ok());
        let waiter = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || reserve(&mailbox))
        };
        assert!(mailbox.close().is_empty());
        assert!(!waiter.join().expect("the waiter does not panic"));
    });
}

#[test]
fn a_caller_hears_of_the_answer() {
    loom::model(|| {
        let (reply, answer) = reply::pair::<u32>();
        let server = thread::spawn(move || reply.send(7));
        assert_eq!(block_on(answer), Ok(7));
        server.join().expect("the server does not panic");
    });
}

#[test]
fn a_caller_hears_of_a_dropped_reply() {
    loom::model(|| {
        let (reply, answer) = reply::pair::<u32>();
        let server = thread::spawn(move || drop(reply));
        assert!(block_on(answer).is_err());
        server.join().expect("the server does not panic");
    });
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn an_answer_that_meets_a_caller_giving_up_is_dropped_once() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (reply, answer) = reply::pair::<Counted>();
        let value = Counted(Arc::clone(&drops));
        let server = thread::spawn(move || reply.send(value));
        {
            let mut answer = pin!(answer);
            let polled = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(polled, Poll::Pending | Poll::Ready(Ok(_))));
        }
        server.join().expect("the server does not panic");
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
}

/// A watcher's mailbox as a sink.
struct Watcher(Arc<Post>);

impl DownSink for Watcher {
    fn down(&self, notice: DownNotice) {
        self.0.control(Control::Down(notice));
    }

    fn sweep(&self) {
        self.0.sweep_downs();
    }

    fn owner(&self) -> (Pid, Option<std::sync::Arc<str>>) {
        (Pid::new(NonZeroU64::MIN), None)
    }
}

#[test]
fn no_notice_is_in_the_mailbox_after_its_guard_is_gone() {
    loom::model(|| {
        let mailbox = mailbox(1);
        let guard = guard(&mailbox);
        let target = {
            let guard = std::sync::Arc::clone(&guard);
            thread::spawn(move || post(&guard))
        };
        guard.close();
        assert!(heard(&mailbox).is_empty(), "nothing is heard of it");
        target.join().expect("the target does not panic");
        assert!(heard(&mailbox).is_empty(), "nothing comes later");
    });
}

#[test]
fn a_sweep_takes_stale_notices_and_no_other_while_they_are_taken() {
    loom::model(|| {
        let mailbox = mailbox(1);
        let [first, second, kept] = [(); 3].map(|()| guard(&mailbox));
        [&first, &second, &kept].map(post);
        let closing = thread::spawn(move || {
            first.close();
            second.close();
        });
        let seen = heard(&mailbox).len();
        closing.join().expect("the other does not panic");
        assert!((1..=3).contains(&seen), "the kept one and those taken in time: {seen}");
        assert!(heard(&mailbox).is_empty(), "nothing is there twice");
        drop(kept);
    });
}
