//! Exhaustive exploration: every sequence of five events over four children, every way their starts
//! can go. With administrative calls among the events, or with significant children, it goes three
//! events deep. States that were seen before are not entered again.
//!
//! Each step is compared with the oracle, and checked against invariants that know neither.

use super::invariants::check_invariants;
use super::node::{KINDS, Node, World, expected};
use super::oracle::{Event, Kid, Kind, Script, State};
use super::{AutoShutdown, Restart, Strategy};
use std::collections::HashSet;

const DEPTH: usize = 5;

/// Visits everything that can follow from booting these children; returns the number of steps.
fn explore(kind: Kind, kids: &[Kid], depth: usize, world: World) -> usize {
    let mut visited = HashSet::new();
    let mut frontier = vec![(Node::new(kind, kids), vec![Event::Boot])];
    let mut count = 0;
    for round in 0..=depth {
        let mut following = Vec::new();
        for (node, events) in frontier {
            let old = node.actual();
            for event in events {
                let mut script = Some(Script::new(world.stop_ways));
                while let Some(mut current) = script {
                    let mut next = node.clone();
                    step((&node, &old), &mut next, event, &mut current);
                    count += 1;
                    let goes_on = round < depth && !next.oracle.over;
                    if goes_on && visited.insert(next.fingerprint()) {
                        let events = next.events(world);
                        following.push((next, events));
                    }
                    script = current.advance();
                }
            }
        }
        frontier = following;
    }
    count
}

fn step(
    (before, old): (&Node, &[(char, char)]),
    next: &mut Node,
    event: Event,
    script: &mut Script,
) {
    let wanted = next.oracle.run(event, script);
    let steps = next.run(event, &script.picks);
    let context = || format!("{event:?}, picks {:?}, from {before:?}", script.picks);
    assert_eq!(steps, wanted, "{}", context());
    assert_eq!(next.core.is_over(), next.oracle.over, "{}", context());
    let children = next.actual();
    assert_eq!(children, expected(&next.oracle), "{}", context());
    let is_call = matches!(event, Event::Start(..) | Event::Restart(_) | Event::Terminate(_));
    next.called |= is_call;
    check_invariants((before, old), next, event, (&children, &steps)).unwrap_or_else(|broken| {
        panic!("{broken}: {steps:?} after {}", context());
    });
}

/// All lists of `len` kids whose restart types come from `kinds`.
fn lists(len: usize, kinds: &[(Restart, bool)]) -> Vec<Vec<Kid>> {
    let mut lists = vec![Vec::new()];
    for id in "abcd".chars().take(len) {
        lists = lists
            .into_iter()
            .flat_map(|list: Vec<Kid>| {
                kinds.iter().map(move |(restart, significant)| {
                    let (restart, significant) = (*restart, *significant);
                    let mut list = list.clone();
                    list.push(Kid { id, restart, significant, state: State::Down });
                    list
                })
            })
            .collect();
    }
    lists
}

fn explore_strategy(strategy: Strategy) {
    let plain = KINDS.map(|restart| (restart, false));
    let kind = Kind::Static(strategy, AutoShutdown::Never);
    let world = World { has_calls: false, stop_ways: 1 };
    explore_lists(kind, &lists(4, &plain), DEPTH, world);
}

fn explore_calls(strategy: Strategy) {
    let plain = KINDS.map(|restart| (restart, false));
    let kind = Kind::Static(strategy, AutoShutdown::Never);
    explore_lists(kind, &lists(2, &plain), 3, World { has_calls: true, stop_ways: 1 });
}

fn explore_auto_shutdown(auto: AutoShutdown) {
    let kinds = [
        (Restart::Permanent, false),
        (Restart::Transient, false),
        (Restart::Transient, true),
        (Restart::Temporary, true),
    ];
    let world = World { has_calls: false, stop_ways: 1 };
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        explore_lists(Kind::Static(strategy, auto), &lists(3, &kinds), 3, world);
    }
}

fn explore_lists(kind: Kind, lists: &[Vec<Kid>], depth: usize, world: World) {
    let steps: usize = lists.iter().map(|kids| explore(kind, kids, depth, world)).sum();
    assert!(steps > 10_000, "only {steps} steps: the exploration ended early");
}

#[test]
fn one_for_one_agrees_with_the_oracle_on_every_sequence() {
    explore_strategy(Strategy::OneForOne);
}

#[test]
fn one_for_all_agrees_with_the_oracle_on_every_sequence() {
    explore_strategy(Strategy::OneForAll);
}

#[test]
fn rest_for_one_agrees_with_the_oracle_on_every_sequence() {
    explore_strategy(Strategy::RestForOne);
}

#[test]
fn one_for_one_agrees_with_the_oracle_on_every_call() {
    explore_calls(Strategy::OneForOne);
}

#[test]
fn one_for_all_agrees_with_the_oracle_on_every_call() {
    explore_calls(Strategy::OneForAll);
}

#[test]
fn rest_for_one_agrees_with_the_oracle_on_every_call() {
    explore_calls(Strategy::RestForOne);
}

#[test]
fn any_significant_agrees_with_the_oracle_on_every_sequence() {
    explore_auto_shutdown(AutoShutdown::AnySignificant);
}

#[test]
fn all_significant_agrees_with_the_oracle_on_every_sequence() {
    explore_auto_shutdown(AutoShutdown::AllSignificant);
}

#[test]
fn a_dynamic_supervisor_agrees_with_the_oracle_on_every_sequence_and_call() {
    explore_lists(Kind::Dynamic, &[vec![]], DEPTH, World { has_calls: true, stop_ways: 2 });
}
