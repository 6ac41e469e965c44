//! One state of an exploration: the machine, the oracle, and the world that both live in.

use super::oracle::{Event, Kid, Kind, Oracle, PERIOD, State};
use super::{
    Action, ChildKind, ChildState, Core, CoreSpec, Duration, Flags, Input, Mode, Outcome, Request,
    Restart, RetryToken, Step, Target, TestCore, Why, id_of, seen,
};
use std::collections::VecDeque;

pub(super) const INTENSITY: u32 = 2;
pub(super) const KINDS: [Restart; 3] = [Restart::Permanent, Restart::Transient, Restart::Temporary];

/// A state of the machine, and the world around it.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) core: TestCore,
    pub(super) oracle: Oracle,
    /// Tokens, in the order of the oracle's retries.
    pub(super) tokens: VecDeque<RetryToken>,
    /// The pid each id had last, by `slot`.
    pub(super) pids: [u32; 4],
    pub(super) next_pid: u32,
    /// Whether a call has started children past the strategy.
    pub(super) called: bool,
    /// When restarts were done, as the invariants see it.
    pub(super) restarts: Vec<u64>,
}

/// What of a state matters for what can happen next.
pub(super) type Fingerprint = (Vec<(Kid, bool)>, Vec<(char, bool)>, Vec<u64>, bool, bool);

impl Node {
    pub(super) fn new(kind: Kind, kids: &[Kid]) -> Self {
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
            core: Core::new(flags, specs).expect("valid"),
            oracle,
            tokens: VecDeque::new(),
            pids: [0; 4],
            next_pid: 1,
            called: false,
            restarts: Vec::new(),
        }
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
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

    pub(super) fn events(&self, world: World) -> Vec<Event> {
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
        if world.has_calls {
            self.calls(&mut events);
        }
        events
    }

    fn calls(&self, events: &mut Vec<Event>) {
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
    }

    fn input(&mut self, event: Event) -> Option<Input<(), u32, Why>> {
        let request = match event {
            Event::Boot => return Some(Input::Boot),
            Event::Tick => return None,
            Event::Stop => return Some(Input::Stop { reason: Why::Shutdown }),
            Event::Exit(id, reason) => {
                return Some(Input::ChildExited { pid: self.pids[slot(id)], reason });
            }
            Event::Retry => {
                let token = self.tokens.pop_front().expect("as many as the oracle has");
                return Some(Input::Retry(token));
            }
            Event::Start(id, restart) => {
                let spec = CoreSpec::new(id.to_string(), ChildKind::Worker, ());
                Request::Start(CoreSpec { restart, ..spec }.into())
            }
            Event::Terminate(id) => {
                let is_dynamic = matches!(self.oracle.kind, Kind::Dynamic);
                Request::Terminate(if is_dynamic {
                    Target::Pid { pid: self.pids[slot(id)], alive: true }
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
    pub(super) fn run(&mut self, event: Event, picks: &[u8]) -> Vec<Step> {
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
                        self.pids[slot(id_of(&self.core, key))] = self.next_pid;
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
    pub(super) fn actual(&self) -> Vec<(char, char)> {
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

pub(super) fn slot(id: char) -> usize {
    "abcd".find(id).expect("ids are a to d")
}

pub(super) fn expected(oracle: &Oracle) -> Vec<(char, char)> {
    let state = |kid: &Kid| match kid.state {
        State::Up => 'u',
        State::Again(_) => 'r',
        State::Down => 'd',
    };
    oracle.kids.iter().map(|kid| (kid.id, state(kid))).collect()
}

/// What an exploration varies.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    pub(super) has_calls: bool,
    /// 1 if stopped children end as told, 2 if they end badly too.
    pub(super) stop_ways: u8,
}
