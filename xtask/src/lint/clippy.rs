//! Clippy as the resolver: which banned function or method is named where, as the compiler sees it.
//!
//! Clippy runs under a generated configuration that holds nothing but the paths of our rules, each
//! with the rules in its `reason`. Every other lint is capped away, and the ones we ask for are forced
//! on, so that no `allow` in the source and no flag of the caller can hide a hit, and a failing exit
//! code can only mean that the code does not build.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cargo::{cargo, has_subcommand};
use crate::failure::Failure;
use crate::lint::config::{Config, FeatureSet, TargetFolder};
use crate::lint::meta::{Workspace, context};
use crate::lint::rules::{self, Context, Rule};
use crate::lint::source::{Place, normal};

/// Begins the reason of every entry that is ours.
const MARK: &str = "FND:";

/// The lints that take a list of paths.
const BANS: [&str; 3] =
    ["clippy::disallowed_methods", "clippy::disallowed_macros", "clippy::disallowed_types"];

/// One use of a banned path.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) rules: Vec<&'static Rule>,
    /// The banned path, as the rule spells it; for a lint of the compiler, what it is about.
    pub(crate) banned: String,
    /// The places of this use, innermost first: for code from a macro, the macro's definition and
    /// then its callers.
    pub(crate) frames: Vec<(PathBuf, Place)>,
    /// Whether the path itself stands in a macro of somebody else.
    pub(crate) foreign: bool,
}

/// What clippy saw.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) hits: Vec<Hit>,
    /// Every file of the workspace that was compiled, with the context of its target.
    pub(crate) compiled: BTreeMap<PathBuf, Context>,
}

/// Compiles all targets of all members, once for each set of features, and collects the hits of all.
pub(crate) fn resolve(
    metadata: &Workspace,
    config: &Config,
    locked: bool,
) -> Result<Resolved, Failure> {
    if !has_subcommand(&metadata.root, "clippy") {
        return Err(Failure::unanalysed(
            "`cargo clippy` is missing; `rustup component add clippy` installs it",
        ));
    }
    let folder = write_configuration(metadata, config)?;
    let mut reading = Reading { metadata, resolved: Resolved::default(), finished: false };
    for features in &config.feature_sets {
        let mut command = command(metadata, features, locked);
        command.env("CLIPPY_CONF_DIR", &folder);
        if config.target == TargetFolder::Own {
            command.env("CARGO_TARGET_DIR", metadata.target_folder.join("foundation-lint/target"));
        }
        reading.finished = false;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines() {
                reading.line(&line?)?;
            }
        }
        if !child.wait()?.success() || !reading.finished {
            let with = features.join(" ");
            return Err(Failure::unanalysed(format!("the workspace does not build ({with})")));
        }
    }
    if reading.resolved.compiled.is_empty() {
        return Err(Failure::unanalysed("nothing was compiled"));
    }
    // Of two macros at one place, the one that is written there gives the finding its name.
    reading.resolved.hits.sort_by_key(|hit| hit.foreign);
    Ok(reading.resolved)
}

fn command(metadata: &Workspace, features: &FeatureSet, locked: bool) -> Command {
    let mut command = cargo(&metadata.root);
    command.args(["clippy", "--workspace", "--all-targets", "--keep-going", "--quiet"]);
    command.arg("--message-format=json");
    let (flags, names): (Vec<&String>, Vec<&String>) =
        features.iter().partition(|word| word.starts_with('-'));
    command.args(flags);
    for name in names {
        command.args(["--features", name]);
    }
    if locked {
        command.arg("--locked");
    }
    command.args(["--", "--cap-lints", "allow"]);
    for lint in BANS.iter().copied().chain(rules::all().iter().flat_map(|rule| rule.lints).copied())
    {
        command.args(["--force-warn", lint]);
    }
    command
}

/// Writes the configuration and returns its folder. The folder is named after the content, so that
/// different configurations in one target folder do not fight.
fn write_configuration(metadata: &Workspace, config: &Config) -> Result<PathBuf, Failure> {
    let text = configuration(config);
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let folder =
        metadata.target_folder.join("foundation-lint").join(format!("{:016x}", hasher.finish()));
    let file = folder.join("clippy.toml");
    if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
        fs::create_dir_all(&folder)?;
        let draft = folder.join(format!("draft-{}", std::process::id()));
        fs::write(&draft, &text)?;
        fs::rename(&draft, &file)?;
    }
    Ok(folder)
}

/// One entry a path. A path of a crate that is not part of the build is fine, and so is one that this
/// version of the crate does not have.
fn configuration(config: &Config) -> String {
    let mut text = String::from("# Written by `xtask lint`.\n");
    let mut functions: Vec<(&str, &str)> =
        config.paths.iter().map(|(rule, path)| (path.as_str(), rule.id)).collect();
    let mut macros = Vec::new();
    let mut types = Vec::new();
    for rule in rules::all() {
        functions.extend(config.functions(rule).map(|path| (path, rule.id)));
        macros.extend(rule.macros.iter().map(|path| (*path, rule.id)));
        types.extend(rule.types.iter().map(|path| (*path, rule.id)));
    }
    list(&mut text, "disallowed-methods", &functions);
    list(&mut text, "disallowed-macros", &macros);
    list(&mut text, "disallowed-types", &types);
    text
}

/// One list of the configuration; the rules of a path stand together.
fn list(text: &mut String, key: &str, entries: &[(&str, &str)]) {
    let mut paths: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, rule) in entries {
        let rules = paths.entry(path).or_default();
        if !rules.contains(rule) {
            rules.push(rule);
        }
    }
    let mut lines = format!("{key} = [\n");
    for (path, rules) in paths {
        let rules = rules.join("+");
        let entry = writeln!(
            lines,
            "    {{ path = \"{path}\", reason = \"{MARK}{rules}\", allow-invalid = true }},"
        );
        entry.expect("writing to a string does not fail");
    }
    text.push_str(&lines);
    text.push_str("]\n");
}

/// The rules that a message is for, and what it is about.
fn subject(message: &Value) -> Option<(Vec<&'static Rule>, String)> {
    let code = message["code"]["code"].as_str()?;
    let quoted = message["message"].as_str()?.split('`').nth(1);
    if BANS.contains(&code) {
        let mut notes = message["children"].as_array()?.iter();
        let rules = notes.find_map(|note| note["message"].as_str()?.strip_prefix(MARK))?;
        return Some((rules.split('+').filter_map(rules::named).collect(), quoted?.to_owned()));
    }
    let rules: Vec<_> =
        rules::all().iter().copied().filter(|rule| rule.lints.contains(&code)).collect();
    let banned = match code {
        "unused_must_use" => format!("unused {}", quoted?),
        "clippy::await_holding_refcell_ref" => "RefCell borrow".to_owned(),
        _ => "MutexGuard".to_owned(),
    };
    (!rules.is_empty()).then_some((rules, banned))
}

struct Reading<'a> {
    metadata: &'a Workspace,
    resolved: Resolved,
    finished: bool,
}

impl Reading<'_> {
    fn line(&mut self, line: &str) -> Result<(), Failure> {
        let Ok(message) = serde_json::from_str::<Value>(line) else { return Ok(()) };
        match message["reason"].as_str() {
            Some("compiler-message") => self.message(&message["message"])?,
            Some("compiler-artifact") => self.artifact(&message)?,
            Some("build-finished") => self.finished = message["success"] == true,
            _ => {}
        }
        Ok(())
    }

    fn message(&mut self, message: &Value) -> Result<(), Failure> {
        if message["level"].as_str().is_some_and(|level| level.starts_with("error")) {
            if let Some(rendered) = message["rendered"].as_str() {
                write!(io::stderr().lock(), "{rendered}")?;
            }
            return Ok(());
        }
        if let Some((rules, banned)) = subject(message)
            && let Some((frames, foreign)) = self.frames(message)
        {
            self.resolved.hits.push(Hit { rules, banned, frames, foreign });
        }
        Ok(())
    }

    /// The places of a message in this workspace, innermost first, and whether there is one further in.
    /// What a derive wrote is nobody's code.
    fn frames(&self, message: &Value) -> Option<(Vec<(PathBuf, Place)>, bool)> {
        let mut frames = Vec::new();
        let mut foreign = false;
        let mut span =
            message["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
        loop {
            let file = self.absolute(Path::new(span["file_name"].as_str()?));
            let place = Place {
                line: usize::try_from(span["line_start"].as_u64()?).ok()?,
                column: usize::try_from(span["column_start"].as_u64()?).ok()?,
            };
            if self.metadata.owns(&file) {
                frames.push((file, place));
            } else if frames.is_empty() {
                foreign = true;
            }
            let expanded = span["expansion"]["macro_decl_name"].as_str().unwrap_or_default();
            if expanded.starts_with("#[derive(") {
                return None;
            }
            match &span["expansion"]["span"] {
                Value::Null => break,
                caller => span = caller,
            }
        }
        (!frames.is_empty()).then_some((frames, foreign))
    }

    /// The files of a member's artifact stand in its dep-info, which lies beside it.
    fn artifact(&mut self, message: &Value) -> Result<(), Failure> {
        let manifest = message["manifest_path"].as_str().unwrap_or_default();
        if !self.metadata.members.iter().any(|member| member.manifest == Path::new(manifest)) {
            return Ok(());
        }
        let kinds = message["target"]["kind"].as_array();
        let kinds: Vec<&str> = kinds.into_iter().flatten().filter_map(Value::as_str).collect();
        let files = message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for file in files {
            for source in self.dep_info(Path::new(file)) {
                let known = self.resolved.compiled.entry(source).or_insert(context(&kinds));
                *known = (*known).max(context(&kinds));
            }
        }
        Ok(())
    }

    fn dep_info(&self, artifact: &Path) -> Vec<PathBuf> {
        let stem = artifact.file_stem().unwrap_or_default().to_string_lossy();
        let stem = stem.strip_prefix("lib").unwrap_or(&stem);
        let Ok(text) = fs::read_to_string(artifact.with_file_name(format!("{stem}.d"))) else {
            return Vec::new();
        };
        // Every prerequisite has a rule of its own without prerequisites: `path:`.
        text.lines()
            .filter_map(|line| line.strip_suffix(':'))
            .map(|path| self.absolute(Path::new(&path.replace("\\ ", " "))))
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .filter(|path| self.metadata.owns(path))
            .filter(|path| !path.starts_with(&self.metadata.target_folder))
            .collect()
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        normal(&self.metadata.root.join(path))
    }
}
