//! The report as a person likes to read it: plain lines, aligned, no control characters.

use std::fmt;

use super::summary::{Report, ReportStatus};

/// How many failures are shown; the journal has them all.
const SHOWN_FAILURES: usize = 10;
/// How many characters of a name or reason are shown.
const SHOWN_CHARS: usize = 160;

impl Report {
    /// The summary for people: what ran, how long, what failed and what to do next.
    ///
    /// Ends with a line break. Contains no control character but line breaks, whatever the
    /// workflow and its programs say, and its length is bounded.
    #[must_use]
    pub fn text(&self) -> String {
        Summary(self).to_string()
    }
}

struct Summary<'a>(&'a Report);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f)
    }
}

impl Report {
    fn write(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match self.status {
            ReportStatus::Completed => "completed",
            ReportStatus::Failed => "failed",
            ReportStatus::Interrupted => "was interrupted",
        };
        writeln!(out, "Workflow {} {end}.", plain(&self.workflow))?;
        writeln!(out)?;
        line(out, "id", &plain(&self.id))?;
        line(out, "tasks", &self.tasks_line())?;
        line(out, "executions", &self.executions_line())?;
        line(out, "time", &self.time_line())?;
        if let Some(rate) = self.rate_line() {
            line(out, "rate", &rate)?;
        }
        line(
            out,
            "work",
            &format!(
                "{} in all, {} on the longest path",
                seconds(self.work_s),
                seconds(self.critical_path_s)
            ),
        )?;
        line(
            out,
            "bounds",
            &format!(
                "at least {}, greedy at most {}; {:.1} % of the possible speed",
                seconds(self.lower_bound_s),
                seconds(self.graham_bound_s),
                self.efficiency * 100.0
            ),
        )?;
        self.write_failures(out)?;
        self.write_next(out)
    }

    fn tasks_line(&self) -> String {
        let mut text = format!("{} of {} completed", self.completed, self.tasks);
        let left = self.tasks.saturating_sub(self.completed + self.failed + self.skipped);
        for (count, what) in [(self.failed, "failed"), (self.skipped, "skipped"), (left, "left")] {
            if count > 0 {
                text += &format!(", {count} {what}");
            }
        }
        text
    }

    fn executions_line(&self) -> String {
        let mut text = self.executions.to_string();
        for (count, one, many) in
            [(self.retries, "retry", "retries"), (self.resumed, "resumption", "resumptions")]
        {
            if count > 0 {
                text += &format!(", {}", counted(count, one, many));
            }
        }
        text
    }

    fn time_line(&self) -> String {
        format!(
            "{} with {}, {}",
            seconds(self.makespan_s),
            counted(u64::from(self.workers), "worker", "workers"),
            counted(self.commits, "commit", "commits")
        )
    }

    /// How fast the engine was. Not told of a resumed run, whose commits were counted in this session only.
    fn rate_line(&self) -> Option<String> {
        if self.resumed > 0 || self.completed == 0 || self.commits == 0 || self.makespan_s <= 0.0 {
            return None;
        }
        let completed = f64::from(self.completed);
        Some(format!(
            "{:.1} tasks/s, {:.1} completions per commit",
            completed / self.makespan_s,
            completed / self.commits as f64
        ))
    }

    fn write_failures(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failures.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nFailed tasks:")?;
        let shown = &self.failures[..self.failures.len().min(SHOWN_FAILURES)];
        let tasks: Vec<String> = shown.iter().map(|failure| plain(&failure.task)).collect();
        let width = tasks.iter().map(|task| task.chars().count()).max().unwrap_or(0).min(40);
        for (failure, task) in shown.iter().zip(&tasks) {
            let reason = plain(&failure.reason);
            writeln!(out, "  {task:<width$}  attempt {}: {reason}", failure.attempt)?;
        }
        if self.failures.len() > shown.len() {
            writeln!(out, "  and {} more", self.failures.len() - shown.len())?;
        }
        Ok(())
    }

    fn write_next(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = plain(&self.id);
        match self.status {
            ReportStatus::Completed => Ok(()),
            ReportStatus::Failed => writeln!(
                out,
                "\nNext: `jido log --id {id}` shows every attempt. When the cause is gone,\n\
                 run the same command with --fresh to start over."
            ),
            ReportStatus::Interrupted => writeln!(
                out,
                "\nNext: run the same command again to continue; what completed is not repeated."
            ),
        }
    }
}

fn line(out: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    writeln!(out, "  {label:<11} {text}")
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Seconds with the digits that matter, and minutes and hours where they help.
fn seconds(s: f64) -> String {
    let precise = if s >= 100.0 { format!("{s:.1} s") } else { format!("{s:.3} s") };
    if s < 120.0 {
        return precise;
    }
    let whole = s.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{precise} ({hours} h {minutes} min)")
    } else {
        format!("{precise} ({minutes} min {rest} s)")
    }
}

/// Foreign text on one line: control and direction characters are written as escapes, and what is
/// too long is cut.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for (n, c) in text.trim().chars().enumerate() {
        if n == SHOWN_CHARS {
            plain.push_str("...");
            break;
        }
        if c.is_control() || is_layout(c) {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain
}

/// Characters that move or reorder what is around them.
fn is_layout(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
