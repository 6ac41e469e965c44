//! A second supervisor, written the slow and obvious way, to compare the state machine with.
//!
//! It keeps its children in a list, runs every input to its end in one go, and asks a script how
//! each start and stop goes. It shares no code with the state machine.

use super::{AutoShutdown, Restart, Step, Strategy, Why};

/// The period of the oracle's clock; a restart this long ago still counts.
pub(super) const PERIOD: u64 = 5;

/// What happens to a supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Boot,
    Exit(char, Why),
    /// The oldest queued retry is served.
    Retry,
    /// One period passes.
    Tick,
    Stop,
    Start(char, Restart),
    Terminate(char),
    Restart(char),
    Delete(char),
}

/// How starts and stops go: a list of picks, extended with zeroes as needed.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) picks: Vec<u8>,
    limits: Vec<u8>,
    next: usize,
    /// In how many ways a stop can go: as told, or badly too.
    stop_ways: u8,
}

impl Script {
    pub(super) const fn new(stop_ways: u8) -> Self {
        Self { picks: Vec::new(), limits: Vec::new(), next: 0, stop_ways }
    }

    fn pick(&mut self, limit: u8) -> u8 {
        if self.next == self.picks.len() {
            self.picks.push(0);
            self.limits.push(limit);
        }
        self.next += 1;
        self.picks[self.next - 1]
    }

    /// Moves on to the next script; `None` after the last one.
    pub(super) fn advance(mut self) -> Option<Self> {
        self.next = 0;
        while let Some(pick) = self.picks.pop() {
            let limit = self.limits.pop().expect("as many limits as picks");
            if pick + 1 < limit {
                self.picks.push(pick + 1);
                self.limits.push(limit);
                return Some(self);
            }
        }
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum State {
    Up,
    /// Restarting; the number tells one failure from another.
    Again(u32),
    Down,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kid {
    pub(super) id: char,
    pub(super) restart: Restart,
    pub(super) significant: bool,
    pub(super) state: State,
}

/// Which supervisor the oracle plays.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Static(Strategy, AutoShutdown),
    Dynamic,
}

#[derive(Debug, Clone)]
pub(super) struct Oracle {
    pub(super) kind: Kind,
    pub(super) intensity: usize,
    /// Oldest first.
    pub(super) kids: Vec<Kid>,
    pub(super) stamps: Vec<u64>,
    pub(super) now: u64,
    /// The supervisor's own messages: whom to try again, and for which failure.
    pub(super) retries: Vec<(char, u32)>,
    pub(super) failures: u32,
    pub(super) over: bool,
    pub(super) log: Vec<Step>,
}

impl Oracle {
    pub(super) fn run(&mut self, event: Event, script: &mut Script) -> Vec<Step> {
        if !self.over {
            self.event(event, script);
        }
        std::mem::take(&mut self.log)
    }

    fn event(&mut self, event: Event, script: &mut Script) {
        match event {
            Event::Boot => self.boot(script),
            Event::Exit(id, why) => self.exit(id, why, script),
            Event::Tick => self.now += PERIOD,
            Event::Retry => {
                let (id, failure) = self.retries.remove(0);
                if self.state(id) == Some(State::Again(failure)) {
                    self.restart(id, script);
                }
            }
            Event::Stop => self.end(Why::Shutdown, script),
            Event::Start(id, restart) => self.start_child(id, restart, script),
            Event::Terminate(id) => {
                let index = self.index(id);
                if self.kids[index].state == State::Up {
                    self.stop(index, script);
                }
                self.drop_process(id);
                self.log.push(Step::Reply("ok"));
            }
            Event::Restart(id) => {
                let answer = match self.state(id).expect("only kids are restarted") {
                    _ if matches!(self.kind, Kind::Dynamic) => "dynamic",
                    State::Up => "running",
                    State::Again(_) => "restarting",
                    State::Down => match self.start(id, script) {
                        0 => "started",
                        1 => "ignored",
                        _ => "start_failed",
                    },
                };
                self.log.push(Step::Reply(answer));
            }
            Event::Delete(id) => {
                let answer = match self.state(id).expect("only kids are deleted") {
                    _ if matches!(self.kind, Kind::Dynamic) => "dynamic",
                    State::Up => "running",
                    State::Again(_) => "restarting",
                    State::Down => {
                        let index = self.index(id);
                        self.kids.remove(index);
                        "ok"
                    }
                };
                self.log.push(Step::Reply(answer));
            }
        }
    }

    fn boot(&mut self, script: &mut Script) {
        for id in self.ids() {
            match self.start(id, script) {
                0 => {}
                1 => self.drop_process(id),
                _ => {
                    self.log.push(Step::StartError(id, Why::Crash));
                    self.stop_from(0, script);
                    self.log.push(Step::BootFailed(id, Why::Crash));
                    self.log.push(Step::End(Why::FailedToStart));
                    self.over = true;
                    return;
                }
            }
        }
        self.log.push(Step::Booted);
    }

    fn exit(&mut self, id: char, why: Why, script: &mut Script) {
        let kid = self.kids[self.index(id)].clone();
        let clean = why != Why::Crash;
        if kid.restart == Restart::Permanent || !clean {
            self.log.push(Step::Terminated(id, why));
        }
        match kid.restart {
            Restart::Permanent => return self.restart(id, script),
            Restart::Transient if !clean => return self.restart(id, script),
            Restart::Transient | Restart::Temporary => self.drop_process(id),
        }
        let Kind::Static(_, auto) = self.kind else { return };
        let others = self.kids.iter().filter(|kid| kid.significant && kid.state != State::Down);
        let ends = match auto {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => kid.significant,
            AutoShutdown::AllSignificant => kid.significant && others.count() == 0,
        };
        if ends {
            self.end(Why::Shutdown, script);
        }
    }

    fn restart(&mut self, id: char, script: &mut Script) {
        self.stamps.push(self.now);
        let now = self.now;
        self.stamps.retain(|stamp| now - stamp <= PERIOD);
        if self.stamps.len() > self.intensity {
            self.log.push(Step::MaxIntensity(id));
            self.drop_process(id);
            return self.end(Why::Shutdown, script);
        }
        let from = match self.kind {
            Kind::Dynamic | Kind::Static(Strategy::OneForOne, _) => {
                match self.start(id, script) {
                    0 => {}
                    1 => self.drop_process(id),
                    _ => self.try_again(id),
                }
                return;
            }
            Kind::Static(Strategy::OneForAll, _) => 0,
            Kind::Static(Strategy::RestForOne, _) => self.index(id),
        };
        let index = self.index(id);
        self.kids[index].state = State::Down;
        self.stop_from(from, script);
        for id in self.ids().split_off(from) {
            if self.start(id, script) == 2 {
                return self.try_again(id);
            }
        }
    }

    fn try_again(&mut self, id: char) {
        self.failures += 1;
        let index = self.index(id);
        self.kids[index].state = State::Again(self.failures);
        self.retries.push((id, self.failures));
        self.log.push(Step::StartError(id, Why::Crash));
        self.log.push(Step::Retry(id));
    }

    fn start_child(&mut self, id: char, restart: Restart, script: &mut Script) {
        let answer = match self.state(id) {
            Some(State::Up) => "already_started",
            Some(_) => "already_present",
            None => {
                self.kids.push(Kid { id, restart, significant: false, state: State::Down });
                match self.start(id, script) {
                    0 => "started",
                    1 => {
                        self.drop_process(id);
                        "ignored"
                    }
                    _ => {
                        self.kids.pop();
                        "start_failed"
                    }
                }
            }
        };
        self.log.push(Step::Reply(answer));
    }

    fn end(&mut self, why: Why, script: &mut Script) {
        let up: String =
            self.kids.iter().filter(|kid| kid.state == State::Up).map(|kid| kid.id).collect();
        if matches!(self.kind, Kind::Dynamic) {
            if !up.is_empty() {
                self.log.push(Step::StopAll(up.clone()));
            }
            let bad: String = up.chars().filter(|_| script.pick(script.stop_ways) == 1).collect();
            if !bad.is_empty() {
                self.log.push(Step::ShutdownError(bad, Why::Crash));
            }
            self.kids.clear();
        } else {
            self.stop_from(0, script);
        }
        self.log.push(Step::End(why));
        self.over = true;
    }

    /// Stops the tail of the list, newest first, and forgets its temporary kids.
    fn stop_from(&mut self, from: usize, script: &mut Script) {
        for index in (from..self.kids.len()).rev() {
            if self.kids[index].state == State::Up {
                self.stop(index, script);
            }
            self.kids[index].state = State::Down;
            if self.kids[index].restart == Restart::Temporary {
                self.kids.remove(index);
            }
        }
    }

    fn stop(&mut self, index: usize, script: &mut Script) {
        let id = self.kids[index].id;
        self.log.push(Step::Stop(id));
        if script.pick(script.stop_ways) == 1 {
            self.log.push(Step::ShutdownError(id.into(), Why::Crash));
        }
    }

    /// 0 started, 1 ignored, 2 failed.
    fn start(&mut self, id: char, script: &mut Script) -> u8 {
        self.log.push(Step::Start(id));
        let pick = script.pick(3);
        let index = self.index(id);
        if pick < 2 {
            self.kids[index].state = if pick == 0 { State::Up } else { State::Down };
        }
        pick
    }

    fn drop_process(&mut self, id: char) {
        let index = self.index(id);
        self.kids[index].state = State::Down;
        let is_dynamic = matches!(self.kind, Kind::Dynamic);
        if is_dynamic || self.kids[index].restart == Restart::Temporary {
            self.kids.remove(index);
        }
    }

    fn ids(&self) -> Vec<char> {
        self.kids.iter().map(|kid| kid.id).collect()
    }

    fn index(&self, id: char) -> usize {
        self.kids.iter().position(|kid| kid.id == id).expect("the kid exists")
    }

    fn state(&self, id: char) -> Option<State> {
        self.kids.iter().find(|kid| kid.id == id).map(|kid| kid.state)
    }
}
