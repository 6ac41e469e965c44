//! Messages on their way to many receivers at once.
//!
//! Whoever has room gets the message at the first look. Only the others, and those whose handler is waited for, have an entry among the
//! waits; each is polled when it is woken itself. A result stands for what is known if nothing more happens, so the deadline has only
//! to be believed.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::error::{CastFailure, SendFailure};
use crate::process::deadlines::Deadline;
use crate::process::envelope::Receipt;
use crate::process::mailbox::Overflow;
use crate::process::pid::Pid;
use crate::process::reply::{self, Answer, Unanswered};
use crate::process::sending::{Permit, Room};
use crate::process::server_ref::ServerRef;
#[cfg(debug_assertions)]
use crate::process::wait_for::{self, Until};
use crate::send::address::Address;
use crate::send::broadcast::{Guarantee, Results};
use crate::send::error::DeliveryFailure;
use crate::send::one::unhandled;
use crate::time::Elapsed;

/// What is known of every receiver, and what is waited for.
pub(super) struct Wave<M, W> {
    results: Results,
    waits: FuturesUnordered<W>,
    /// Makes them all, so that they have one type.
    begin: fn(Wait<M>) -> W,
}

/// What one receiver is waited for.
pub(super) struct Wait<M> {
    place: usize,
    server: ServerRef<M>,
    stage: Stage<M>,
}

enum Stage<M> {
    Room(M, Guarantee),
    Answer(Answer<()>),
}

/// What came of a wait.
pub(super) enum Event<M> {
    Result(usize, Result<Pid, DeliveryFailure>),
    /// It is accepted, and its handler is to be waited for.
    Accepted(Wait<M>),
}

const NO_PROC: DeliveryFailure = DeliveryFailure::NotAccepted(SendFailure::NoProc);

fn receipt(guarantee: Guarantee) -> (Receipt, Option<Answer<()>>) {
    match guarantee {
        Guarantee::Accepted => (Receipt::Cast, None),
        Guarantee::Handled => {
            let (reply, answer) = reply::pair();
            (Receipt::Handled(reply), Some(answer))
        }
    }
}

/// What a refusal comes to if nothing changes; `Timeout` if it is worth waiting for room.
pub(super) fn refusal<M: Send + 'static>(server: &ServerRef<M>, cause: CastFailure) -> SendFailure {
    match cause {
        CastFailure::NoProc => SendFailure::NoProc,
        CastFailure::Full if server.server().mailbox.overflow() == Overflow::Wait => {
            SendFailure::Timeout
        }
        CastFailure::Full => SendFailure::Full,
    }
}

/// Puts a message into every mailbox that has room now.
pub(super) fn push<M, A, F>(
    receivers: &[A],
    mut make: F,
    guarantee: Guarantee,
) -> Wave<M, impl Future<Output = Event<M>> + Send + use<M, A, F>>
where
    M: Send + 'static,
    A: Address<M>,
    F: FnMut(usize) -> M,
{
    let mut wave = Wave::new(receivers.len(), Wait::event);
    for (place, address) in receivers.iter().enumerate() {
        let Some(server) = address.resolve() else {
            wave.results.push(Err(NO_PROC));
            continue;
        };
        if guarantee == Guarantee::Handled && server.server().cell.is_current_task() {
            wave.results.push(Err(DeliveryFailure::NotAccepted(SendFailure::SelfSend)));
            continue;
        }
        let (receipt, answer) = receipt(guarantee);
        let result = match (server.server().push(make(place), receipt), answer) {
            (Ok(()), None) => Ok(server.pid()),
            (Ok(()), Some(answer)) => {
                wave.wait(place, server.into_owned(), Stage::Answer(answer));
                Err(DeliveryFailure::Timeout)
            }
            (Err((envelope, cause)), _answer) => {
                let failure = refusal(&server, cause);
                if failure == SendFailure::Timeout {
                    let stage = Stage::Room(envelope.message, guarantee);
                    wave.wait(place, server.into_owned(), stage);
                }
                Err(DeliveryFailure::NotAccepted(failure))
            }
        };
        wave.results.push(result);
    }
    wave
}

/// Puts a message into every reserved slot. All messages are made before the first is put in.
pub(super) fn commit<M: Send + 'static, F: FnMut(usize) -> M>(
    permits: Vec<Permit<M>>,
    make: F,
    guarantee: Guarantee,
) -> Wave<M, impl Future<Output = Event<M>> + Send + use<M, F>> {
    let messages: Vec<M> = (0..permits.len()).map(make).collect();
    let mut wave = Wave::new(permits.len(), Wait::event);
    for (place, (permit, message)) in permits.into_iter().zip(messages).enumerate() {
        let (receipt, answer) = receipt(guarantee);
        let server = answer.is_some().then(|| permit.server()).flatten();
        let result = match (permit.push(message, receipt), server, answer) {
            (None, ..) => Err(NO_PROC),
            (Some(_pid), Some(server), Some(answer)) => {
                wave.wait(place, server, Stage::Answer(answer));
                Err(DeliveryFailure::Timeout)
            }
            (Some(pid), ..) => Ok(pid),
        };
        wave.results.push(result);
    }
    wave
}

impl<M: Send + 'static> Wait<M> {
    async fn event(self) -> Event<M> {
        let Self { place, server, stage } = self;
        let (message, guarantee) = match stage {
            Stage::Room(message, guarantee) => (message, guarantee),
            Stage::Answer(answer) => {
                return Event::Result(place, answered(&server, answer).await);
            }
        };
        let (receipt, answer) = receipt(guarantee);
        let room = Room::new(server.server()).await;
        match (room.and_then(|permit| permit.push(message, receipt)), answer) {
            (None, _answer) => Event::Result(place, Err(NO_PROC)),
            (Some(pid), None) => Event::Result(place, Ok(pid)),
            (Some(_pid), Some(answer)) => {
                Event::Accepted(Self { place, server, stage: Stage::Answer(answer) })
            }
        }
    }
}

async fn answered<M: Send + 'static>(
    server: &ServerRef<M>,
    answer: Answer<()>,
) -> Result<Pid, DeliveryFailure> {
    #[cfg(debug_assertions)]
    let _waiting = wait_for::wait(&server.server().cell, Until::Answered(answer.is_answered()));
    match answer.await {
        Ok(()) => Ok(server.pid()),
        Err(Unanswered) => Err(unhandled(server.why_unanswered().await)),
    }
}

impl<M, W: Future<Output = Event<M>>> Wave<M, W> {
    fn new(count: usize, begin: fn(Wait<M>) -> W) -> Self {
        Self { results: Vec::with_capacity(count), waits: FuturesUnordered::new(), begin }
    }

    fn wait(&mut self, place: usize, server: ServerRef<M>, stage: Stage<M>) {
        self.waits.push((self.begin)(Wait { place, server, stage }));
    }

    /// Waits until everything is known, or until the deadline, and returns what is known then.
    pub(super) async fn settle(mut self, deadline: &mut Deadline<'_>) -> Results {
        if !self.waits.is_empty() {
            match deadline.limit(Box::pin(self.all())).await {
                Ok(()) | Err(Elapsed) => {}
            }
        }
        self.results
    }

    async fn all(&mut self) {
        while let Some(event) = self.waits.next().await {
            let (place, result) = match event {
                Event::Result(place, result) => (place, result),
                Event::Accepted(wait) => {
                    let place = wait.place;
                    self.waits.push((self.begin)(wait));
                    (place, Err(DeliveryFailure::Timeout))
                }
            };
            if let Some(known) = self.results.get_mut(place) {
                *known = result;
            }
        }
    }
}
