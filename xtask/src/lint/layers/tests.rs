//! Each kind of forbidden edge, and the line it is reported at.

use std::path::PathBuf;

use super::{line_of, transitive};
use crate::lint::config::Config;
use crate::lint::meta::{Dependency, DependencyKind, Member};

const CONFIG: &str = r#"
version = 1
[layers]
order = [["low"], ["mid"], ["left", "right"]]
dev-only = ["helpers"]
standalone = ["tool"]
[layers.may-use]
helpers = ["low"]
[layers.forbid]
low = ["serde*", "redb"]
[layers.only]
redb = ["mid"]
"#;

fn edge(to: &str, kind: DependencyKind) -> Dependency {
    Dependency { package: to.to_owned(), key: to.to_owned(), kind }
}

fn verdict(from: &str, to: &str, kind: DependencyKind) -> Option<String> {
    let layers = Config::parse(CONFIG).unwrap().layers.unwrap();
    let member = Member {
        name: from.to_owned(),
        manifest: PathBuf::new(),
        targets: Vec::new(),
        dependencies: Vec::new(),
    };
    layers.judge(&member, &edge(to, kind))
}

#[test]
fn edges_may_only_point_downward() {
    use DependencyKind::{Build, Dev, Normal};
    let fine = [
        ("mid", "low", Normal),
        ("right", "mid", Build),
        ("left", "low", Normal),
        ("mid", "right", Dev),
        ("low", "helpers", Dev),
        ("helpers", "low", Normal),
        ("mid", "redb", Normal),
        ("mid", "serde_json", Normal),
        ("low", "serde_json", Dev),
        ("low", "low", Dev),
        ("tool", "syn", Normal),
    ];
    for (from, to, kind) in fine {
        assert_eq!(verdict(from, to, kind), None, "{from} -> {to} {kind:?}");
    }
    let forbidden = [
        ("low", "mid", Normal, "upward"),
        ("mid", "left", Build, "upward"),
        ("left", "right", Normal, "sideways"),
        ("mid", "helpers", Normal, "dev-dependencies only"),
        ("helpers", "mid", Normal, "may use `low` only"),
        ("tool", "low", Normal, "standalone"),
        ("mid", "tool", Dev, "standalone"),
        ("low", "serde_json", Normal, "must not"),
        ("low", "redb", Normal, "must not"),
        ("left", "redb", Dev, "may be used by `mid` only"),
    ];
    for (from, to, kind, part) in forbidden {
        let message = verdict(from, to, kind).unwrap_or_default();
        assert!(message.contains(part), "{from} -> {to} {kind:?}: {message:?}");
    }
}

#[test]
fn an_edge_is_reported_at_its_own_line() {
    let manifest = "[package]\nname = \"x\"\n[dev-dependencies]\nmid = \"1\"\n[dependencies]\n\
                    a.workspace = true\n\"mid\" = { path = \"..\" }\n\
                    [target.'cfg(unix)'.dependencies.late]\npath = \"..\"\n";
    let line = |to: &str, kind| line_of(manifest, &edge(to, kind));
    assert_eq!(line("mid", DependencyKind::Dev), 4);
    assert_eq!(line("mid", DependencyKind::Normal), 7);
    assert_eq!(line("a", DependencyKind::Normal), 6);
    assert_eq!(line("late", DependencyKind::Normal), 8);
    assert_eq!(line("absent", DependencyKind::Normal), 1);
}

#[test]
fn the_way_to_a_package_is_read_off_the_tree() {
    let listing = "\
0low v0.1.0 (path+file:low)
1left v1.0.0
2serde v1.0.228
3serde_core v1.0.228
1right v2.0.0 (proc-macro)
2serde v1.0.228 (*)
1serde_json v1.0.0
";
    let ways = |globs: &[&str]| {
        let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
        let ways = transitive::read(listing, &globs);
        ways.iter().map(|way| way.packages.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(ways(&["serde"]), ["low left serde"]);
    assert_eq!(ways(&["serde_*"]), ["low left serde serde_core", "low serde_json"]);
    // The crate itself is not what it brings along.
    assert_eq!(ways(&["low", "tokio"]), Vec::<String>::new());
}
