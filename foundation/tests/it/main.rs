//! The guarantees of the kernel, through its public interface alone.

mod alarm;
mod backoff;
mod blocking;
mod clerk;
mod gen_server;
mod group;
mod guest;
mod host;
mod keeper;
mod leak;
mod link;
mod mailbox;
mod monitor;
mod name;
mod owned_tasks;
mod process;
mod rate_limiter;
mod rate_model;
mod send;
mod snapshot;
mod stash;
mod status;
mod strategy;
mod stuck;
mod supervisor;
mod support;
mod suspend;
mod task;
mod telemetry;
mod thread_server;
mod timers;
#[cfg(debug_assertions)]
mod wait_for;
mod zombie;
