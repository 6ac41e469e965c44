//! Tests of the supervisor's state machine.
//!
//! Table tests by topic, each naming the rule it stands for, and an exhaustive exploration that
//! compares the machine with an oracle.

mod admin;
mod auto_shutdown;
mod dynamic;
mod explore;
mod group;
mod invariants;
mod node;
mod oracle;
mod restart;
mod rig;
mod spec;
mod start;
mod stop;
mod window;

use super::action::{Action, Input, Outcome, Request, RetryToken, Target};
use super::spec::{
    AutoShutdown, ChildKind, CoreSpec, Flags, Mode, Restart, Shutdown, SpecError, Strategy,
};
use super::strategy::Core;
use super::table::ChildState;
use rig::{Rig, Step, TestCore, Why, child, children, id_of, seen};
use std::time::Duration;
