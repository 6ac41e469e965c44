//! The process behind the bar.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use foundation::{
    Context, Exit, ExitReason, GenServer, Info, MonitorRef, Node, NodeConfig, Overflow, Restart,
    ServerSpec, Strategy, Supervisor, SupervisorSpec,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jido_system::{Gateway, System, TaskCounts, WorkflowId};
use signal_router::{Data, Priority, RouterHandle, Signal, Subscription};

use super::Tally;
use crate::output::Plain;

/// How often the bar is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// How many frames there are between two looks at the figures of the workflow itself.
const FRAMES_TO_CHECK: u32 = 10;

/// How many signals may wait between two looks of the process; the oldest are dropped beyond that.
const MAILBOX: usize = 8192;

/// A bar on the terminal. Dropping it takes the bar away.
#[derive(Debug)]
pub(crate) struct Display {
    tree: Supervisor,
}

impl Display {
    /// Starts the display of a run, or returns `None` where there is nothing to draw on.
    ///
    /// A display that cannot be started is none: the work goes on without.
    pub(crate) async fn start(system: &System, id: &WorkflowId) -> Option<Self> {
        let can_draw = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        if !can_draw || !io::stderr().is_terminal() {
            return None;
        }
        let (router, gateway) = (system.router().clone(), system.gateway().clone());
        let args = Args { router, gateway, id: id.clone(), bar: bar(id)? };
        let drawer = ServerSpec::<Drawer>::new(args)
            .capacity(MAILBOX)
            .overflow(Overflow::DropOldest)
            .child("display")
            .restart(Restart::Temporary);
        let node = Node::new(NodeConfig::default()).ok()?;
        let tree = SupervisorSpec::new(Strategy::OneForOne).child(drawer);
        Some(Self { tree: Supervisor::start(&node, tree).await.ok()? })
    }

    /// Takes the bar away and waits until it is gone, so that what is printed next starts on a
    /// clean line.
    pub(crate) async fn finish(self) {
        // However the tree ended: the bar went with it.
        let _reason: ExitReason = self.tree.shutdown().await;
    }
}

fn bar(id: &WorkflowId) -> Option<ProgressBar> {
    let template = "{prefix} [{elapsed_precise}] {bar:30.green} {pos}/{len} {msg}";
    let style = ProgressStyle::with_template(template).ok()?.progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_prefix(Plain(id.as_str()).to_string());
    Some(bar)
}

/// What the process starts with.
#[derive(Debug, Clone)]
struct Args {
    router: RouterHandle,
    gateway: Gateway,
    id: WorkflowId,
    bar: ProgressBar,
}

#[derive(Debug)]
enum Msg {
    Signal(Arc<Signal>),
    Subscribe,
    Draw,
    /// The figures of the workflow itself, if it runs.
    Counts(Option<TaskCounts>),
}

impl From<Arc<Signal>> for Msg {
    fn from(signal: Arc<Signal>) -> Self {
        Self::Signal(signal)
    }
}

/// Draws the figures of the newest signal.
struct Drawer {
    args: Args,
    tally: Tally,
    /// Frames until the figures are compared with the truth.
    until_check: u32,
    /// The subscription, and the watch over the router that holds it.
    subscribed: Option<(Subscription, MonitorRef)>,
}

impl Drawer {
    fn draw(&self) {
        let Tally { running, failed, skipped, .. } = self.tally;
        self.args.bar.set_length(self.tally.tasks);
        self.args.bar.set_position(self.tally.ended());
        let mut message = format!("running {running}, failed {failed}");
        if skipped > 0 {
            message.push_str(&format!(", skipped {skipped}"));
        }
        self.args.bar.set_message(message);
    }

    /// Asks the workflow for its figures. Signals may have been missed, before the subscription or
    /// in a full mailbox.
    fn check(&self, cx: &mut Context<Self>) {
        let Args { gateway, id, .. } = self.args.clone();
        cx.pipe_to_self(async move { Msg::Counts(gateway.counts(&id).await.ok().flatten()) });
    }

    async fn subscribe(&mut self, cx: &mut Context<Self>) -> Result<(), Exit> {
        let recipient = cx.this().recipient();
        let pattern = "workflow.**".parse()?;
        match self.args.router.subscribe(pattern, Priority::default(), recipient).await {
            Ok(subscription) => {
                let watch = cx.monitor(subscription.router());
                self.subscribed = Some((subscription, watch));
            }
            // The router is being restarted.
            Err(_) => {
                cx.send_after(FRAME, Msg::Subscribe);
            }
        }
        Ok(())
    }
}

impl GenServer for Drawer {
    type Args = Args;
    type Msg = Msg;

    async fn init(args: Args, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let mut drawer =
            Self { args, tally: Tally::default(), until_check: FRAMES_TO_CHECK, subscribed: None };
        drawer.subscribe(cx).await?;
        drawer.check(cx);
        cx.send_after(FRAME, Msg::Draw);
        Ok(drawer)
    }

    async fn handle(&mut self, msg: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            Msg::Signal(signal) => {
                let figures = match signal.data() {
                    Data::Json(data) => Tally::of_signal(data, self.args.id.as_str()),
                    _ => None,
                };
                self.tally = figures.unwrap_or(self.tally);
            }
            Msg::Subscribe => self.subscribe(cx).await?,
            Msg::Counts(Some(counts)) => self.tally = Tally::from(counts),
            // It has ended, or is being restarted.
            Msg::Counts(None) => {}
            Msg::Draw => {
                self.until_check = self.until_check.saturating_sub(1);
                if self.until_check == 0 {
                    self.until_check = FRAMES_TO_CHECK;
                    self.check(cx);
                }
                self.draw();
                cx.send_after(FRAME, Msg::Draw);
            }
        }
        Ok(())
    }

    async fn info(&mut self, _router_is_down: Info, cx: &mut Context<Self>) -> Result<(), Exit> {
        self.subscribed = None;
        self.subscribe(cx).await
    }

    async fn terminate(&mut self, _reason: &ExitReason, _cx: &mut Context<Self>) {
        self.args.bar.finish_and_clear();
    }
}
