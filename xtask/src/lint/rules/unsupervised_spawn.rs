//! `unsupervised_spawn`: a task or thread that no supervisor knows.

use super::{Level, Levels, Rule};

pub(crate) const UNSUPERVISED_SPAWN: Rule = Rule {
    code: "FND003",
    id: "unsupervised_spawn",
    levels: Levels {
        production: Level::Deny,
        test: Level::Allow,
        example: Level::Allow,
        bench: Level::Deny,
    },
    message: "starts a task or thread that no supervisor knows",
    hint: "start it under a supervisor: a `TaskPool` of `TaskSupervisorSpec` for tasks, `GenServer` \
           for processes, `ThreadServer` for blocking work",
    explain: "\
A task outside the tree is not restarted when it panics, not stopped when its owner stops, not counted
and not bounded. Its panic ends in a join handle that is usually dropped.

Found: the spawn family of tokio (runtime handles, JoinSet, LocalSet), tokio-util, std threads, rayon,
smol, async-std and the futures executors, by type.
Not found: scoped threads (they end before the scope does) and operating system processes.
Not in force in tests and examples.",
    paths: &[
        "tokio::spawn",
        "tokio::task::spawn_blocking",
        "tokio::task::spawn_local",
        "tokio::task::Builder::spawn",
        "tokio::task::Builder::spawn_on",
        "tokio::task::Builder::spawn_local",
        "tokio::task::Builder::spawn_blocking",
        "tokio::runtime::Handle::spawn",
        "tokio::runtime::Handle::spawn_blocking",
        "tokio::runtime::Runtime::spawn",
        "tokio::runtime::Runtime::spawn_blocking",
        "tokio::task::LocalSet::spawn_local",
        "tokio::task::JoinSet::spawn",
        "tokio::task::JoinSet::spawn_on",
        "tokio::task::JoinSet::spawn_local",
        "tokio::task::JoinSet::spawn_local_on",
        "tokio::task::JoinSet::spawn_blocking",
        "tokio::task::JoinSet::spawn_blocking_on",
        "tokio_util::task::TaskTracker::spawn",
        "tokio_util::task::TaskTracker::spawn_on",
        "tokio_util::task::TaskTracker::spawn_local",
        "tokio_util::task::TaskTracker::spawn_local_on",
        "tokio_util::task::TaskTracker::spawn_blocking",
        "tokio_util::task::TaskTracker::spawn_blocking_on",
        "tokio_util::task::JoinMap::spawn",
        "tokio_util::task::JoinMap::spawn_on",
        "tokio_util::task::JoinMap::spawn_blocking",
        "tokio_util::task::LocalPoolHandle::spawn_pinned",
        "std::thread::spawn",
        "std::thread::Builder::spawn",
        "rayon::spawn",
        "rayon::spawn_fifo",
        "rayon::ThreadPool::spawn",
        "rayon::ThreadPool::spawn_fifo",
        "rayon_core::spawn",
        "rayon_core::spawn_fifo",
        "rayon_core::ThreadPool::spawn",
        "rayon_core::ThreadPool::spawn_fifo",
        "smol::spawn",
        "smol::unblock",
        "blocking::unblock",
        "async_executor::Executor::spawn",
        "async_executor::LocalExecutor::spawn",
        "async_std::task::spawn",
        "async_std::task::spawn_blocking",
        "async_std::task::spawn_local",
        "futures_executor::ThreadPool::spawn_ok",
    ],
    ..Rule::BLANK
};
