//! What holds in every step of every supervisor, whatever the state machine and the oracle say.

use super::node::{INTENSITY, Node};
use super::oracle::{Event, Kind, PERIOD};
use super::{Restart, Step, Strategy};

/// What holds whatever the supervisor is told, in terms of what it was seen to do.
pub(super) fn check_invariants(
    (before, old): (&Node, &[(char, char)]),
    next: &mut Node,
    event: Event,
    (new, steps): (&[(char, char)], &[Step]),
) -> Result<(), &'static str> {
    let place = |id: char| old.iter().position(|(other, _)| *other == id);
    let starts = ids(steps, |step| if let Step::Start(id) = step { Some(*id) } else { None });
    let stops = ids(steps, |step| if let Step::Stop(id) = step { Some(*id) } else { None });
    let is_boot = event == Event::Boot;
    let is_new = is_boot || matches!(event, Event::Start(..));

    holds(starts.is_sorted_by_key(|id| place(*id)), "starts are in list order")?;
    holds(stops.iter().rev().is_sorted_by_key(|id| place(*id)), "stops are in reverse order")?;
    let was_up = |id: &char| old.contains(&(*id, 'u'));
    holds(is_boot || stops.iter().all(was_up), "only running children are stopped")?;
    let is_temporary = |id: &char| {
        before.oracle.kids.iter().any(|kid| kid.id == *id && kid.restart == Restart::Temporary)
    };
    holds(is_new || !starts.iter().any(is_temporary), "temporary children are not restarted")?;
    if let Some(position) = steps.iter().position(|step| matches!(step, Step::End(_))) {
        holds(position + 1 == steps.len(), "nothing follows the end")?;
        holds(new.iter().all(|(_, state)| *state == 'd'), "no child survives the end")?;
    }
    let is_dynamic = matches!(next.oracle.kind, Kind::Dynamic);
    holds(!is_dynamic || new.iter().all(|(_, state)| *state != 'd'), "dead dynamic ids are gone")?;
    let replies = steps.iter().filter(|step| matches!(step, Step::Reply(_))).count();
    let is_call = is_new && !is_boot
        || matches!(event, Event::Terminate(_) | Event::Restart(_) | Event::Delete(_));
    holds(replies == usize::from(is_call), "every call is answered once")?;
    if matches!(event, Event::Exit(..) | Event::Retry) && !starts.is_empty() {
        check_restart(next, new, (&starts, &stops))?;
    }
    Ok(())
}

/// What holds whenever the supervisor restarts children by itself.
fn check_restart(
    next: &mut Node,
    new: &[(char, char)],
    (starts, stops): (&[char], &[char]),
) -> Result<(), &'static str> {
    let now = next.oracle.now;
    next.restarts.push(now);
    next.restarts.retain(|stamp| now - stamp <= PERIOD);
    let limit = usize::try_from(INTENSITY).expect("small");
    holds(next.restarts.len() <= limit, "the intensity is never exceeded")?;
    if matches!(next.oracle.kind, Kind::Static(Strategy::OneForOne, _) | Kind::Dynamic) {
        return holds(starts.len() == 1 && stops.is_empty(), "siblings are left alone");
    }
    let is_waiting = new.iter().position(|(_, state)| *state == 'r');
    let last_up = new.iter().rposition(|(_, state)| *state == 'u');
    holds(
        next.called || is_waiting.is_none() || is_waiting > last_up,
        "nobody runs past a child that has to be there first",
    )
}

fn holds(what: bool, rule: &'static str) -> Result<(), &'static str> {
    if what { Ok(()) } else { Err(rule) }
}

fn ids(steps: &[Step], pick: fn(&Step) -> Option<char>) -> Vec<char> {
    steps.iter().filter_map(pick).collect()
}
