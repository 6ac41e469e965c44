//! The process behind the bar.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use foundation::{
    Context, Exit, ExitReason, GenServer, Info, MonitorRef, Node, NodeConfig, Overflow, Restart,
    ServerSpec, Strategy, Supervisor, SupervisorSpec,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_router::{Priority, RouterHandle, Signal, Subscription};

use super::Tally;

/// How often the bar is drawn.
const FRAME: Duration = Duration::from_millis(100);

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
    pub(crate) async fn start(router: RouterHandle, name: &str, tally: Tally) -> Option<Self> {
        let can_draw = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        if !can_draw || !io::stderr().is_terminal() {
            return None;
        }
        let bar = bar(name, tally)?;
        let args = Args { router, tally, bar };
        let drawer = ServerSpec::<Drawer>::new(args)
            .capacity(MAILBOX)
            .overflow(Overflow::DropOldest)
            .child("display")
            .restart(Restart::Temporary);
        let node = Node::new(NodeConfig::default()).ok()?;
        let tree = SupervisorSpec::new(Strategy::OneForOne).child(drawer);
        Some(Self { tree: Supervisor::start(&node, tree).await.ok()? })
    }

    /// Takes the bar away and waits until it is gone, so that what is printed next starts on a clean line.
    pub(crate) async fn finish(self) {
        // However the tree ended: the bar went with it.
        let _reason: ExitReason = self.tree.shutdown().await;
    }
}

fn bar(name: &str, tally: Tally) -> Option<ProgressBar> {
    let template = "{prefix} [{elapsed_precise}] {bar:30.green} {pos}/{len} {msg}";
    let style = ProgressStyle::with_template(template).ok()?.progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(Some(tally.tasks), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_prefix(crate::output::Plain(name).to_string());
    Some(bar)
}

/// What the process starts with.
#[derive(Debug, Clone)]
struct Args {
    router: RouterHandle,
    tally: Tally,
    bar: ProgressBar,
}

#[derive(Debug)]
enum Msg {
    Signal(Arc<Signal>),
    Subscribe,
    Draw,
}

impl From<Arc<Signal>> for Msg {
    fn from(signal: Arc<Signal>) -> Self {
        Self::Signal(signal)
    }
}

/// Counts signals and draws the count.
struct Drawer {
    router: RouterHandle,
    tally: Tally,
    bar: ProgressBar,
    /// The subscription, and the watch over the router that holds it.
    subscribed: Option<(Subscription, MonitorRef)>,
}

impl Drawer {
    fn draw(&self) {
        let Tally { running, failed, skipped, .. } = self.tally;
        self.bar.set_position(self.tally.ended());
        let mut message = format!("running {running}, failed {failed}");
        if skipped > 0 {
            message.push_str(&format!(", skipped {skipped}"));
        }
        self.bar.set_message(message);
    }

    async fn subscribe(&mut self, cx: &mut Context<Self>) -> Result<(), Exit> {
        let recipient = cx.this().recipient();
        let pattern = "workflow.**".parse()?;
        match self.router.subscribe(pattern, Priority::default(), recipient).await {
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
        let Args { router, tally, bar } = args;
        let mut drawer = Self { router, tally, bar, subscribed: None };
        drawer.subscribe(cx).await?;
        drawer.draw();
        cx.send_after(FRAME, Msg::Draw);
        Ok(drawer)
    }

    async fn handle(&mut self, msg: Msg, cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            Msg::Signal(signal) => self.tally.count(signal.signal_type().as_str()),
            Msg::Subscribe => self.subscribe(cx).await?,
            Msg::Draw => {
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
        self.bar.finish_and_clear();
    }
}
