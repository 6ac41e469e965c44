//! `lint init`: what a workspace needs to be linted by `cargo xtask lint`.
//!
//! Files that exist are kept; what would have to be in them is said. The two exceptions are additions
//! that cargo makes as well: the member in the root manifest, and an `[alias]` table where there is
//! none.

mod manifest;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::Verdict;
use crate::failure::Failure;
use crate::lint::meta::Workspace;

const CONFIGURATION: &str = "\
# What `cargo xtask lint` decides about this workspace. An unknown key is an error.
version = 1

[run]
# One build for each set; the findings of all are one report.
feature-sets = [[\"--all-features\"]]

# [levels]
# raw_reply = \"deny\"

# [hints]
# raw_send = \"what your code is to call instead\"

# [[exempt]]
# rule = \"unsupervised_spawn\"
# package = \"name\"
# item = \"name::module\"
# reason = \"why the rule is not in force there\"
";
const ALIAS: &str = "xtask = \"run --quiet --package xtask --\"\n";
const MAIN_BODY: &str = "foundation_xtask::main()";
const MAIN: &str = "\
//! The tasks of this workspace: `cargo xtask lint`.

fn main() -> std::process::ExitCode {
    foundation_xtask::main()
}
";
const WORKFLOW: &str = "\
name: foundation-lint
on: [push, pull_request]
permissions:
  contents: read
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: rustup toolchain install stable --profile minimal --component clippy
      - run: cargo xtask lint --format human --format github
";

/// Which workspace, and where it gets this tool from.
#[derive(Debug, Default)]
pub(crate) struct InitOptions {
    pub(crate) manifest: Option<PathBuf>,
    pub(crate) origin: Option<Origin>,
}

/// Where a workspace gets this tool from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The folder of this package.
    Path(PathBuf),
    Git(String),
}

/// Writes what is missing, and says what was done and what is left to do.
pub(crate) fn command(options: &InitOptions) -> Result<Verdict, Failure> {
    let metadata = Workspace::of(options.manifest.as_deref(), false)?;
    let init = Init { root: metadata.root.canonicalize()? };
    let dependency = init.dependency(options.origin.as_ref())?;
    init.write("foundation-lint.toml", CONFIGURATION)?;
    init.write(".github/workflows/foundation-lint.yml", WORKFLOW)?;
    init.alias()?;
    init.package(&metadata, &dependency)?;
    say("then: cargo xtask lint")?;
    Ok(Verdict::Clean)
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

struct Init {
    root: PathBuf,
}

impl Init {
    /// Writes a file that is not there.
    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.root.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                say(&format!("wrote {name}"))?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                say(&format!("kept {name}, which exists"))?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn alias(&self) -> Result<(), Failure> {
        let name = ".cargo/config.toml";
        let text = format!("[alias]\n{ALIAS}");
        let Ok(existing) = fs::read_to_string(self.root.join(name)) else {
            return self.write(name, &text);
        };
        let table = DeTable::parse(&existing)
            .map_err(|error| Failure::unanalysed(format!("{name}: {}", error.message())))?;
        match table.get_ref().get("alias").map(|alias| alias.get_ref()) {
            Some(DeValue::Table(aliases)) if aliases.contains_key("xtask") => {
                say(&format!("kept {name}, which has the alias `xtask`"))?;
            }
            Some(_) => say(&format!("add to `[alias]` in {name}: {}", ALIAS.trim()))?,
            None => {
                fs::write(self.root.join(name), format!("{}\n\n{text}", existing.trim_end()))?;
                say(&format!("added `[alias]` to {name}"))?;
            }
        }
        Ok(())
    }

    fn package(&self, metadata: &Workspace, dependency: &str) -> Result<(), Failure> {
        let uses_it = |edge: &crate::lint::meta::Dependency| edge.package == "foundation-xtask";
        let user = metadata.members.iter().find(|member| member.dependencies.iter().any(uses_it));
        if let Some(member) = user {
            say(&format!("kept the package {}, which uses this tool", member.name))?;
            return Ok(());
        }
        if self.root.join("xtask").exists() {
            say(&format!("add to `[dependencies]` in xtask/Cargo.toml: {dependency}"))?;
            say(&format!("and hand `lint` in its `main` over to `{MAIN_BODY}`"))?;
            return Ok(());
        }
        let manifest = format!(
            "[package]\nname = \"xtask\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             publish = false\n\n[dependencies]\n{dependency}\n"
        );
        self.write("xtask/Cargo.toml", &manifest)?;
        self.write("xtask/src/main.rs", MAIN)?;
        manifest::add_member(&self.root)
    }

    /// The line of a `[dependencies]` table. Without an origin it is the folder that this program was
    /// built from, unless that is a copy of cargo's.
    fn dependency(&self, origin: Option<&Origin>) -> Result<String, Failure> {
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = match origin {
            Some(Origin::Git(url)) => {
                return Ok(format!("foundation-xtask = {{ git = {} }}", quoted(url)));
            }
            Some(Origin::Path(folder)) => folder.as_path(),
            None => built_from,
        };
        let copy = ["git/checkouts", "registry/src"];
        let of_cargo = copy.iter().any(|part| folder.to_string_lossy().contains(part));
        if !folder.join("Cargo.toml").is_file() || (origin.is_none() && of_cargo) {
            return Err(Failure::unanalysed(format!(
                "no package lies in `{}`; say where this tool is with `--path` or `--git`",
                folder.display()
            )));
        }
        let path = relative(&self.root.join("xtask"), &folder.canonicalize()?);
        say(&format!("a build on another machine needs this tool at {path}, seen from xtask"))?;
        Ok(format!("foundation-xtask = {{ path = {} }}", quoted(&path)))
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The way from one absolute folder to another.
fn relative(from: &Path, to: &Path) -> String {
    let from: Vec<Component<'_>> = from.components().collect();
    let to: Vec<Component<'_>> = to.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
