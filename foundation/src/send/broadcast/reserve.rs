//! A slot in every mailbox, or none.
//!
//! The first look takes all slots at once, or gives them back. Only where that fails for want of room are they taken one after the
//! other, in the order of their processes, waiting at each: two broadcasts that meet take them in the same order, so neither holds what
//! the other waits for while it waits for what the other holds.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::SendFailure;
use crate::process::deadlines::Deadline;
use crate::process::sending::{Permit, Room};
use crate::process::server_ref::ServerRef;
use crate::send::address::Address;
use crate::send::broadcast::{Guarantee, Results, each};
use crate::send::error::DeliveryFailure;
use crate::time::Elapsed;

/// The receiver at this place cannot take it.
type Obstacle = (usize, SendFailure);

/// Reserves a slot in every mailbox before the deadline; otherwise holds none, and says of every receiver why.
pub(super) async fn all<M, A>(
    receivers: &[A],
    guarantee: Guarantee,
    deadline: &mut Deadline<'_>,
) -> Result<Vec<Permit<M>>, Results>
where
    M: Send + 'static,
    A: Address<M>,
{
    let permits = match at_once(receivers, guarantee) {
        Err((_place, SendFailure::Timeout)) => Box::pin(in_order(receivers, deadline)).await,
        decided => decided,
    };
    permits.map_err(|obstacle| withheld(receivers.len(), obstacle))
}

fn withheld(count: usize, (place, failure): Obstacle) -> Results {
    let mut results: Results = (0..count).map(|_| Err(DeliveryFailure::Withheld)).collect();
    if let Some(result) = results.get_mut(place) {
        *result = Err(DeliveryFailure::NotAccepted(failure));
    }
    results
}

/// Takes what is free now. `Timeout` means that waiting may help.
fn at_once<M, A>(receivers: &[A], guarantee: Guarantee) -> Result<Vec<Permit<M>>, Obstacle>
where
    M: Send + 'static,
    A: Address<M>,
{
    let mut permits = Vec::with_capacity(receivers.len());
    // A full mailbox is worth a wait only if no other receiver makes it pointless.
    let mut full = None;
    for (place, address) in receivers.iter().enumerate() {
        let server = address.resolve().ok_or((place, SendFailure::NoProc))?;
        if guarantee == Guarantee::Handled && server.server().cell.is_current_task() {
            return Err((place, SendFailure::SelfSend));
        }
        match server.try_reserve() {
            Ok(permit) => permits.push(permit),
            Err(cause) => match each::refusal(&server, cause) {
                SendFailure::Timeout => full = full.or(Some((place, SendFailure::Timeout))),
                failure => return Err((place, failure)),
            },
        }
    }
    full.map_or(Ok(permits), Err)
}

/// Takes one slot after the other, waiting for each, in an order that all broadcasts share.
async fn in_order<M, A>(
    receivers: &[A],
    deadline: &mut Deadline<'_>,
) -> Result<Vec<Permit<M>>, Obstacle>
where
    M: Send + 'static,
    A: Address<M>,
{
    let mut doors: Vec<(usize, Cow<'_, ServerRef<M>>)> = Vec::with_capacity(receivers.len());
    for (place, address) in receivers.iter().enumerate() {
        doors.push((place, address.resolve().ok_or((place, SendFailure::NoProc))?));
    }
    // The pids of two nodes can be the same; where a process lies never is.
    doors.sort_by_key(|(_place, door)| (door.pid(), Arc::as_ptr(door.server()).addr()));
    let mut permits: Vec<(usize, Permit<M>)> = Vec::with_capacity(doors.len());
    for (place, door) in &doors {
        let permit = one(door, deadline).await.map_err(|failure| (*place, failure))?;
        permits.push((*place, permit));
    }
    // Some have been held for a while: who has ended meanwhile is found here, and not when others have the message.
    if let Some((place, _permit)) = permits.iter().find(|(_place, permit)| !permit.is_open()) {
        return Err((*place, SendFailure::NoProc));
    }
    permits.sort_by_key(|(place, _permit)| *place);
    Ok(permits.into_iter().map(|(_place, permit)| permit).collect())
}

async fn one<M: Send + 'static>(
    door: &ServerRef<M>,
    deadline: &mut Deadline<'_>,
) -> Result<Permit<M>, SendFailure> {
    let cause = match door.try_reserve() {
        Ok(permit) => return Ok(permit),
        Err(cause) => cause,
    };
    let failure = each::refusal(door, cause);
    if failure != SendFailure::Timeout {
        return Err(failure);
    }
    match deadline.limit(Room::new(door.server())).await {
        Ok(permit) => permit.ok_or(SendFailure::NoProc),
        Err(Elapsed) => Err(SendFailure::Timeout),
    }
}
