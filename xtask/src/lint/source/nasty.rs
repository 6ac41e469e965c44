//! No file makes the source pass panic: it is parsed, or it is said that it cannot be.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;

use super::nodes::scan;
use super::with_deep_stack;

fn workspace() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for member in fs::read_dir(root).unwrap() {
        let member = member.unwrap().path();
        if member.join("Cargo.toml").is_file() {
            collect(&member, &mut files);
        }
    }
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Whether the text can be parsed; on the stack that the lint has.
fn parses(text: &str) -> bool {
    with_deep_stack(|| scan(text).is_ok()).unwrap()
}

#[test]
fn every_file_of_this_workspace_can_be_parsed() {
    let files = workspace();
    assert!(files.len() > 200, "the workspace is found: {}", files.len());
    for file in files {
        assert!(parses(&fs::read_to_string(&file).unwrap()), "{}", file.display());
    }
}

#[test]
fn every_file_in_the_folders_that_are_asked_for_is_survived() {
    // By hand, for instance on the registry: FOUNDATION_LINT_SOURCES=~/.cargo/registry/src
    let Ok(folder) = std::env::var("FOUNDATION_LINT_SOURCES") else { return };
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    let (mut unread, mut refused) = (0, Vec::new());
    for file in &files {
        match fs::read_to_string(file) {
            Err(_) => unread += 1,
            Ok(text) => {
                let outcome = with_deep_stack(|| scan(&text).err().map(|error| error.to_string()));
                refused.extend(outcome.unwrap().map(|error| (file, error)));
            }
        }
    }
    let report = format!("{} files, {unread} not UTF-8, refused: {refused:#?}", files.len());
    fs::write(std::env::temp_dir().join("foundation-lint-sources.txt"), report).unwrap();
}

#[test]
fn awkward_files_are_parsed() {
    let deep = format!("fn f() {{ {}1{}; }}", "(".repeat(900), ")".repeat(900));
    let long = format!("const X: u64 = {};", vec!["1"; 4000].join(" + "));
    let chain = format!("fn f() {{ if a {{}} {} }}", "else if b {}".repeat(900));
    let texts = [
        "",
        "\u{feff}",
        "\u{feff}#!/usr/bin/env run\nfn main() {}",
        "#![cfg(test)]\r\nfn f() {\r\n    // lint: allow(raw_send) -- it is only a test\r\n}\r\n",
        "// lint: allow(raw_send) -- nothing comes behind this comment",
        "// lint: allow(",
        "// lint:\n//lint: allow() --\n// lint: allow(,) -- \u{1f600}\n",
        "fn f() { x /* // lint: allow(raw_send) -- inside a comment */ }",
        "fn f() { \"\u{e4}\u{1f600}\" } // lint: allow(raw_send) -- behind wide characters",
        &deep,
        &long,
        &chain,
    ];
    for text in texts {
        assert!(parses(text), "{:?}", text.get(..80.min(text.len())));
    }
}

#[test]
fn what_nests_without_end_is_refused_and_not_the_end_of_the_program() {
    let count = 200_000;
    let texts = [
        format!("fn f() {{ {}{} }}", "(".repeat(count), ")".repeat(count)),
        format!("mod a {{ {} }} ", "fn f() {".repeat(count) + &"}".repeat(count)),
        format!("const X: bool = {}true;", "!".repeat(count)),
        format!("const X: u64 = {};", vec!["1"; count].join("+")),
        format!("type X = {}u8;", "&".repeat(count)),
        format!("fn f() {{ if a {{}} {} }}", "else if b {}".repeat(count)),
        format!("fn f() {{ a{} }}", ".b()".repeat(count)),
        "(".repeat(count),
    ];
    for text in texts {
        assert!(!parses(&text), "{}", &text[..30]);
    }
}

/// Long is not deep.
#[test]
fn what_ends_with_a_brace_ends_a_level() {
    let count = 6_000;
    for piece in ["fn f() {}\n", "#[a] fn f() {}\n", "impl A for B {}\n"] {
        assert!(parses(&piece.repeat(count)), "{piece}");
    }
    let statements = "if a {} b.c(); loop { break } ".repeat(count);
    assert!(parses(&format!("fn f() {{ {statements} }}")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Pieces of real files, cut, doubled and mixed with what the pass looks for.
    #[test]
    fn damaged_files_are_survived(
        file in any::<Index>(),
        cuts in prop::collection::vec((any::<Index>(), 0_usize..40, 0_usize..12), 1..6),
    ) {
        const PIECES: [&str; 12] = [
            "", "// lint: allow(raw_send) -- a reason long enough\n", "#[cfg(test)]", "{", "}", "\"",
            "#[expect(clippy::disallowed_methods, reason = \"raw_send: a reason\")]", "\r\n", "r#\"",
            "\u{1f600}", "#[path = \"..\"] mod x;", "/*",
        ];
        let files = workspace();
        let mut text = fs::read_to_string(&files[file.index(files.len())]).unwrap();
        for (at, length, piece) in cuts {
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
            if places.is_empty() {
                break;
            }
            let start = at.index(places.len());
            let end = places.get(start + length).copied().unwrap_or(text.len());
            text.replace_range(places[start]..end, PIECES[piece]);
        }
        parses(&text);
    }
}
