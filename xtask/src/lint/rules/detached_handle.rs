//! `detached_handle`: a task or thread whose handle is thrown away.

use super::{Levels, Rule, Seen};
use crate::lint::judge::Sight;

pub(crate) const DETACHED_HANDLE: Rule = Rule {
    code: "FND004",
    id: "detached_handle",
    levels: Levels::PRODUCTION_AND_TESTS,
    message: "throws its handle away, so nobody learns how it ended",
    hint: "await the handle, keep it, abort it, or start the work in a `JoinSet`; in production \
           under a supervisor",
    explain: "\
A task without a handle cannot be stopped, and its panic is printed and forgotten: a test stays green
although half of it failed.

Found: a spawn whose handle is a statement, goes to `let _`, to `drop` or `mem::forget`, or to a name
that nobody mentions again; also behind `?`, `unwrap` and `expect`, and through a macro.
Not found: an awaited, kept, returned or aborted handle; tasks of a JoinSet, JoinMap, JoinQueue or
TaskTracker, which is their handle; and tasks that end when their handle is dropped (smol, async-executor,
async-global-executor, blocking). Not in force in examples and benches.",
    paths: &[
        "tokio::spawn",
        "tokio::task::spawn_blocking",
        "tokio::task::spawn_local",
        "tokio::task::Builder::spawn",
        "tokio::task::Builder::spawn_local",
        "tokio::task::Builder::spawn_blocking",
        "tokio::runtime::Handle::spawn",
        "tokio::runtime::Handle::spawn_blocking",
        "tokio::runtime::Runtime::spawn",
        "tokio::runtime::Runtime::spawn_blocking",
        "tokio::runtime::LocalRuntime::spawn_local",
        "tokio::runtime::LocalRuntime::spawn_blocking",
        "tokio::task::LocalSet::spawn_local",
        "tokio_util::task::LocalPoolHandle::spawn_pinned",
        "tokio_util::task::LocalPoolHandle::spawn_pinned_by_idx",
        "actix_rt::spawn",
        "actix_rt::Runtime::spawn",
        "std::thread::spawn",
        "std::thread::Builder::spawn",
        "std::thread::Builder::spawn_unchecked",
        "async_std::task::spawn",
        "async_std::task::spawn_blocking",
        "async_std::task::spawn_local",
        "async_std::task::Builder::spawn",
        "async_std::task::Builder::local",
    ],
    sees,
    ..Rule::BLANK
};

fn sees(sight: &Sight<'_>) -> Seen {
    match sight.discard() {
        Some(discard) if !discard.through.awaited => Seen::Finding(DETACHED_HANDLE.message),
        _ => Seen::Fine,
    }
}
