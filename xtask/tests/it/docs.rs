//! The tests that the documentation names exist.
//!
//! `docs/SEMANTICS.md` has a test for each row of its tables, and `docs/TESTING.md` one for each scenario of OTP's suite. A test that was
//! renamed or deleted must not go on being named there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a page says that a test is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// `foundation/tests/it`.
    It,
    /// `foundation/tests/loom.rs` and its modules.
    Loom,
    /// `foundation/src/supervisor/tests`.
    Machine,
}

/// Tests by place, as `module::name` and, for a place whose modules a page leaves out, as `name`.
type Tests = BTreeSet<(Place, String)>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).expect("the page is there")
}

/// The names of the functions of one file that have a `test` attribute, of whatever runtime.
fn tests_of(text: &str) -> Vec<String> {
    let file = syn::parse_file(text).expect("it is Rust");
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
    };
    file.items
        .iter()
        .flat_map(|item| match item {
            syn::Item::Fn(function) if function.attrs.iter().any(is_test) => {
                vec![function.sig.ident.to_string()]
            }
            syn::Item::Macro(item) if item.mac.path.segments.last().is_some_and(is_proptest) => {
                properties_of(&item.mac.tokens.to_string())
            }
            _ => Vec::new(),
        })
        .collect()
}

fn is_proptest(segment: &syn::PathSegment) -> bool {
    segment.ident == "proptest"
}

/// The names of the functions behind `#[test]` in the tokens of `proptest!`.
fn properties_of(tokens: &str) -> Vec<String> {
    let name = |text: &str| {
        let (_, name) = text.split_once("fn ")?;
        name.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned)
    };
    tokens.split("[test]").skip(1).filter_map(name).collect()
}

/// Adds the tests of all files of a folder.
fn collect(tests: &mut Tests, place: Place, folder: &str) {
    for entry in fs::read_dir(root().join(folder)).expect("the folder is there") {
        let file = entry.expect("it can be read").path();
        let module = file.file_stem().expect("it has a name").to_string_lossy().into_owned();
        for name in tests_of(&fs::read_to_string(&file).expect("it is text")) {
            tests.insert((place, format!("{module}::{name}")));
            tests.insert((place, name));
        }
    }
}

fn existing() -> Tests {
    let mut tests = Tests::new();
    collect(&mut tests, Place::It, "foundation/tests/it");
    collect(&mut tests, Place::Loom, "foundation/tests/loom");
    collect(&mut tests, Place::Machine, "foundation/src/supervisor/tests");
    let models = fs::read_to_string(root().join("foundation/tests/loom.rs"));
    let models = tests_of(&models.expect("the models are there"));
    tests.extend(models.into_iter().map(|name| (Place::Loom, name)));
    tests
}

/// What stands between backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_word(text: &str) -> bool {
    let is_of_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !text.is_empty() && text.chars().all(is_of_word)
}

/// The tests that a page of guarantees names: `module::name` anywhere, and whatever follows `loom:` in a cell.
fn named_by_guarantees(page: &str) -> Tests {
    let mut named = Tests::new();
    for cell in page.lines().flat_map(|line| line.split('|')) {
        let (before, models) = cell.split_at(cell.find("loom: `").unwrap_or(cell.len()));
        let is_path =
            |span: &&str| span.split_once("::").is_some_and(|(a, b)| is_word(a) && is_word(b));
        named.extend(spans(before).filter(is_path).map(|span| (Place::It, span.to_owned())));
        named.extend(spans(models).map(|span| (Place::Loom, span.to_owned())));
    }
    named
}

/// The tests that the scenarios of OTP's suite are covered by: those after `it:` on real processes, others on the machine.
/// Fails for a scenario with neither a test nor a reason.
fn named_by_scenarios(page: &str) -> Tests {
    let suite = page.split("## OTP's supervisor suite").nth(1).expect("the page has the suite");
    let mut named = Tests::new();
    for line in suite.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [scenario, covered] = cells[..] else { panic!("two columns: {line}") };
        if scenario == "scenario" {
            continue;
        }
        let (machine, it) = covered.split_once("it:").unwrap_or((covered, ""));
        let has_reason = covered.starts_with("not applicable: ") || covered == "not yet";
        assert!(has_reason || covered.contains('`'), "{scenario}: neither a test nor a reason");
        named.extend(spans(machine).map(|span| (Place::Machine, span.to_owned())));
        named.extend(spans(it).map(|span| (Place::It, span.to_owned())));
    }
    named
}

#[test]
fn every_test_that_the_documentation_names_exists() {
    let existing = existing();
    let guarantees = named_by_guarantees(&page("SEMANTICS.md"));
    let scenarios = named_by_scenarios(&page("TESTING.md"));
    for named in [&guarantees, &scenarios] {
        assert!(named.len() > 40, "the page is read: {}", named.len());
        let missing: Vec<_> = named.difference(&existing).collect();
        assert!(missing.is_empty(), "named and not there: {missing:#?}");
    }
}

#[test]
fn names_are_found_where_a_page_has_them() {
    let guarantees =
        "Text `loom:`, `Type::new`, `a::b_1`.\n| `x`, `c::d`, loom: `e`, `f::g` | `h` |";
    let listed = |names: &[(Place, &str)]| -> Tests {
        names.iter().map(|(place, name)| (*place, (*name).to_owned())).collect()
    };
    let (it, loom) = (Place::It, Place::Loom);
    let wanted = listed(&[(it, "a::b_1"), (it, "c::d"), (loom, "e"), (loom, "f::g")]);
    assert_eq!(named_by_guarantees(guarantees), wanted);
    let scenarios = "`z`\n## OTP's supervisor suite\n| scenario | test |\n|---|---|\n\
                     | one | `a`, it: `b` |\n| two | not applicable: types |\n";
    assert_eq!(named_by_scenarios(scenarios), listed(&[(Place::Machine, "a"), (it, "b")]));
}

#[test]
fn only_functions_with_a_test_attribute_are_tests() {
    let text = "#[test] fn a() {} fn b() {} #[tokio::test(start_paused = true)] async fn c() {}";
    assert_eq!(tests_of(text), ["a", "c"]);
}

#[test]
#[should_panic(expected = "two: neither a test nor a reason")]
fn a_scenario_needs_a_test_or_a_reason() {
    named_by_scenarios("## OTP's supervisor suite\n| two | by others |\n");
}
