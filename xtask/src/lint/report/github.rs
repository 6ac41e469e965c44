//! Workflow commands that GitHub shows beside the changed lines.

use std::io::{self, Write};

use super::help;
use crate::lint::outcome::Placed;
use crate::lint::rules::Level;

/// GitHub shows only some of the annotations of a step, so the number of all stands at the end.
pub(super) fn write<'a>(
    out: &mut impl Write,
    placed: impl Iterator<Item = &'a Placed>,
) -> io::Result<()> {
    let (mut errors, mut warnings) = (0, 0);
    for one in placed {
        let finding = &one.finding;
        let kind = if finding.level == Level::Deny {
            errors += 1;
            "error"
        } else {
            warnings += 1;
            "warning"
        };
        let file = property(&finding.path);
        let title = property(&format!("{} {}", finding.rule.code, finding.rule.id));
        let message = data(&format!("{}\nhelp: {}", finding.message, help(one)));
        let (line, column) = (finding.line, finding.column);
        writeln!(out, "::{kind} file={file},line={line},col={column},title={title}::{message}")?;
    }
    if errors + warnings > 0 {
        writeln!(out, "::notice title=foundation lint::{errors} findings, {warnings} warnings")?;
    }
    Ok(())
}

pub(super) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

pub(super) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
