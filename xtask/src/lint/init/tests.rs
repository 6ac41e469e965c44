//! What is added to a manifest, and the way to the tool.

use std::path::Path;

use super::manifest::with_member;
use super::relative;

#[test]
fn a_member_is_added_and_nothing_else_changes() {
    let cases = [
        ("[workspace]\nmembers = []\n", "[workspace]\nmembers = [\"xtask\"]\n"),
        ("[workspace]\nmembers = [\"a\"] # b\n", "[workspace]\nmembers = [\"xtask\", \"a\"] # b\n"),
        (
            "[workspace]\nmembers = [\n    \"a\" # b\n]\n",
            "[workspace]\nmembers = [\n    \"xtask\",\n    \"a\" # b\n]\n",
        ),
        ("workspace.members = [\"a\"]", "workspace.members = [\"xtask\", \"a\"]"),
        ("[package]\n", "[package]\n\n[workspace]\nmembers = [\"xtask\"]\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(with_member(text).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(with_member("[workspace]\nresolver = \"3\"\n"), None);
}

#[test]
fn the_way_to_a_folder_begins_where_the_two_part() {
    let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
    assert_eq!(way("/a/b/xtask", "/a/c"), "../../c");
    assert_eq!(way("/a/xtask", "/a/xtask/c"), "c");
    assert_eq!(way("/a", "/"), "..");
}
