//! The one receive loop of a `GenServer`.

use std::sync::Arc;

use crate::gen_server::context::{Context, Next};
use crate::gen_server::{GenServer, Info};
use crate::process::cell::Ack;
use crate::process::exit::{Exit, ExitReason};
use crate::process::mailbox::{Control, Envelope, Receipt, Received};
use crate::process::server_ref::Server;
use crate::process::spawn::leave_host;

/// Runs a process to its end and returns the reason.
pub(crate) async fn run<S: GenServer>(
    server: Arc<Server<S::Msg>>,
    args: Arc<dyn Fn() -> S::Args + Send + Sync>,
) -> ExitReason {
    let mut cx = Context::<S>::new(&server);
    let mut state = match S::init(args(), &mut cx).await {
        Ok(state) => {
            server.cell.acknowledge(Ack::Up);
            state
        }
        Err(exit) => {
            if exit.is_ignore() {
                server.cell.acknowledge(Ack::Ignore);
            }
            return exit.into_reason();
        }
    };
    leave_host(&server.cell).await;
    let reason = receive(&mut state, &mut cx).await;
    state.terminate(&reason, &mut cx).await;
    reason
}

/// Messages that count as one unit of the executor's budget (128 units before others get their turn).
const BUDGET_STEP: usize = 16;

async fn receive<S: GenServer>(state: &mut S, cx: &mut Context<S>) -> ExitReason {
    let mut handled: usize = 0;
    loop {
        let step = match cx.next().await {
            Next::Received(Received::Message(envelope)) => handle(state, envelope, cx).await,
            Next::Received(Received::Control(Control::Stop(reason) | Control::Exit(reason))) => {
                Err(Exit::reason(reason))
            }
            Next::Received(Received::Control(Control::Down(down))) => {
                state.info(Info::Down(down), cx).await
            }
            Next::Received(Received::Control(Control::Signal(signal))) => {
                state.info(Info::Exit(signal), cx).await
            }
            Next::Received(Received::Control(Control::Sync(reply))) => {
                reply.send(());
                Ok(())
            }
            Next::Info(info) => state.info(info, cx).await,
        };
        if let Err(exit) = step {
            return exit.into_reason();
        }
        // A process whose mail never ends still lets others run.
        handled = handled.wrapping_add(1);
        if handled.is_multiple_of(BUDGET_STEP) {
            tokio::task::consume_budget().await;
        }
    }
}

async fn handle<S: GenServer>(
    state: &mut S,
    envelope: Envelope<S::Msg>,
    cx: &mut Context<S>,
) -> Result<(), Exit> {
    let Envelope { message, receipt } = envelope;
    state.handle(message, cx).await?;
    if let Receipt::Handled(reply) = receipt {
        reply.send(());
    }
    Ok(())
}
