//! For programs: one object a line.

use std::io::{self, Write};

use serde_json::json;

use super::help;
use crate::lint::outcome::Placed;

pub(super) fn write<'a>(
    out: &mut impl Write,
    placed: impl Iterator<Item = &'a Placed>,
) -> io::Result<()> {
    for Placed { finding, .. } in placed {
        let object = json!({
            "rule": finding.rule.id,
            "code": finding.rule.code,
            "level": finding.level.name(),
            "file": finding.path,
            "line": finding.line,
            "col": finding.column,
            "message": finding.message,
            "help": help(finding),
        });
        writeln!(out, "{object}")?;
    }
    Ok(())
}
