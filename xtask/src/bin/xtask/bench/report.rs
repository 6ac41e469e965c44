//! The figures for readers and for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::figures::{Figures, Spread};
use super::targets::Target;
use foundation_xtask::Failure;

/// Prints one line for each operation, and how many targets are met.
pub(crate) fn table(out: &mut impl Write, figures: &[Figures]) -> io::Result<()> {
    writeln!(
        out,
        "{:<18}{:>28}{:>28}{:>22}{:>10}  met",
        "operation", "ours (min to max)", "base (min to max)", "ratio (min to max)", "target"
    )?;
    for row in figures {
        let (unit, target) = match row.target {
            Target::Ratio(most) => ("ns", format!("{most:.2}")),
            Target::Over(most) => ("ns", format!("+{most:.0} ns")),
            Target::Bytes(most) => ("B", format!("{most:.0} B")),
            Target::Time(most) => ("ns", time(most)),
        };
        writeln!(
            out,
            "{:<18}{:>28}{:>28}{:>22}{:>10}  {}",
            row.op,
            absolute(row.ours, unit),
            absolute(row.base, unit),
            relative(row.ratio),
            target,
            if row.is_met() { "yes" } else { "no" },
        )?;
    }
    let met = figures.iter().filter(|row| row.is_met()).count();
    writeln!(out, "{met} of {} targets met", figures.len())
}

fn time(nanoseconds: f64) -> String {
    format!("{:.1} s", nanoseconds / 1e9)
}

/// In a unit that leaves few digits.
fn absolute(spread: Spread, unit: &str) -> String {
    let Spread { min, median, max } = spread;
    let (unit, size) = match unit {
        "ns" if max >= 1e9 => ("s", 1e9),
        "ns" if max >= 1e7 => ("ms", 1e6),
        unit => (unit, 1.0),
    };
    let digits = usize::from(unit == "s");
    let [min, median, max] = [min, median, max].map(|value| value / size);
    format!("{median:.digits$} {unit} ({min:.digits$} to {max:.digits$})")
}

fn relative(spread: Spread) -> String {
    let Spread { min, median, max } = spread;
    format!("{median:.2} ({min:.2} to {max:.2})")
}

/// One object for each operation. The two figures are nanoseconds, for `bytes_idle` bytes.
pub(crate) fn json(figures: &[Figures]) -> Result<String, Failure> {
    let rows: Vec<Value> = figures
        .iter()
        .map(|row| {
            json!({
                "op": row.op,
                "ours_ns": row.ours.median,
                "base_ns": row.base.median,
                "ratio": row.ratio.median,
                "rounds": row.rounds,
                "min_ratio": row.ratio.min,
                "max_ratio": row.ratio.max,
            })
        })
        .collect();
    let text = serde_json::to_string_pretty(&rows)
        .map_err(|error| Failure::unanalysed(error.to_string()))?;
    Ok(text + "\n")
}
