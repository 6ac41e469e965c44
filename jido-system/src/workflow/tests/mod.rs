//! Scheduling: by hand, at random, and against rules that are written down a second time.

mod bounds;
mod engine;
mod event;
mod journal;
mod random;
mod recovery;
mod scale;
mod world;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::{Effect, Engine, Event, EventKind, Outcome, RetryPolicy, TaskIndex, Workflow};

/// A workflow from `(id, runtime, parents)`, in the order of the file.
fn workflow(tasks: &[(&str, f64, &[&str])]) -> Arc<Workflow> {
    let specification: Vec<_> =
        tasks.iter().map(|(id, _, parents)| json!({ "id": id, "parents": parents })).collect();
    let execution: Vec<_> =
        tasks.iter().map(|(id, s, _)| json!({ "id": id, "runtimeInSeconds": s })).collect();
    let document = json!({
        "name": "test", "schemaVersion": "1.5",
        "workflow": {
            "specification": { "tasks": specification },
            "execution": { "tasks": execution }
        }
    });
    Arc::new(Workflow::parse(document.to_string().as_bytes()).expect("a valid workflow"))
}

/// One task, then two in parallel, then one that joins them; and one apart.
fn diamond() -> Arc<Workflow> {
    workflow(&[
        ("a", 1.0, &[]),
        ("b", 2.0, &["a"]),
        ("c", 3.0, &["a"]),
        ("d", 4.0, &["b", "c"]),
        ("apart", 5.0, &[]),
    ])
}

fn policy(attempts: u32) -> RetryPolicy {
    RetryPolicy { attempts, base: Duration::from_millis(100), cap: Duration::from_millis(300) }
}

/// An engine and its journal, driven by hand.
struct Driver {
    engine: Engine,
    journal: Vec<Event>,
}

impl Driver {
    fn begin(workflow: &Arc<Workflow>, attempts: u32) -> Self {
        let mut engine = Engine::new(Arc::clone(workflow), policy(attempts));
        assert!(engine.begin(4));
        Self { engine, journal: Vec::new() }
    }

    /// A new engine from the journal of this one, resumed.
    fn resume(self, attempts: u32) -> Self {
        let mut engine = Engine::new(Arc::clone(self.engine.workflow()), policy(attempts));
        for event in &self.journal {
            engine.replay(event).expect("its own journal");
        }
        assert!(engine.resume(4));
        Self { engine, journal: self.journal }
    }

    fn at(&self, id: &str) -> TaskIndex {
        self.engine.workflow().index_of(id).expect("a task of the workflow")
    }

    /// Stores the next batch, and returns the effects without the announcements.
    fn commit(&mut self) -> Vec<Effect> {
        let Some(batch) = self.engine.take_batch() else { return Vec::new() };
        self.journal.extend_from_slice(batch);
        let effects = self.engine.committed();
        effects.into_iter().filter(|effect| !matches!(effect, Effect::Announce(_))).collect()
    }

    fn end(&mut self, id: &str, attempt: u32, outcome: Outcome) {
        self.engine.ended(self.at(id), attempt, outcome, 0.0).expect("it was running");
    }

    /// The journal as one line of text: kind, task and attempt of the events after the first.
    fn story(&self) -> String {
        let words = self.journal.iter().skip(1).map(|event| {
            let what = match event.kind() {
                EventKind::TaskStarted => "start",
                EventKind::TaskCompleted => "done",
                EventKind::TaskFailed => "fail",
                EventKind::TaskRetried => "retry",
                EventKind::TaskSkipped => "skip",
                other => other.as_str(),
            };
            match (event.task(), event.attempt()) {
                (Some(task), Some(attempt)) => format!("{what} {task}{attempt}"),
                (Some(task), None) => format!("{what} {task}"),
                _ => what.to_owned(),
            }
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

fn completed() -> Outcome {
    Outcome::Completed { duration_s: 1.0, detail: json!(null) }
}

fn failed() -> Outcome {
    Outcome::Failed { reason: "exit 1".to_owned() }
}

fn crashed() -> Outcome {
    Outcome::Crashed { reason: "panic".to_owned() }
}

/// `(task, attempt)` of the launches among the effects.
fn launches(effects: &[Effect]) -> Vec<(TaskIndex, u32)> {
    let launch = |effect: &Effect| match *effect {
        Effect::Launch { task, attempt } => Some((task, attempt)),
        _ => None,
    };
    effects.iter().filter_map(launch).collect()
}
