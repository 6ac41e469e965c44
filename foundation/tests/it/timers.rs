//! Timers and intervals that come as notices, on paused time.

use std::time::Duration;

use foundation::{
    Context, Exit, GenServer, Info, Reply, ServerRef, ServerSpec, Strategy, TimerRef,
};
use test_helpers::{Gate, IsolatedTree, Journal};

use crate::support::{of, quiet};

const SECOND: Duration = Duration::from_secs(1);

/// Writes down when which of its timers fires, in milliseconds since its start.
struct Clockwork {
    journal: Journal,
    start: tokio::time::Instant,
    timers: Vec<TimerRef>,
    /// How long a tick keeps it busy.
    work: Option<Gate>,
}

enum Wind {
    Start(Duration, Reply<TimerRef>),
    Repeat(Duration, Reply<TimerRef>),
    Send(Duration, Reply<TimerRef>),
    Cancel(TimerRef, Reply<bool>),
    Wait(Gate),
    WorkAtTick(Gate),
    Fired(usize),
    Mail,
}

impl Clockwork {
    fn note(&self, what: &str) {
        self.journal.note(format!("{} {what}", self.start.elapsed().as_millis()));
    }

    fn keep(&mut self, timer: TimerRef, reply: Reply<TimerRef>) {
        self.timers.push(timer);
        reply.send(timer);
    }
}

impl GenServer for Clockwork {
    type Args = Journal;
    type Msg = Wind;

    async fn init(journal: Journal, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        let start = tokio::time::Instant::now();
        Ok(Self { journal, start, timers: Vec::new(), work: None })
    }

    async fn handle(&mut self, msg: Wind, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            Wind::Start(delay, reply) => self.keep(cx.start_timer(delay), reply),
            Wind::Repeat(period, reply) => self.keep(cx.start_interval(period), reply),
            Wind::Send(delay, reply) => {
                let timer = cx.send_after(delay, Wind::Fired(self.timers.len()));
                self.keep(timer, reply);
            }
            Wind::Cancel(timer, reply) => reply.send(cx.cancel_timer(timer)),
            Wind::Wait(gate) => gate.pass().await,
            Wind::WorkAtTick(gate) => self.work = Some(gate),
            Wind::Fired(number) => self.note(&format!("message {number}")),
            Wind::Mail => self.note("mail"),
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        let Info::Timer(timer) = info else { return Err(Exit::error("nothing else was set up")) };
        let number = self.timers.iter().position(|known| *known == timer);
        self.note(&format!("timer {}", number.expect("one of its own")));
        if let Some(work) = self.work.take() {
            work.pass().await;
        }
        Ok(())
    }
}

async fn clockwork() -> (IsolatedTree, ServerRef<Wind>, Journal) {
    let journal = Journal::new();
    let spec = ServerSpec::<Clockwork>::new(journal.clone()).child("a");
    let tree = of(Strategy::OneForOne, [spec]).await;
    let server = tree.server::<Wind>("a").await;
    (tree, server, journal)
}

async fn held(server: &ServerRef<Wind>) -> Gate {
    let gate = Gate::new();
    server.cast(Wind::Wait(gate.clone())).expect("there is room");
    gate.arrival().await;
    gate
}

/// Lets time pass, in steps so that each timer is seen at its time.
async fn pass(steps: u32, step: Duration) {
    for _ in 0..steps {
        tokio::time::advance(step).await;
        quiet().await;
    }
}

async fn start(server: &ServerRef<Wind>, delay: Duration) -> TimerRef {
    server.call(|reply| Wind::Start(delay, reply)).await.expect("it answers")
}

async fn send(server: &ServerRef<Wind>, delay: Duration) -> TimerRef {
    server.call(|reply| Wind::Send(delay, reply)).await.expect("it answers")
}

async fn repeat(server: &ServerRef<Wind>, period: Duration) -> TimerRef {
    server.call(|reply| Wind::Repeat(period, reply)).await.expect("it answers")
}

async fn cancel(server: &ServerRef<Wind>, timer: TimerRef) -> bool {
    server.call(|reply| Wind::Cancel(timer, reply)).await.expect("it answers")
}

#[tokio::test(start_paused = true)]
async fn a_timer_comes_once_and_at_its_time() {
    let (tree, server, journal) = clockwork().await;
    start(&server, 2 * SECOND).await;
    start(&server, SECOND).await;
    pass(60, SECOND / 10).await;
    assert_eq!(journal.take(), ["1000 timer 1", "2000 timer 0"]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn timers_of_both_kinds_fire_by_due_time_then_as_made_and_before_mail() {
    let (tree, server, journal) = clockwork().await;
    start(&server, 3 * SECOND).await;
    send(&server, SECOND).await;
    start(&server, SECOND).await;
    repeat(&server, SECOND).await;
    send(&server, SECOND).await;
    start(&server, 2 * SECOND).await;
    let gate = held(&server).await;
    server.cast(Wind::Mail).expect("there is room");
    tokio::time::advance(2 * SECOND).await;
    gate.open();
    quiet().await;
    let expected = ["message 1", "timer 2", "timer 3", "message 4", "timer 5", "mail"];
    assert_eq!(journal.take(), expected.map(|what| format!("2000 {what}")));
    pass(1, SECOND).await;
    assert_eq!(journal.take(), ["3000 timer 0", "3000 timer 3"]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_seen_of_a_cancelled_timer() {
    let (tree, server, journal) = clockwork().await;
    let timers =
        [start(&server, SECOND).await, send(&server, SECOND).await, repeat(&server, SECOND).await];
    for timer in timers {
        assert!(cancel(&server, timer).await);
        assert!(!cancel(&server, timer).await, "it is over");
    }
    pass(3, SECOND).await;
    assert_eq!(journal.take(), [""; 0]);

    let over = start(&server, SECOND).await;
    pass(1, SECOND).await;
    assert_eq!(journal.take(), ["4000 timer 3"]);
    assert!(!cancel(&server, over).await, "it has fired");
    tree.shutdown().await;
}

/// Cancels the second of two timers that are due when it handles the first.
struct Rival(Journal, Vec<TimerRef>);

impl GenServer for Rival {
    type Args = Journal;
    type Msg = ();

    async fn init(journal: Journal, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let timers = vec![
            cx.start_timer(SECOND),
            cx.start_timer(SECOND),
            cx.send_after(SECOND, ()),
            cx.start_interval(SECOND),
        ];
        Ok(Self(journal, timers))
    }

    async fn handle(&mut self, _msg: (), _cx: &mut Context<Self>) -> Result<(), Exit> {
        self.0.note("message");
        Ok(())
    }

    async fn info(&mut self, info: Info, cx: &mut Context<Self>) -> Result<(), Exit> {
        let cancelled: Vec<bool> = self.1.drain(..).map(|timer| cx.cancel_timer(timer)).collect();
        self.0.note(format!("{} {cancelled:?}", matches!(info, Info::Timer(_))));
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_is_due_and_not_handled_can_be_cancelled() {
    let journal = Journal::new();
    let tree =
        of(Strategy::OneForOne, [ServerSpec::<Rival>::new(journal.clone()).child("a")]).await;
    pass(5, SECOND).await;
    assert_eq!(journal.take(), ["true [false, true, true, true]"]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_interval_ticks_on_its_grid_until_it_is_cancelled() {
    let (tree, server, journal) = clockwork().await;
    let interval = repeat(&server, SECOND).await;
    pass(7, SECOND / 2).await;
    assert_eq!(journal.take(), ["1000 timer 0", "2000 timer 0", "3000 timer 0"]);
    assert!(cancel(&server, interval).await);
    assert!(!cancel(&server, interval).await);
    pass(4, SECOND).await;
    assert_eq!(journal.take(), [""; 0]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn ticks_that_were_missed_are_one_tick_and_the_grid_stays() {
    let (tree, server, journal) = clockwork().await;
    repeat(&server, SECOND).await;
    let gate = held(&server).await;
    tokio::time::advance(SECOND * 35 / 10).await;
    gate.open();
    quiet().await;
    assert_eq!(journal.take(), ["3500 timer 0"]);
    pass(10, SECOND / 10).await;
    assert_eq!(journal.take(), ["4000 timer 0"], "not a period after the late one");

    // The same when the tick itself is what keeps it busy.
    let work = Gate::new();
    server.cast(Wind::WorkAtTick(work.clone())).expect("there is room");
    pass(25, SECOND / 10).await;
    work.open();
    quiet().await;
    pass(5, SECOND / 10).await;
    assert_eq!(journal.take(), ["5000 timer 0", "7000 timer 0"]);
    tree.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_tick_on_the_grid_is_not_given_twice() {
    let (tree, server, journal) = clockwork().await;
    repeat(&server, SECOND).await;
    let gate = held(&server).await;
    tokio::time::advance(3 * SECOND).await;
    gate.open();
    quiet().await;
    assert_eq!(journal.take(), ["3000 timer 0"]);
    pass(1, SECOND).await;
    assert_eq!(journal.take(), ["4000 timer 0"]);
    tree.shutdown().await;
}
