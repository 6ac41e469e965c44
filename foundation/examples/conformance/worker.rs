//! The worker of all scripts: starts as planned, ends as told.

use foundation::{Context, Exit, ExitReason, GenServer, Info, ProcessRef};

use crate::reason::{end_with, text};
use crate::recorder::Shared;
use crate::script::{Manners, Outcome};

pub(crate) struct Worker {
    shared: Shared,
    label: String,
    number: u64,
    manners: Manners,
    /// It ends because it was told so by the script, not by its supervisor.
    has_ended_itself: bool,
}

/// What a script tells a worker to do.
pub(crate) enum Order {
    EndWith(String),
    Link(ProcessRef),
    Unlink(ProcessRef),
}

impl GenServer for Worker {
    type Args = (Shared, String, Manners);
    type Msg = Order;

    async fn init(
        (shared, label, manners): Self::Args,
        cx: &mut Context<Self>,
    ) -> Result<Self, Exit> {
        let this = cx.this().process().clone();
        let recorder = &shared.recorder;
        let number = recorder.begins(&label);
        recorder.pass_gate("init", &label, &this).await;
        match shared.script.plans.get(&(label.clone(), number)) {
            None => {}
            Some(Outcome::Ignore) => {
                recorder.note(format!("ignore {label}#{number}"));
                return Err(Exit::ignore());
            }
            Some(Outcome::Fail(reason)) => {
                recorder.note(format!("fail {label}#{number} {reason}"));
                return Err(end_with(reason));
            }
        }
        cx.trap_exit(manners.is_trapping);
        recorder.started(&label, number, &this);
        Ok(Self { shared, label, number, manners, has_ended_itself: false })
    }

    async fn handle(&mut self, order: Order, cx: &mut Context<Self>) -> Result<(), Exit> {
        match order {
            Order::EndWith(reason) => {
                self.has_ended_itself = true;
                return Err(end_with(&reason));
            }
            Order::Link(peer) => cx.link(&peer),
            Order::Unlink(peer) => cx.unlink(&peer),
        }
        Ok(())
    }

    async fn info(&mut self, info: Info, _cx: &mut Context<Self>) -> Result<(), Exit> {
        if let Info::Exit(signal) = info {
            let why = text(&signal.reason);
            self.shared.recorder.note(format!("trapped {}#{} {why}", self.label, self.number));
        }
        Ok(())
    }

    async fn terminate(&mut self, reason: &ExitReason, cx: &mut Context<Self>) {
        // Difference `terminate-without-trap`: an OTP process that does not trap exits would not be here.
        if !self.has_ended_itself && !self.manners.is_trapping {
            return;
        }
        let recorder = &self.shared.recorder;
        recorder.note(format!("term {}#{} {}", self.label, self.number, text(reason)));
        if !self.has_ended_itself {
            recorder.pass_gate("term", &self.label, cx.this().process()).await;
            if self.manners.is_stubborn {
                std::future::pending::<()>().await;
            }
        }
    }
}
