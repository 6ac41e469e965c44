//! Exhaustive exploration: every sequence of five events over up to four children, every way their
//! starts and stops can go. States that were seen before are not entered again.
//!
//! Each step is compared with the oracle, and checked against invariants that know neither.

use super::oracle::{Event, Kid, Kind, Oracle, PERIOD, Script, State};
use super::{
    Action, AutoShutdown, ChildKind, ChildState, Core, CoreSpec, Duration, Flags, Input, Mode,
    Outcome, Request, Restart, RetryToken, Step, Strategy, Target, TestCore, Why, id_of, seen,
};
use std::collections::{HashMap, HashSet, VecDeque};

const INTENSITY: u32 = 2;
const DEPTH: usize = 5;
const KINDS: [Restart; 3] = [Restart::Permanent, Restart::Transient, Restart::Temporary];

/// A state of the machine, and the world around it.
#[derive(Debug, Clone)]
struct Node {
    core: TestCore,
    oracle: Oracle,
    /// Tokens, in the order of the oracle's retries.
    tokens: VecDeque<RetryToken>,
    pids: HashMap<char, u32>,
    next_pid: u32,
    /// Whether a call has started children past the strategy.
    called: bool,
    /// When restarts were done, as the invariants see it.
    restarts: Vec<u64>,
}

/// What of a state matters for what can happen next.
type Fingerprint = (Vec<(Kid, bool)>, Vec<(char, bool)>, Vec<u64>, bool, bool);

impl Node {
    fn new(kind: Kind, kids: &[Kid]) -> Self {
        let mode = match kind {
            Kind::Static(strategy, auto_shutdown) => Mode::Static { strategy, auto_shutdown },
            Kind::Dynamic => Mode::Dynamic { max_children: 9 },
        };
        let flags = Flags { mode, intensity: INTENSITY, period: Duration::from_secs(PERIOD) };
        let specs = kids.iter().map(|kid| {
            let id = kid.id.to_string();
            CoreSpec {
                restart: kid.restart,
                significant: kid.significant,
                ..CoreSpec::new(id, ChildKind::Worker, ())
            }
        });
        let oracle = Oracle {
            kind,
            intensity: usize::try_from(INTENSITY).expect("small"),
            kids: kids.to_vec(),
            stamps: Vec::new(),
            now: 100,
            retries: Vec::new(),
            failures: 0,
            over: false,
            log: Vec::new(),
        };
        Self {
            core: Core::new(flags, specs.collect()).expect("valid"),
            oracle,
            tokens: VecDeque::new(),
            pids: HashMap::new(),
            next_pid: 1,
            called: false,
            restarts: Vec::new(),
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        let oracle = &self.oracle;
        let live = |(id, failure): &(char, u32)| {
            let is = |kid: &Kid| kid.id == *id && kid.state == State::Again(*failure);
            (*id, oracle.kids.iter().any(is))
        };
        let kids = oracle.kids.iter().map(|kid| match kid.state {
            State::Again(_) => (Kid { state: State::Down, ..kid.clone() }, true),
            State::Up | State::Down => (kid.clone(), false),
        });
        let ages = oracle.stamps.iter().map(|stamp| oracle.now - stamp);
        (
            kids.collect(),
            oracle.retries.iter().map(live).collect(),
            ages.filter(|age| *age <= PERIOD).collect(),
            oracle.over,
            self.called,
        )
    }

    /// What can happen without anybody calling.
    fn events(&self) -> Vec<Event> {
        let mut events = vec![Event::Stop, Event::Tick];
        for kid in self.oracle.kids.iter().filter(|kid| kid.state == State::Up) {
            events.push(Event::Exit(kid.id, Why::Crash));
            if kid.restart != Restart::Permanent {
                events.push(Event::Exit(kid.id, Why::Normal));
            }
        }
        if !self.oracle.retries.is_empty() {
            events.push(Event::Retry);
        }
        events
    }

    fn calls(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for kid in &self.oracle.kids {
            events.push(Event::Terminate(kid.id));
            events.push(Event::Restart(kid.id));
            events.push(Event::Delete(kid.id));
        }
        let has = |id| self.oracle.kids.iter().any(|kid| kid.id == id);
        if let Some(id) = "abcd".chars().find(|id| !has(*id)) {
            events.extend(KINDS.map(|restart| Event::Start(id, restart)));
        } else if !matches!(self.oracle.kind, Kind::Dynamic) {
            events.push(Event::Start('a', Restart::Permanent));
        }
        events
    }

    fn input(&mut self, event: Event) -> Option<Input<(), u32, Why>> {
        let request = match event {
            Event::Boot => return Some(Input::Boot),
            Event::Tick => return None,
            Event::Stop => return Some(Input::Stop { reason: Why::Shutdown }),
            Event::Exit(id, reason) => {
                return Some(Input::ChildExited { pid: self.pids[&id], reason });
            }
            Event::Retry => {
                let token = self.tokens.pop_front().expect("as many as the oracle has");
                return Some(Input::Retry(token));
            }
            Event::Start(id, restart) => {
                let spec = CoreSpec::new(id.to_string(), ChildKind::Worker, ());
                Request::Start(CoreSpec { restart, ..spec })
            }
            Event::Terminate(id) => {
                let is_dynamic = matches!(self.oracle.kind, Kind::Dynamic);
                Request::Terminate(if is_dynamic {
                    Target::Pid { pid: self.pids[&id], alive: true }
                } else {
                    Target::Id(id.to_string().into())
                })
            }
            Event::Restart(id) => Request::Restart { id: id.to_string().into() },
            Event::Delete(id) => Request::Delete { id: id.to_string().into() },
        };
        Some(Input::Admin { token: 7, request })
    }

    /// Runs one event on the machine; the picks are those the oracle has made.
    fn run(&mut self, event: Event, picks: &[u8]) -> Vec<Step> {
        let mut picks = picks.iter().copied();
        let mut pick = || picks.next().unwrap_or(0);
        let (mut steps, mut stale_pid) = (Vec::new(), None);
        let Some(input) = self.input(event) else { return steps };
        let mut next = self.core.handle(input, Duration::from_secs(self.oracle.now));
        while let Some(action) = next {
            steps.push(seen(&self.core, &action));
            let mut end = || if pick() == 1 { Why::Crash } else { Why::Shutdown };
            let outcome = match action {
                Action::StartChild { key, .. } => match pick() {
                    0 => {
                        self.next_pid += 1;
                        self.pids.insert(id_of(&self.core, key), self.next_pid);
                        Outcome::Started(self.next_pid)
                    }
                    1 => Outcome::Ignored,
                    _ => Outcome::Failed(Why::Crash),
                },
                Action::StopChild(stop) => {
                    stale_pid = Some(stop.pid);
                    Outcome::Stopped(end())
                }
                Action::StopAll(stops) => {
                    Outcome::AllStopped(stops.iter().map(|stop| (stop.key, end())).collect())
                }
                Action::ScheduleRetry(token) => {
                    self.tokens.push_back(token);
                    Outcome::Done
                }
                Action::Reply { token, .. } => {
                    assert_eq!(token, 7);
                    Outcome::Done
                }
                Action::Terminate { .. } => break,
                Action::BootResult(_) | Action::Report(_) => Outcome::Done,
            };
            next = self.core.outcome(outcome);
        }
        if let Some(pid) = stale_pid {
            let exit = Input::ChildExited { pid, reason: Why::Crash };
            let answer = self.core.handle(exit, Duration::from_secs(self.oracle.now));
            assert!(answer.is_none(), "the exit of a stopped child is no news");
        }
        steps
    }

    /// The children as the machine has them, oldest first.
    fn actual(&self) -> Vec<(char, char)> {
        let mut list: Vec<_> = self
            .core
            .which_children()
            .map(|(key, child)| {
                let state = match child.state {
                    ChildState::Running(_) => 'u',
                    ChildState::Restarting { .. } => 'r',
                    ChildState::Undefined => 'd',
                };
                (id_of(&self.core, key), state)
            })
            .collect();
        list.reverse();
        list
    }
}

fn expected(oracle: &Oracle) -> Vec<(char, char)> {
    let state = |kid: &Kid| match kid.state {
        State::Up => 'u',
        State::Again(_) => 'r',
        State::Down => 'd',
    };
    oracle.kids.iter().map(|kid| (kid.id, state(kid))).collect()
}

/// What an exploration varies.
#[derive(Debug, Clone, Copy)]
struct World {
    has_calls: bool,
    /// 1 if stopped children end as told, 2 if they end badly too.
    stop_ways: u8,
}

/// Visits everything that can follow from booting these children; returns the number of steps.
fn explore(kind: Kind, kids: &[Kid], depth: usize, world: World) -> usize {
    let mut visited = HashSet::new();
    let mut frontier = vec![(Node::new(kind, kids), vec![Event::Boot])];
    let mut count = 0;
    for _ in 0..=depth {
        let mut following = Vec::new();
        for (node, events) in frontier {
            for event in events {
                let mut script = Some(Script::new(world.stop_ways));
                while let Some(mut current) = script {
                    let mut next = node.clone();
                    step(&node, &mut next, event, &mut current);
                    count += 1;
                    if visited.insert(next.fingerprint()) && !next.oracle.over {
                        let mut events = next.events();
                        if world.has_calls {
                            events.extend(next.calls());
                        }
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

fn step(before: &Node, next: &mut Node, event: Event, script: &mut Script) {
    let wanted = next.oracle.run(event, script);
    let steps = next.run(event, &script.picks);
    let context = || format!("{event:?}, picks {:?}, from {before:?}", script.picks);
    assert_eq!(steps, wanted, "{}", context());
    assert_eq!(next.core.is_over(), next.oracle.over, "{}", context());
    let children = next.actual();
    assert_eq!(children, expected(&next.oracle), "{}", context());
    let is_call = matches!(event, Event::Start(..) | Event::Restart(_) | Event::Terminate(_));
    next.called |= is_call;
    check_invariants(before, next, event, &steps).unwrap_or_else(|broken| {
        panic!("{broken}: {steps:?} after {}", context());
    });
}

/// What holds whatever the supervisor is told, in terms of what it was seen to do.
fn check_invariants(
    before: &Node,
    next: &mut Node,
    event: Event,
    steps: &[Step],
) -> Result<(), &'static str> {
    let old = before.actual();
    let new = next.actual();
    let place = |id: char| old.iter().position(|(other, _)| *other == id);
    let starts: Vec<char> = steps
        .iter()
        .filter_map(|step| if let Step::Start(id) = step { Some(*id) } else { None })
        .collect();
    let stops: Vec<char> = steps
        .iter()
        .filter_map(|step| if let Step::Stop(id) = step { Some(*id) } else { None })
        .collect();
    let holds = |what: bool, rule: &'static str| if what { Ok(()) } else { Err(rule) };

    holds(starts.is_sorted_by_key(|id| place(*id)), "starts are in list order")?;
    holds(stops.iter().rev().is_sorted_by_key(|id| place(*id)), "stops are in reverse order")?;
    let is_up = |id: char| old.contains(&(id, 'u'));
    holds(
        event == Event::Boot || stops.iter().all(|id| is_up(*id)),
        "only running children are stopped",
    )?;
    let is_new = matches!(event, Event::Boot | Event::Start(..));
    let is_temporary = |id: &char| {
        before.oracle.kids.iter().any(|kid| kid.id == *id && kid.restart == Restart::Temporary)
    };
    holds(is_new || !starts.iter().any(is_temporary), "temporary children are not restarted")?;
    if let Some(position) = steps.iter().position(|step| matches!(step, Step::End(_))) {
        holds(position + 1 == steps.len(), "nothing follows the end")?;
        holds(new.iter().all(|(_, state)| *state == 'd'), "no child survives the end")?;
    }
    let is_automatic = matches!(event, Event::Exit(..) | Event::Retry);
    if is_automatic && !starts.is_empty() {
        let now = next.oracle.now;
        next.restarts.push(now);
        next.restarts.retain(|stamp| now - stamp <= PERIOD);
        let limit = usize::try_from(INTENSITY).expect("small");
        holds(next.restarts.len() <= limit, "the intensity is never exceeded")?;
        let alone =
            matches!(next.oracle.kind, Kind::Static(Strategy::OneForOne, _) | Kind::Dynamic);
        holds(!alone || (starts.len() == 1 && stops.is_empty()), "siblings are left alone")?;
        let is_waiting = new.iter().position(|(_, state)| *state == 'r');
        let last_up = new.iter().rposition(|(_, state)| *state == 'u');
        holds(
            alone || next.called || is_waiting.is_none() || is_waiting > last_up,
            "nobody runs past a child that has to be there first",
        )?;
    }
    let is_dynamic = matches!(next.oracle.kind, Kind::Dynamic);
    holds(!is_dynamic || new.iter().all(|(_, state)| *state != 'd'), "dead dynamic ids are gone")?;
    let replies = steps.iter().filter(|step| matches!(step, Step::Reply(_))).count();
    let is_call = is_new && event != Event::Boot
        || matches!(event, Event::Terminate(_) | Event::Restart(_) | Event::Delete(_));
    holds(replies == usize::from(is_call), "every call is answered once")
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
    let kind = Kind::Static(strategy, AutoShutdown::Never);
    let plain = KINDS.map(|restart| (restart, false));
    let mut count = 0;
    for kids in lists(4, &plain) {
        count += explore(kind, &kids, DEPTH, World { has_calls: false, stop_ways: 1 });
    }
    eprintln!("{strategy:?}: {count}");
}

fn explore_calls(strategy: Strategy) {
    let kind = Kind::Static(strategy, AutoShutdown::Never);
    let plain = KINDS.map(|restart| (restart, false));
    let mut count = 0;
    for kids in lists(2, &plain) {
        count += explore(kind, &kids, 3, World { has_calls: true, stop_ways: 1 });
    }
    eprintln!("{strategy:?} calls: {count}");
}

fn explore_auto(auto: AutoShutdown) {
    let mut kinds = KINDS.map(|restart| (restart, false)).to_vec();
    kinds.extend([(Restart::Transient, true), (Restart::Temporary, true)]);
    let mut count = 0;
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        for kids in lists(3, &kinds) {
            count += explore(
                Kind::Static(strategy, auto),
                &kids,
                3,
                World { has_calls: false, stop_ways: 2 },
            );
        }
    }
    eprintln!("{auto:?} calls: {count}");
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
fn any_agrees_with_the_oracle() {
    explore_auto(AutoShutdown::AnySignificant);
}

#[test]
fn all_agrees_with_the_oracle() {
    explore_auto(AutoShutdown::AllSignificant);
}

#[test]
fn dynamic_agrees_with_the_oracle_on_every_sequence() {
    let count = explore(Kind::Dynamic, &[], DEPTH, World { has_calls: true, stop_ways: 2 });
    eprintln!("dynamic: {count}");
}
