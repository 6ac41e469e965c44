//! Writing findings and rules, for people and for programs.

mod github;
mod human;
mod json;
mod rules;
mod sarif;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

pub(crate) use rules::{explain, list_rules};

use crate::failure::Failure;
use crate::lint::config::Config;
use crate::lint::outcome::Placed;

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// With the source line, for a terminal.
    Human,
    /// One object a line.
    Json,
    /// Commands that GitHub shows as annotations.
    Github,
    /// SARIF 2.1.0.
    Sarif,
}

impl Format {
    const ALL: [Format; 4] = [Format::Human, Format::Json, Format::Github, Format::Sarif];

    fn name(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Json => "json",
            Format::Github => "github",
            Format::Sarif => "sarif",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// One report: its form, and the file it goes to instead of standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) file: Option<PathBuf>,
}

/// Writes all reports. Paths for people are such that a terminal can follow them: `root` is the
/// folder that the paths of findings begin at.
pub(crate) fn write(
    outputs: &[Output],
    placed: &[Placed],
    root: &Path,
    config: &Config,
) -> Result<(), Failure> {
    for output in outputs {
        let mut out: Box<dyn Write> = match &output.file {
            None => Box::new(BufWriter::new(io::stdout().lock())),
            Some(file) => {
                if let Some(folder) = file.parent() {
                    fs::create_dir_all(folder)?;
                }
                Box::new(BufWriter::new(File::create(file)?))
            }
        };
        let reported = placed.iter().filter(|one| one.suppression.is_none());
        match output.format {
            Format::Human => human::write(&mut out, reported, &prefix(root))?,
            Format::Json => json::write(&mut out, reported)?,
            Format::Github => github::write(&mut out, reported)?,
            Format::Sarif => sarif::write(&mut out, placed, config)?,
        }
        out.flush()?;
    }
    Ok(())
}

/// What stands before each path so that it leads to the file from here.
fn prefix(root: &Path) -> PathBuf {
    match std::env::current_dir().and_then(|here| here.canonicalize()) {
        Ok(here) if root.canonicalize().is_ok_and(|root| root == here) => PathBuf::new(),
        Ok(_) | Err(_) => root.to_owned(),
    }
}

/// What to write instead, with what there is to add in this place.
fn help(one: &Placed) -> String {
    match &one.finding.note {
        Some(note) => format!("{}; {note}", one.hint),
        None => one.hint.clone(),
    }
}

#[cfg(test)]
mod tests;
