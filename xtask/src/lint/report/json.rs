//! For programs: one object a line.

use std::io::{self, Write};

use serde_json::json;

use super::help;
use crate::lint::outcome::Placed;

pub(super) fn write<'a>(
    out: &mut impl Write,
    placed: impl Iterator<Item = &'a Placed>,
) -> io::Result<()> {
    for one in placed {
        let finding = &one.finding;
        let object = json!({
            "rule": finding.rule.id,
            "code": finding.rule.code,
            "level": finding.level.name(),
            "file": finding.path,
            "line": finding.line,
            "col": finding.column,
            "message": finding.message,
            "help": help(one),
        });
        writeln!(out, "{object}")?;
    }
    Ok(())
}
