//! Links and exit signals: processes that end together, unless one of them traps.
//!
//! A link is an entry in each of its two processes, made and taken away under the locks of both. A process that ends takes its
//! own entries out; what then decides is the entry in the peer: the end removes it, or an unlink was first. So a link fires at
//! most once, and never after an unlink has returned.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

use crate::process::cell::{Process, abort_task};
use crate::process::exit::ExitReason;
use crate::process::kill::{condemn, kill};
use crate::process::pid::Pid;
use crate::process::state::State;
use crate::sync::MutexGuard;

/// An exit signal that a process trapped.
///
/// # Differs from OTP
///
/// `{'EXIT', From, Reason}` always has a sender. A signal of [`ProcessRef::exit`](crate::ProcessRef::exit) has none here, because
/// it can be sent from outside any process.
#[derive(Debug, Clone)]
pub struct ExitSignal {
    /// The linked process that ended; `None` for a signal of `ProcessRef::exit`.
    pub from: Option<Pid>,
    /// Why it ended, or what the sender said; `NoProc` if it had ended before the link was made.
    pub reason: ExitReason,
}

/// The links of one process, and whether it traps exit signals. Most processes have none and do not.
#[derive(Default)]
pub(crate) struct Links {
    peers: BTreeMap<LinkKey, Arc<dyn Process>>,
    traps: bool,
}

/// Tells the processes of all nodes apart. Valid while somebody holds the process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct LinkKey(usize);

impl LinkKey {
    fn of(process: &dyn Process) -> Self {
        Self(std::ptr::from_ref(process).cast::<()>().addr())
    }
}

/// What remains to be done after the lock was given back.
enum Effect {
    Nothing,
    /// The signal is in the control lane.
    Trapped(Option<Waker>),
    /// The task is to be aborted; its reason is recorded.
    Aborted(Option<tokio::task::AbortHandle>),
    /// The thread is to be told.
    Told(ExitReason),
}

impl Links {
    /// Sends the exit signals of a process that has ended.
    pub(crate) fn fire(self, process: &dyn Process, reason: &ExitReason) {
        let key = LinkKey::of(process);
        let signal = ExitSignal { from: Some(process.cell().pid()), reason: reason.clone() };
        for peer in self.peers.into_values() {
            let (unlinked, effect) = {
                let mut state = peer.cell().state();
                let Some(links) = state.known_links() else { continue };
                let Some(unlinked) = links.peers.remove(&key) else { continue };
                (unlinked, meet(&*peer, &mut state, signal.clone()))
            };
            drop(unlinked);
            effect.take_place(&peer);
        }
    }
}

impl Effect {
    fn take_place(self, process: &Arc<dyn Process>) {
        match self {
            Self::Nothing => {}
            Self::Trapped(Some(waker)) => waker.wake(),
            Self::Trapped(None) => process.rouse(),
            Self::Aborted(abort) => {
                abort.iter().for_each(abort_task);
                condemn(process);
            }
            Self::Told(reason) => kill(process, reason),
        }
    }
}

/// Decides what a signal does to a process. The order of two signals is that in which they get its lock.
fn meet(process: &dyn Process, state: &mut State, signal: ExitSignal) -> Effect {
    if state.is_ending() {
        return Effect::Nothing;
    }
    if state.known_links().is_some_and(|links| links.traps) {
        return Effect::Trapped(process.trap(signal));
    }
    if matches!(signal.reason, ExitReason::Normal) {
        return Effect::Nothing;
    }
    if process.is_on_thread() {
        return Effect::Told(signal.reason);
    }
    Effect::Aborted(state.end_by(signal.reason))
}

/// Sends an exit signal that can be trapped.
pub(crate) fn signal(process: &Arc<dyn Process>, signal: ExitSignal) {
    let effect = meet(&**process, &mut process.cell().state(), signal);
    effect.take_place(process);
}

/// Links the process `own`, which is running a callback, to `peer`. Nothing happens if it is linked already or is `peer` itself.
pub(crate) fn link(own: &Arc<dyn Process>, peer: &Arc<dyn Process>) {
    let (key, peer_key) = (LinkKey::of(&**own), LinkKey::of(&**peer));
    if key == peer_key {
        return;
    }
    let is_linked = {
        let (mut state, mut peer_state) = lock_both(own, peer);
        if peer_state.exit.is_none() {
            // A process that was fenced while it ran is beyond links.
            if state.exit.is_none() {
                state.links().peers.entry(peer_key).or_insert_with(|| Arc::clone(peer));
                peer_state.links().peers.entry(key).or_insert_with(|| Arc::clone(own));
            }
            true
        } else {
            false
        }
    };
    if !is_linked {
        let from = Some(peer.cell().pid());
        signal(own, ExitSignal { from, reason: ExitReason::NoProc });
    }
}

/// Takes the link of `own` and `peer` away. Afterwards it has no effect on `own`.
pub(crate) fn unlink(own: &Arc<dyn Process>, peer: &Arc<dyn Process>) {
    let (key, peer_key) = (LinkKey::of(&**own), LinkKey::of(&**peer));
    if key == peer_key {
        return;
    }
    let removed = {
        let (mut state, mut peer_state) = lock_both(own, peer);
        let removed = state.known_links().and_then(|links| links.peers.remove(&peer_key));
        (removed, peer_state.known_links().and_then(|links| links.peers.remove(&key)))
    };
    drop(removed);
    // The end may have been first: then its signal is in the lane, because it is put there under the lock.
    own.flush_signals(peer.cell().pid());
}

/// Sets whether the process traps exit signals, and returns what it did before.
pub(crate) fn trap_exit(own: &dyn Process, traps: bool) -> bool {
    let mut state = own.cell().state();
    if !traps && state.known_links().is_none() {
        return false;
    }
    std::mem::replace(&mut state.links().traps, traps)
}

/// Locks two different processes, always in the same order.
fn lock_both<'a>(
    first: &'a Arc<dyn Process>,
    second: &'a Arc<dyn Process>,
) -> (MutexGuard<'a, State>, MutexGuard<'a, State>) {
    if LinkKey::of(&**first) < LinkKey::of(&**second) {
        let state = first.cell().state();
        (state, second.cell().state())
    } else {
        let later = second.cell().state();
        (first.cell().state(), later)
    }
}

impl State {
    fn links(&mut self) -> &mut Links {
        self.seldom().links.get_or_insert_default()
    }

    /// Whether it has links now.
    pub(crate) fn has_links(&self) -> bool {
        let links = self.known().and_then(|known| known.links.as_deref());
        links.is_some_and(|links| !links.peers.is_empty())
    }

    fn known_links(&mut self) -> Option<&mut Links> {
        self.known_mut()?.links.as_deref_mut()
    }
}
