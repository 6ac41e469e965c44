//! Links made, taken away and fired at the same time: once or never, never after `unlink` returned, and both sides agree.
//!
//! Whoever is in a list of links is held by it, so the number of holders shows what the lists say.

use std::sync::Arc;

use loom::thread;

use crate::actor::{Actor, Seen};
use crate::process::cell::Process;
use crate::process::exit::ExitReason;

/// Runs a model with the lower address on either side, because that decides on the order of the locks.
fn model(of: impl Fn(Arc<Actor>, Arc<Actor>) + Clone + Send + Sync + 'static) {
    let turned = of.clone();
    loom::model(move || {
        let [lower, higher] = Actor::pair();
        of(lower, higher);
    });
    loom::model(move || {
        let [lower, higher] = Actor::pair();
        turned(higher, lower);
    });
}

/// Whether they are linked, which both sides must say.
fn are_linked(own: &Arc<Actor>, peer: &Arc<Actor>) -> bool {
    let [has_own, has_peer] = [own, peer].map(|actor| Arc::strong_count(actor) - 1);
    assert_eq!(has_own, has_peer, "both sides agree");
    assert!(has_own <= 1, "a link is one");
    has_own == 1
}

#[test]
fn a_link_made_from_both_sides_at_once_is_one_and_fires_once() {
    model(|own, peer| {
        peer.trap(true);
        let other = {
            let (own, peer) = (Arc::clone(&own), Arc::clone(&peer));
            thread::spawn(move || peer.link(&own))
        };
        own.link(&peer);
        other.join().expect("the other side does not panic");
        assert!(are_linked(&own, &peer));
        own.end(&ExitReason::Killed);
        assert!(matches!(peer.signals()[..], [ExitReason::Killed]));
        assert!(!are_linked(&own, &peer));
        peer.end(&ExitReason::Shutdown);
    });
}

#[test]
fn a_link_against_an_unlink_from_the_other_side_leaves_both_sides_agreed() {
    model(|own, peer| {
        own.link(&peer);
        let other = {
            let (own, peer) = (Arc::clone(&own), Arc::clone(&peer));
            thread::spawn(move || peer.unlink(&own))
        };
        own.link(&peer);
        other.join().expect("the other side does not panic");
        let is_linked = are_linked(&own, &peer);
        peer.end(&ExitReason::Killed);
        assert_eq!(own.cell().signalled().is_some(), is_linked);
    });
}

#[test]
fn a_link_taken_away_from_both_sides_at_once_is_gone() {
    model(|own, peer| {
        own.link(&peer);
        let other = {
            let (own, peer) = (Arc::clone(&own), Arc::clone(&peer));
            thread::spawn(move || peer.unlink(&own))
        };
        own.unlink(&peer);
        other.join().expect("the other side does not panic");
        assert!(!are_linked(&own, &peer));
    });
}

#[test]
fn a_link_that_is_taken_away_while_the_peer_ends_never_fires_afterwards() {
    model(|own, peer| {
        own.link(&peer);
        let ending = peer.end_beside(ExitReason::Killed);
        own.unlink(&peer);
        let before = own.cell().signalled().is_some();
        ending.join().expect("the end does not panic");
        assert_eq!(own.cell().signalled().is_some(), before, "nothing comes later");
        assert!(!are_linked(&own, &peer));
    });
}

#[test]
fn a_signal_that_was_trapped_is_gone_when_the_link_is_taken_away() {
    model(|own, peer| {
        own.trap(true);
        own.link(&peer);
        let ending = peer.end_beside(ExitReason::Killed);
        own.unlink(&peer);
        assert!(own.signals().is_empty(), "nothing is left");
        ending.join().expect("the end does not panic");
        assert!(own.signals().is_empty(), "nothing comes later");
        assert!(own.cell().signalled().is_none());
    });
}

#[test]
fn a_link_to_a_process_that_ends_meanwhile_fires_once() {
    let seen = Arc::new(Seen::default());
    let noted = Arc::clone(&seen);
    model(move |own, peer| {
        own.trap(true);
        let ending = peer.end_beside(ExitReason::Killed);
        own.link(&peer);
        ending.join().expect("the end does not panic");
        let signals = own.signals();
        assert_eq!(signals.len(), 1, "{signals:?}");
        noted.note(&signals[0]);
        assert!(!are_linked(&own, &peer));
    });
    seen.assert(&[ExitReason::Killed, ExitReason::NoProc]);
}

#[test]
fn a_process_that_does_not_trap_ends_with_whichever_it_hears() {
    model(|own, peer| {
        let ending = peer.end_beside(ExitReason::Killed);
        own.link(&peer);
        ending.join().expect("the end does not panic");
        let reason = own.cell().signalled();
        assert!(matches!(reason, Some(ExitReason::Killed | ExitReason::NoProc)), "{reason:?}");
    });
}

/// A process that is fenced is ended by another thread while its own code still runs.
#[test]
fn a_process_that_is_ended_while_it_links_leaves_no_link_behind() {
    model(|own, peer| {
        peer.trap(true);
        let ending = own.end_beside(ExitReason::Killed);
        own.link(&peer);
        ending.join().expect("the end does not panic");
        assert!(peer.signals().len() <= 1);
        assert!(!are_linked(&own, &peer));
    });
}

#[test]
fn two_linked_processes_that_end_at_once_tell_each_other_at_most_once() {
    model(|own, peer| {
        own.trap(true);
        own.link(&peer);
        let ending = peer.end_beside(ExitReason::Killed);
        own.end(&ExitReason::Killed);
        ending.join().expect("the end does not panic");
        assert!(own.signals().len() <= 1);
        assert!(!are_linked(&own, &peer), "neither holds the other");
        let reason = peer.cell().signalled();
        assert!(matches!(reason, None | Some(ExitReason::Killed)), "{reason:?}");
    });
}
