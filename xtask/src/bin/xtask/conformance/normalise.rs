//! Brings a log into the form in which the two sides are compared: takes out the deliberate
//! differences, each by its name, and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::script::{Script, parent};

/// The log of one run in the form to compare.
pub(super) fn normalise(script: &Script, log: &[String]) -> Vec<String> {
    let mut family = Family::default();
    let mut miscounting = BTreeSet::new();
    let mut lines = Vec::new();
    for step in log.chunk_by(|_, next| !next.starts_with("step ")) {
        miscounting.extend(miscounting_from(script, step));
        let step = without_killed_subtrees(script, &mut family, step);
        let step = with_dynamic_order(script, step);
        let step = with_dynamic_reports(script, step);
        lines.extend(step.into_iter().map(|line| answers(script, &miscounting, line)));
    }
    lines
}

/// Difference `otp-miscounts-a-terminated-dynamic-restart`: from this step on OTP may count too few active children of these
/// dynamic supervisors, because `terminate_child` may have met one that was being restarted.
fn miscounting_from(script: &Script, step: &[String]) -> Vec<String> {
    let number = step.first().and_then(|line| line.strip_prefix("step ")?.parse::<usize>().ok());
    let planned = number.and_then(|number| script.steps.get(number.checked_sub(1)?));
    let Some([first, ops @ ..]) = planned.map(|step| &step.ops[..]) else { return Vec::new() };
    let is_meant = |supervisor: &str| match first.strip_prefix("busy init ") {
        Some(held) => parent(held) == Some(supervisor),
        None => first == "frozen",
    };
    ops.iter()
        .filter_map(|op| op.strip_prefix("term ")?.split(' ').next())
        .filter(|supervisor| script.is_dynamic(supervisor) && is_meant(supervisor))
        .map(str::to_owned)
        .collect()
}

/// Which incarnation was started by which.
#[derive(Default)]
struct Family {
    parents: HashMap<String, String>,
    current: HashMap<String, String>,
}

impl Family {
    fn started(&mut self, incarnation: &str) {
        let label = label_of(incarnation);
        if let Some(up) = parent(label).and_then(|up| self.current.get(up)) {
            self.parents.insert(incarnation.to_owned(), up.clone());
        }
        self.current.insert(label.to_owned(), incarnation.to_owned());
    }

    fn has_ancestor_in(&self, incarnation: &str, set: &BTreeSet<String>) -> bool {
        let mut above = self.parents.get(incarnation);
        while let Some(up) = above {
            if set.contains(up) {
                return true;
            }
            above = self.parents.get(up);
        }
        false
    }
}

/// Difference `killed-supervisor-takes-its-subtree`: of the processes below a supervisor that was killed,
/// it counts that they are gone at the end of the step, not how and in which order.
fn without_killed_subtrees(script: &Script, family: &mut Family, step: &[String]) -> Vec<String> {
    let mut killed = BTreeSet::new();
    for line in step {
        match words(line)[..] {
            ["start", incarnation] => family.started(incarnation),
            ["exit", incarnation, "killed"] if !script.is_worker(label_of(incarnation)) => {
                killed.insert(incarnation.to_owned());
            }
            _ => {}
        }
    }
    let mut gone = BTreeSet::new();
    let mut kept = Vec::new();
    for line in step {
        match words(line)[..] {
            [verb @ ("exit" | "term" | "trapped" | "report"), incarnation, ..]
                if family.has_ancestor_in(incarnation, &killed) =>
            {
                if verb == "exit" {
                    gone.insert(format!("gone {incarnation}"));
                }
            }
            _ => kept.push(line.clone()),
        }
    }
    kept.extend(gone);
    kept
}

/// Difference `dynamic-children-have-no-order`: when several children of one dynamic supervisor end one
/// after another, with nothing in between, they are sorted; so is the list of such children.
fn with_dynamic_order(script: &Script, mut lines: Vec<String>) -> Vec<String> {
    for run in lines.chunk_by_mut(|line, next| {
        let above = dynamic_above(script, line);
        above.is_some() && above == dynamic_above(script, next)
    }) {
        run.sort_by(|a, b| words(a).get(1).cmp(&words(b).get(1)));
    }
    lines
}

/// The dynamic supervisor of the child that the line says is ending.
fn dynamic_above<'a>(script: &Script, line: &'a str) -> Option<&'a str> {
    match words(line)[..] {
        ["exit" | "term", incarnation, ..] => {
            parent(label_of(incarnation)).filter(|up| script.is_dynamic(up))
        }
        _ => None,
    }
}

/// Difference `dynamic-shutdown-errors-one-by-one`: OTP sums up the children of one reason.
fn with_dynamic_reports(script: &Script, lines: Vec<String>) -> Vec<String> {
    let mut summed: Vec<String> = Vec::new();
    let is_report = |line: &String| dynamic_report(script, line).is_some();
    for run in lines.chunk_by(|line, next| is_report(line) && is_report(next)) {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for line in run {
            match dynamic_report(script, line) {
                Some((supervisor, count, reason)) => {
                    *counts.entry((supervisor, reason)).or_default() += count;
                }
                None => summed.push(line.clone()),
            }
        }
        summed.extend(counts.iter().map(|((supervisor, reason), count)| {
            format!("report {supervisor} shutdown_error *{count} {reason}")
        }));
    }
    summed
}

/// The supervisor, the number of children and the reason.
fn dynamic_report<'a>(script: &Script, line: &'a str) -> Option<(&'a str, usize, &'a str)> {
    match words(line)[..] {
        ["report", supervisor, "shutdown_error", child, reason]
            if script.is_dynamic(label_of(supervisor)) =>
        {
            let count = child.strip_prefix('*').and_then(|count| count.parse().ok());
            Some((supervisor, count.unwrap_or(1), reason))
        }
        _ => None,
    }
}

/// Differences `dynamic-children-have-no-order` and `dynamic-count-of-specs` in what a dynamic supervisor
/// says about its children.
fn answers(script: &Script, miscounting: &BTreeSet<String>, line: String) -> String {
    let split = words(&line);
    let at = usize::from(split.first() == Some(&"reply"));
    let asked = split.get(at + 1).is_some_and(|label| script.is_dynamic(label));
    match split.get(at) {
        Some(&"which") if asked => {
            let mut children = split[at + 2..].to_vec();
            children.sort_unstable();
            [&split[..at + 2], &children].concat().join(" ")
        }
        Some(&"count") if asked && split.len() > at + 2 => {
            let mut counts = split.clone();
            counts[at + 2] = "-";
            if miscounting.contains(split[at + 1]) && split.len() > at + 3 {
                counts[at + 3] = "-";
            }
            counts.join(" ")
        }
        _ => line,
    }
}

/// `r.1` of `r.1#3`.
fn label_of(incarnation: &str) -> &str {
    incarnation.split('#').next().unwrap_or(incarnation)
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}
