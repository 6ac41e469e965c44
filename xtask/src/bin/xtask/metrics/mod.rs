//! The catalogue of metrics: `docs/METRICS.md`, made from the list in the `telemetry.rs` of each crate.
//!
//! The list is read from the source, because this crate builds without the others. It is written with the constructors of
//! `foundation::Metric` and with literals alone; anything else is refused.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use syn::{Expr, Item, Lit};

use foundation_xtask::{Failure, Workspace};

/// Where the catalogue stands.
pub(crate) const PAGE: &str = "docs/METRICS.md";

/// One metric, as its crate lists it.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: String,
    kind: String,
    unit: String,
    labels: Vec<(String, Vec<String>)>,
    help: String,
}

/// Writes the catalogue, if a member has metrics.
pub(crate) fn write_page(metadata: &Workspace) -> Result<(), Failure> {
    if let Some(page) = page(metadata)? {
        fs::write(metadata.root().join(PAGE), page)?;
    }
    Ok(())
}

/// The catalogue, or `None` if no member has metrics.
fn page(metadata: &Workspace) -> Result<Option<String>, Failure> {
    let mut members: Vec<_> = metadata.members().iter().collect();
    members.sort_by_key(|member| member.name());
    let mut sections = String::new();
    for member in members {
        let rows = rows_below(member.folder())?;
        if !rows.is_empty() {
            section(&mut sections, member.name(), &rows);
        }
    }
    Ok((!sections.is_empty()).then(|| format!("{HEAD}{sections}")))
}

const HEAD: &str = "\
# Metrics

Made by `cargo xtask fix` from the list in the `telemetry.rs` of each crate; do not edit. The same list describes the metrics
to the recorder (`describe_metrics`).

Metrics go through the `metrics` facade: a program that installs no recorder counts nothing. They are observed, never waited
for, and nothing depends on them. A label takes only the values that stand here.
";

fn section(page: &mut String, name: &str, rows: &[Row]) {
    let head = "| metric | kind | unit | labels | what |\n|---|---|---|---|---|";
    // Writing to a text cannot fail.
    let mut line = |text: &str| writeln!(page, "{text}").unwrap_or_default();
    line(&format!("\n## {name}\n\n{head}"));
    for Row { name, kind, unit, labels, help } in rows {
        let labels: Vec<String> = labels.iter().map(label).collect();
        line(&format!("| `{name}` | {kind} | {unit} | {} | {help} |", labels.join("; ")));
    }
}

fn label((key, values): &(String, Vec<String>)) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    format!("`{key}`: {}", values.join(", "))
}

/// The metrics of the crate in a folder; none if it has no `telemetry.rs`.
fn rows_below(folder: &Path) -> Result<Vec<Row>, Failure> {
    let file = folder.join("src/telemetry.rs");
    if !file.is_file() {
        return Ok(Vec::new());
    }
    rows_of(&fs::read_to_string(&file)?)
        .map_err(|why| Failure::unanalysed(format!("{}: {why}", file.display())))
}

/// The rows of `const METRICS` in a source.
fn rows_of(text: &str) -> Result<Vec<Row>, String> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let list = file.items.iter().find_map(|item| match item {
        Item::Const(constant) if constant.ident == "METRICS" => Some(&*constant.expr),
        _ => None,
    });
    elements(list.ok_or("there is no `const METRICS`")?)?.into_iter().map(row).collect()
}

fn elements(expr: &Expr) -> Result<Vec<&Expr>, String> {
    match expr {
        Expr::Reference(reference) => elements(&reference.expr),
        Expr::Array(array) => Ok(array.elems.iter().collect()),
        _ => Err("a list is written as `&[...]`".to_owned()),
    }
}

/// A row is `Metric::kind(...)`.
fn row(expr: &Expr) -> Result<Row, String> {
    let unreadable = || "a metric is `Metric::counter`, `gauge` or `histogram` with literals";
    let Expr::Call(call) = expr else { return Err(unreadable().to_owned()) };
    let kind = last_word(&call.func).ok_or_else(unreadable)?;
    let args: Vec<&Expr> = call.args.iter().collect();
    let (name, unit, labels, help) = match (kind.as_str(), &args[..]) {
        ("counter" | "gauge", &[name, labels, help]) => (name, "count".to_owned(), labels, help),
        ("histogram", &[name, unit, labels, help]) => {
            let unit = last_word(unit).ok_or_else(unreadable)?;
            (name, unit.to_lowercase(), labels, help)
        }
        _ => return Err(unreadable().to_owned()),
    };
    let labels = elements(labels)?.into_iter().map(label_of).collect::<Result<_, _>>()?;
    Ok(Row { name: text_of(name)?, kind, unit, labels, help: text_of(help)? })
}

fn label_of(expr: &Expr) -> Result<(String, Vec<String>), String> {
    let Expr::Tuple(tuple) = expr else { return Err("a label is `(key, values)`".to_owned()) };
    let [key, values] = &tuple.elems.iter().collect::<Vec<_>>()[..] else {
        return Err("a label is `(key, values)`".to_owned());
    };
    let values = elements(values)?.into_iter().map(text_of).collect::<Result<_, _>>()?;
    Ok((text_of(key)?, values))
}

fn text_of(expr: &Expr) -> Result<String, String> {
    match expr {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Ok(text.value()),
            _ => Err("a text is a literal".to_owned()),
        },
        _ => Err("a text is a literal".to_owned()),
    }
}

/// The last part of a path.
fn last_word(expr: &Expr) -> Option<String> {
    let Expr::Path(path) = expr else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}
