//! For people: what, where, the line itself, and what to write instead.

use std::io::{self, Write};
use std::path::Path;

use crate::lint::outcome::Placed;
use crate::lint::rules::Level;

pub(super) fn write<'a>(
    out: &mut impl Write,
    placed: impl Iterator<Item = &'a Placed>,
    prefix: &Path,
) -> io::Result<()> {
    for one in placed {
        let finding = &one.finding;
        let kind = if finding.level == Level::Deny { "error" } else { "warning" };
        let (code, rule) = (finding.rule.code, finding.rule.id);
        writeln!(out, "{kind}[{code} {rule}]: {}", finding.message)?;
        let number = finding.line.to_string();
        let margin = " ".repeat(number.len());
        let path = prefix.join(&finding.path);
        let path = path.to_string_lossy().replace('\\', "/");
        writeln!(out, "{margin}--> {path}:{}:{}", finding.line, finding.column)?;
        let source = visible(&one.source);
        if !source.trim().is_empty() {
            writeln!(out, "{margin} |")?;
            writeln!(out, "{number} | {}", source.trim_end())?;
            writeln!(out, "{margin} | {}", caret(&source, finding.column))?;
        }
        writeln!(out, "{margin} = help: {}", one.hint)?;
        if let Some(note) = &finding.note {
            writeln!(out, "{margin} = note: {note}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Without characters that would steer the terminal.
fn visible(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect()
}

/// Marks the word at a column; tabs stay tabs, so that the mark stands below it.
fn caret(line: &str, column: usize) -> String {
    let before = line.chars().take(column - 1);
    let mut mark: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let of_word = |c: &char| c.is_alphanumeric() || *c == '_';
    let length = line.chars().skip(column - 1).take_while(of_word).count();
    mark.push_str(&"^".repeat(length.max(1)));
    mark
}
