//! The one receive loop of a `GenServer`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::gen_server::context::{Context, Next};
use crate::gen_server::spec::Recipe;
use crate::gen_server::{GenServer, Info};
use crate::process::envelope::{Control, Envelope, Receipt, Received};
use crate::process::exit::{Exit, ExitReason};
use crate::process::owner::Ack;
use crate::process::progress::Phase;
use crate::process::server::Server;
use crate::process::spawn::leave_host;

/// Runs a process to its end and returns the reason.
///
/// This future is what an idle process costs most of. So nothing is kept twice: what is given is captured, not passed on, and
/// nothing that was taken apart is still there while something else is awaited.
pub(crate) fn run<S: GenServer>(
    server: &Arc<Server<S::Msg>>,
    args: Arc<Recipe<S::Args>>,
) -> impl Future<Output = ExitReason> + Send + 'static {
    let mut cx = Context::<S>::new(server);
    async move {
        let mut state = match Apart::new(S::init(args.make(), &mut cx)).await {
            Ok(state) => {
                cx.progress().enter(Phase::Waiting);
                state
            }
            Err(exit) => {
                if exit.is_ignore() {
                    cx.cell().acknowledge(Ack::Ignore, false);
                }
                return exit.into_reason();
            }
        };
        leave_host(cx.cell().acknowledge(Ack::Up, cx.own.is_none())).await;
        let mut handled: u8 = 0;
        let reason = loop {
            // What is at hand already takes the shorter way.
            let next = match cx.take() {
                Some(envelope) => Next::Received(Received::Message(envelope)),
                None => cx.next().await,
            };
            let outcome = turn(next, &mut state, &mut cx).await;
            if let Err(exit) = cx.settle(outcome) {
                break exit.into_reason();
            }
            // A process whose mail never ends still lets others run.
            handled = handled.wrapping_add(1);
            if handled.is_multiple_of(BUDGET_STEP) {
                tokio::task::consume_budget().await;
            }
        };
        cx.progress().enter(Phase::Ending);
        Apart::new(state.terminate(&reason, &mut cx)).await;
        reason
    }
}

/// What one thing leads to.
fn turn<'a, S: GenServer>(
    next: Next<S::Msg>,
    state: &'a mut S,
    cx: &'a mut Context<S>,
) -> Turn<impl Future<Output = Result<(), Exit>> + 'a, impl Future<Output = Result<(), Exit>> + 'a>
{
    let received = match next {
        Next::Received(received) => received,
        Next::Info(info) => {
            cx.progress().begin_info();
            return Turn::Info { callback: Apart::new(state.info(info, cx)) };
        }
    };
    match received {
        Received::Message(Envelope { message, receipt }) => {
            cx.begin(S::kind(&message), &receipt);
            Turn::Handle { handler: state.handle(message, cx), receipt }
        }
        Received::Control(Control::Stop(reason) | Control::Exit(reason)) => {
            Turn::Over { outcome: Some(Err(Exit::reason(reason))) }
        }
        Received::Control(Control::Down(notice)) => match notice.take() {
            Some(down) => {
                cx.progress().begin_info();
                Turn::Info { callback: Apart::new(state.info(Info::Down(down), cx)) }
            }
            None => Turn::Over { outcome: Some(Ok(())) },
        },
        Received::Control(Control::Signal(signal)) => {
            cx.progress().begin_info();
            Turn::Info { callback: Apart::new(state.info(Info::Exit(signal), cx)) }
        }
        // The context has done these.
        Received::Control(Control::Sync(_) | Control::Suspend(_) | Control::Resume) => {
            Turn::Over { outcome: Some(Ok(())) }
        }
    }
}

pin_project! {
    /// The future of [`turn`]. Its output says who waits to hear that the handler ran to its end.
    #[project = Projected]
    enum Turn<H, I> {
        Handle { #[pin] handler: H, receipt: Receipt },
        Info { #[pin] callback: Apart<I> },
        Over { outcome: Option<Result<(), Exit>> },
    }
}

impl<H, I> Future for Turn<H, I>
where
    H: Future<Output = Result<(), Exit>>,
    I: Future<Output = Result<(), Exit>>,
{
    type Output = Result<Receipt, Exit>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Handle { handler, receipt } => {
                let outcome = std::task::ready!(handler.poll(cx));
                Poll::Ready(outcome.map(|()| std::mem::replace(receipt, Receipt::Cast)))
            }
            Projected::Info { callback } => callback.poll(cx).map_ok(|()| Receipt::Cast),
            Projected::Over { outcome } => {
                Poll::Ready(outcome.take().unwrap_or(Ok(())).map(|()| Receipt::Cast))
            }
        }
    }
}

pin_project! {
    /// A callback that is rare, as code of its own. A panic of a handler looks through all of the code around it, and this keeps
    /// that small.
    struct Apart<F> {
        #[pin]
        callback: F,
    }
}

impl<F> Apart<F> {
    fn new(callback: F) -> Self {
        Self { callback }
    }
}

impl<F: Future> Future for Apart<F> {
    type Output = F::Output;

    #[inline(never)]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        self.project().callback.poll(cx)
    }
}

/// Messages that count as one unit of the executor's budget (128 units before others get their turn).
const BUDGET_STEP: u8 = 16;
