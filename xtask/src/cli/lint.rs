//! The arguments of `lint`.

use std::path::PathBuf;

use super::{Command, UsageError, nothing_more};
use crate::lint::LintOptions;
use crate::lint::baseline::{BaselineOptions, Mode};
use crate::lint::date::Date;
use crate::lint::init::{InitOptions, Origin};
use crate::lint::report::{Format, Output};
use crate::lint::rules;

/// Reads what stands behind `lint`.
pub(super) fn parse<'a>(args: impl Iterator<Item = String>) -> Result<Command<'a>, UsageError> {
    let mut args = args.peekable();
    if args.next_if(|first| first == "init").is_some() {
        return init(args).map(Command::Init);
    }
    let mut reading = Reading::default();
    while let Some(argument) = args.next() {
        match argument.as_str() {
            "--list-rules" => return nothing_more("lint", args).map(|()| Command::ListRules),
            "--explain" => {
                let name = value("--explain", &mut args)?;
                let rule = rules::named_or_coded(&name).ok_or(UsageError::UnknownRule(name))?;
                return nothing_more("lint", args).map(|()| Command::Explain(rule));
            }
            _ => reading.argument(argument, &mut args)?,
        }
    }
    reading.finish().map(Command::Lint)
}

fn value(
    flag: &'static str,
    args: &mut impl Iterator<Item = String>,
) -> Result<String, UsageError> {
    args.next().ok_or(UsageError::MissingValue(flag))
}

#[derive(Default)]
struct Reading {
    options: LintOptions,
    baseline: Option<PathBuf>,
    write: bool,
    locked_baseline: bool,
}

impl Reading {
    fn argument(
        &mut self,
        argument: String,
        args: &mut impl Iterator<Item = String>,
    ) -> Result<(), UsageError> {
        let options = &mut self.options;
        match argument.as_str() {
            "--manifest-path" => {
                options.manifest = Some(PathBuf::from(value("--manifest-path", args)?));
            }
            "--locked" => options.locked = true,
            "--rule" => {
                for name in value("--rule", args)?.split(',').map(str::trim) {
                    let rule = rules::named_or_coded(name);
                    options.rules.push(rule.ok_or(UsageError::UnknownRule(name.to_owned()))?);
                }
            }
            "--changed" => {
                let revision = value("--changed", args)?;
                // Git would take it for one of its own flags.
                if revision.starts_with('-') {
                    return Err(UsageError::MissingValue("--changed"));
                }
                options.changed = Some(revision);
            }
            "-Dwarnings" => options.warnings_denied = true,
            "-D" => match value("-D", args)?.as_str() {
                "warnings" => options.warnings_denied = true,
                other => {
                    let argument = format!("-D {other}");
                    return Err(UsageError::UnknownArgument { command: "lint", argument });
                }
            },
            "--format" => {
                let name = value("--format", args)?;
                let format = Format::named(&name).ok_or(UsageError::UnknownFormat(name))?;
                options.outputs.push(Output { format, file: None });
            }
            "--output" => {
                let file = PathBuf::from(value("--output", args)?);
                let missing = UsageError::Without { flag: "--output", other: "--format" };
                options.outputs.last_mut().ok_or(missing)?.file = Some(file);
            }
            "--baseline" => self.baseline = Some(PathBuf::from(value("--baseline", args)?)),
            "--write-baseline" => self.write = true,
            "--locked-baseline" => self.locked_baseline = true,
            "--list-allows" => options.list_allows = true,
            // For tests: what expires does so on a day.
            "--today" => {
                let day = value("--today", args)?;
                options.today = Some(Date::parse(&day).ok_or(UsageError::NotADay(day))?);
            }
            _ => return Err(UsageError::UnknownArgument { command: "lint", argument }),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<LintOptions, UsageError> {
        let (write, locked) = ("--write-baseline", "--locked-baseline");
        let mode = match (self.write, self.locked_baseline) {
            (true, true) => return Err(UsageError::Together { flag: write, other: locked }),
            (true, false) if !self.options.rules.is_empty() => {
                return Err(UsageError::Together { flag: write, other: "--rule" });
            }
            (true, false) => Mode::Write,
            (false, true) => Mode::Locked,
            (false, false) => Mode::Read,
        };
        self.options.baseline = match (self.baseline, mode) {
            (Some(file), mode) => Some(BaselineOptions { file, mode }),
            (None, Mode::Read) => None,
            (None, Mode::Write) => {
                return Err(UsageError::Without { flag: write, other: "--baseline" });
            }
            (None, Mode::Locked) => {
                return Err(UsageError::Without { flag: locked, other: "--baseline" });
            }
        };
        Ok(self.options)
    }
}

fn init(mut args: impl Iterator<Item = String>) -> Result<InitOptions, UsageError> {
    let mut options = InitOptions::default();
    while let Some(argument) = args.next() {
        let origin = match argument.as_str() {
            "--manifest-path" => {
                options.manifest = Some(PathBuf::from(value("--manifest-path", &mut args)?));
                continue;
            }
            "--path" => Origin::Path(PathBuf::from(value("--path", &mut args)?)),
            "--git" => Origin::Git(value("--git", &mut args)?),
            _ => return Err(UsageError::UnknownArgument { command: "lint init", argument }),
        };
        if options.origin.replace(origin).is_some() {
            return Err(UsageError::Together { flag: "--path", other: "--git" });
        }
    }
    Ok(options)
}
