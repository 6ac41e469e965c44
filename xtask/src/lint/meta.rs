//! What cargo knows about the workspace: members, their targets and their declared dependencies.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cargo::cargo;
use crate::failure::Failure;
use crate::lint::rules::Context;

/// One workspace, as declared; nothing is resolved.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) root: PathBuf,
    pub(crate) target_folder: PathBuf,
    pub(crate) members: Vec<Member>,
}

/// One package of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    pub(crate) targets: Vec<Target>,
    pub(crate) dependencies: Vec<Dependency>,
}

impl Member {
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new("."))
    }

    pub(crate) fn is_library(&self) -> bool {
        self.targets.iter().any(|target| target.library)
    }
}

/// One root file and what its code is for.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) source: PathBuf,
    pub(crate) context: Context,
    pub(crate) library: bool,
}

/// One line of a dependency table.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// The package, whatever it is called in the manifest.
    pub(crate) package: String,
    /// What it is called in the manifest.
    pub(crate) key: String,
    pub(crate) kind: DependencyKind,
}

/// The table that a dependency stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DependencyKind {
    Normal,
    Build,
    Dev,
}

impl Metadata {
    /// Reads the workspace that `folder` belongs to.
    pub(crate) fn load(folder: &Path, locked: bool) -> Result<Metadata, Failure> {
        if !folder.is_dir() {
            return Err(Failure::unanalysed(format!("`{}` is not a folder", folder.display())));
        }
        let mut command = cargo(folder);
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        if locked {
            command.arg("--locked");
        }
        let output = command.output()?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::unanalysed(format!(
                "cargo metadata failed: {}",
                complaint.trim()
            )));
        }
        serde_json::from_slice(&output.stdout)
            .ok()
            .and_then(|value| read(&value))
            .ok_or_else(|| Failure::unanalysed("cargo metadata answered in an unknown form"))
    }

    /// Whether a file is part of this workspace rather than of a dependency.
    pub(crate) fn owns(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
            || self.members.iter().any(|member| path.starts_with(member.folder()))
    }

    /// The member that a file belongs to.
    pub(crate) fn member_of(&self, path: &Path) -> Option<&Member> {
        let around = self.members.iter().filter(|member| path.starts_with(member.folder()));
        around.max_by_key(|member| member.folder().as_os_str().len())
    }

    /// A path relative to the workspace root, with `/`, for reports.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.root).unwrap_or(path);
        shown.to_string_lossy().replace('\\', "/")
    }
}

fn read(value: &Value) -> Option<Metadata> {
    let ids: Vec<&str> =
        value["workspace_members"].as_array()?.iter().filter_map(Value::as_str).collect();
    let mut members = Vec::new();
    for package in value["packages"].as_array()? {
        if ids.contains(&package["id"].as_str()?) {
            members.push(read_member(package)?);
        }
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Metadata {
        root: PathBuf::from(value["workspace_root"].as_str()?),
        target_folder: PathBuf::from(value["target_directory"].as_str()?),
        members,
    })
}

fn read_member(package: &Value) -> Option<Member> {
    let mut targets = Vec::new();
    for target in package["targets"].as_array()? {
        let kinds: Vec<&str> =
            target["kind"].as_array()?.iter().filter_map(Value::as_str).collect();
        targets.push(Target {
            source: PathBuf::from(target["src_path"].as_str()?),
            context: context(&kinds),
            library: kinds.iter().any(|kind| kind.ends_with("lib")),
        });
    }
    let mut dependencies = Vec::new();
    for dependency in package["dependencies"].as_array()? {
        let name = dependency["name"].as_str()?;
        dependencies.push(Dependency {
            package: name.to_owned(),
            key: dependency["rename"].as_str().unwrap_or(name).to_owned(),
            kind: match dependency["kind"].as_str() {
                Some("dev") => DependencyKind::Dev,
                Some("build") => DependencyKind::Build,
                _ => DependencyKind::Normal,
            },
        });
    }
    Some(Member {
        name: package["name"].as_str()?.to_owned(),
        manifest: PathBuf::from(package["manifest_path"].as_str()?),
        targets,
        dependencies,
    })
}

/// What the code of a target with these kinds is for.
pub(crate) fn context(kinds: &[&str]) -> Context {
    match kinds {
        ["test"] => Context::Test,
        ["example"] => Context::Example,
        ["bench"] => Context::Bench,
        _ => Context::Production,
    }
}
