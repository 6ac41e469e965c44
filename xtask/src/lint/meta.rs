//! What cargo knows about the workspace: members, their targets and their declared dependencies.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cargo::cargo;
use crate::failure::Failure;
use crate::lint::rules::Context;

/// One workspace as cargo knows it: what its manifests declare. Nothing is resolved, so it needs no
/// network and does not mind code that does not compile.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target_folder: PathBuf,
    pub(crate) members: Vec<Member>,
}

/// One package of the workspace.
#[derive(Debug)]
pub struct Member {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    pub(crate) targets: Vec<Target>,
    pub(crate) dependencies: Vec<Dependency>,
}

impl Member {
    /// The name of the package.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder of its manifest.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new("."))
    }

    /// Whether others can depend on it: it has a library or is a macro.
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.targets.iter().any(|target| target.is_library)
    }
}

/// One root file and what its code is for.
#[derive(Debug)]
pub(crate) struct Target {
    /// The crate, as code spells it.
    pub(crate) name: String,
    pub(crate) source: PathBuf,
    pub(crate) context: Context,
    pub(crate) is_library: bool,
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

impl Workspace {
    /// Reads the workspace that `folder` belongs to. `locked` is passed on to cargo, so that no version of it writes the lock
    /// file. `Ok` says that the manifests can be read; not that a lock file is there or up to date, nor that anything builds.
    ///
    /// Costs one run of `cargo metadata`, some tens of milliseconds.
    ///
    /// # Errors
    ///
    /// [`Failure::Unanalysed`] when `folder` is none, belongs to no workspace, or a manifest cannot be
    /// read; [`Failure::Io`] when there is no cargo.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// let workspace = foundation_xtask::Workspace::load(Path::new("."), true)?;
    /// for member in workspace.members() {
    ///     println!("{} in {}", member.name(), member.folder().display());
    /// }
    /// # Ok::<(), foundation_xtask::Failure>(())
    /// ```
    pub fn load(folder: &Path, locked: bool) -> Result<Workspace, Failure> {
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

    /// The folder of the root manifest.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo builds.
    #[must_use]
    pub fn target_folder(&self) -> &Path {
        &self.target_folder
    }

    /// Its packages, by name.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Reads the workspace of a manifest, or the one around the current folder.
    pub(crate) fn of(manifest: Option<&Path>, locked: bool) -> Result<Workspace, Failure> {
        let Some(manifest) = manifest else { return Workspace::load(Path::new("."), locked) };
        if !manifest.is_file() || manifest.file_name().is_none_or(|name| name != "Cargo.toml") {
            return Err(Failure::unanalysed(format!("`{}` is no manifest", manifest.display())));
        }
        Workspace::load(&manifest.parent().map_or(PathBuf::from("."), or_here), locked)
    }

    /// The member whose folder a file lies in.
    pub(crate) fn member_of(&self, file: &Path) -> Option<&Member> {
        let around = self.members.iter().filter(|member| file.starts_with(member.folder()));
        around.max_by_key(|member| member.folder().components().count())
    }

    /// Whether a file is part of this workspace rather than of a dependency.
    pub(crate) fn owns(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
            || self.members.iter().any(|member| path.starts_with(member.folder()))
    }

    /// A path relative to the workspace root, with `/`, for reports.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.root).unwrap_or(path);
        shown.to_string_lossy().replace('\\', "/")
    }
}

fn or_here(folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() }
}

fn read(value: &Value) -> Option<Workspace> {
    let ids: Vec<&str> =
        value["workspace_members"].as_array()?.iter().filter_map(Value::as_str).collect();
    let mut members = Vec::new();
    for package in value["packages"].as_array()? {
        if ids.contains(&package["id"].as_str()?) {
            members.push(read_member(package)?);
        }
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Workspace {
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
            name: target["name"].as_str()?.replace('-', "_"),
            source: PathBuf::from(target["src_path"].as_str()?),
            context: context(&kinds),
            is_library: kinds.iter().any(|kind| kind.ends_with("lib")),
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
