//! `TaskHandle`: the owner of a running task, and a future of its result.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use crate::process::reply::Answer;
use crate::process::spawn::TaskKill;
use crate::task::error::TaskError;
use crate::task::pool::Core;

/// The owner of a running task, and a future of its result. Dropping it aborts the task.
#[must_use = "dropping a task handle aborts the task"]
pub struct TaskHandle<T> {
    answer: Answer<Result<T, Arc<str>>>,
    kill: Option<TaskKill>,
    core: Arc<Core>,
    detached: bool,
}

impl<T> TaskHandle<T> {
    pub(crate) fn new(
        answer: Answer<Result<T, Arc<str>>>,
        kill: Option<TaskKill>,
        core: Arc<Core>,
    ) -> Self {
        Self { answer, kill, core, detached: false }
    }

    /// Aborts the task and waits until it is gone: nothing of its future is left, and its place is free.
    ///
    /// The task goes at its next await point; one that never awaits is waited for until it returns, and so is blocking work that
    /// has begun. As in Elixir `Task.shutdown(task, :brutal_kill)`, a task that has ended before has its result.
    ///
    /// # Errors
    ///
    /// [`TaskError::Aborted`] in most cases; otherwise what [awaiting](Self) it reports.
    ///
    /// # Cancel safety
    ///
    /// The task is aborted at once, also if the future is dropped; only the wait is given up.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, TaskError, TaskSupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let child = TaskSupervisorSpec::new().limit(2).name(&node, "pool")?.as_child("pool");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let pool = node.task_supervisor("pool")?.resolve().await?;
    /// let task = pool.spawn(std::future::pending::<()>()).await?;
    /// assert_eq!(task.cancel().await, Err(TaskError::Aborted));
    /// assert_eq!(pool.available(), 2);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cancel(self) -> Result<T, TaskError> {
        self.abort();
        self.await
    }

    /// Aborts the task; it is gone when its result is known.
    pub(crate) fn abort(&self) {
        self.kill.iter().for_each(TaskKill::kill);
    }

    /// Lets the task run on by itself, in its pool. Its result is lost.
    pub fn detach(mut self) {
        self.detached = true;
    }
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let Poll::Ready(answered) = Pin::new(&mut self.answer).poll(cx) else {
            return Poll::Pending;
        };
        Poll::Ready(match answered {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => Err(TaskError::Panicked(panic)),
            Err(_dropped) if self.core.places.is_closed() => Err(TaskError::PoolDown),
            Err(_dropped) => Err(TaskError::Aborted),
        })
    }
}

impl<T> Drop for TaskHandle<T> {
    fn drop(&mut self) {
        if !self.detached {
            self.abort();
        }
    }
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskHandle")
    }
}
