//! The administrative calls of a supervisor, as part of its state machine.
//!
//! Decides which calls are refused in which state; what a started or stopped child leads to is
//! decided in `strategy.rs`. Every call is answered exactly once.

use super::action::{AdminError, Answer, Incarnation, Reason, Request, Target};
use super::spec::{CoreSpec, Mode};
use super::strategy::{Activity, Cause, Core};
use super::table::{ChildKey, ChildState};
use std::sync::Arc;

impl<S, P, R> Core<S, P, R>
where
    P: Incarnation,
    R: Reason,
{
    /// Takes one call: either an action follows, or the answer is already on its way.
    pub(super) fn administer(&mut self, token: u64, request: Request<S, P::Id>) {
        let refused = match request {
            Request::Start(spec) => self.start_child(token, spec),
            Request::Terminate(target) => self.terminate_child(token, target),
            Request::Restart { id } => self.restart_child(token, &id),
            Request::Delete { id } => self.delete_child(token, &id),
        };
        if let Err(error) = refused {
            self.reply(token, Err(error));
        }
    }

    fn start_child(&mut self, token: u64, spec: Arc<CoreSpec<S>>) -> Result<(), AdminError<P, R>> {
        spec.check(self.mode).map_err(AdminError::Spec)?;
        match self.mode {
            Mode::Dynamic { max_children } => {
                if self.table.len() >= max_children {
                    return Err(AdminError::MaxChildren);
                }
            }
            Mode::Static { .. } => match self.child_by_id(&spec.id).map(|child| &child.state) {
                None => {}
                Some(ChildState::Running(pid)) => {
                    return Err(AdminError::AlreadyStarted(pid.clone()));
                }
                Some(ChildState::Restarting { .. } | ChildState::Undefined) => {
                    return Err(AdminError::AlreadyPresent);
                }
            },
        }
        let key = self.table.insert(spec);
        self.activity = Activity::StartOne { key, cause: Cause::StartChild(token) };
        Ok(())
    }

    fn terminate_child(
        &mut self,
        token: u64,
        target: Target<P::Id>,
    ) -> Result<(), AdminError<P, R>> {
        let key = match (self.mode, target) {
            (Mode::Static { .. }, Target::Id(id)) => self.table.key_of_id(&id),
            (Mode::Static { .. }, Target::Pid { .. }) => None,
            (Mode::Dynamic { .. }, Target::Id(_)) => return Err(AdminError::Dynamic),
            (Mode::Dynamic { .. }, Target::Pid { pid, alive }) => {
                let key = self.table.key_of_pid(pid);
                if key.is_none() && !alive {
                    // It may have been a child once; it is certainly not running now.
                    self.reply(token, Ok(Answer::Ok));
                    return Ok(());
                }
                key
            }
        };
        let key = key.ok_or(AdminError::NotFound)?;
        if self.is_running(key) {
            self.activity = Activity::StopOne { key, token };
        } else {
            self.table.settle(key);
            self.reply(token, Ok(Answer::Ok));
        }
        Ok(())
    }

    fn restart_child(&mut self, token: u64, id: &str) -> Result<(), AdminError<P, R>> {
        let key = self.find_undefined(id)?;
        self.activity = Activity::StartOne { key, cause: Cause::RestartChild(token) };
        Ok(())
    }

    fn delete_child(&mut self, token: u64, id: &str) -> Result<(), AdminError<P, R>> {
        let key = self.find_undefined(id)?;
        self.table.remove(key);
        self.reply(token, Ok(Answer::Ok));
        Ok(())
    }

    /// Finds a static child that has no process and waits for none.
    fn find_undefined(&self, id: &str) -> Result<ChildKey, AdminError<P, R>> {
        if matches!(self.mode, Mode::Dynamic { .. }) {
            return Err(AdminError::Dynamic);
        }
        let key = self.table.key_of_id(id).ok_or(AdminError::NotFound)?;
        match self.table.get(key).map(|child| &child.state) {
            Some(ChildState::Undefined) => Ok(key),
            Some(ChildState::Running(_)) => Err(AdminError::Running),
            Some(ChildState::Restarting { .. }) => Err(AdminError::Restarting),
            None => Err(AdminError::NotFound),
        }
    }
}
