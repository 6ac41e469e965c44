//! The catalogue is the one of the code, and the code counts what the lists have and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use super::{PAGE, Row, page, rows_below, rows_of, section};
use foundation_xtask::Workspace;

fn workspace() -> Workspace {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    Workspace::load(root, false).expect("cargo knows the workspace")
}

#[test]
fn the_catalogue_is_that_of_the_code() {
    let metadata = workspace();
    let wanted = page(&metadata).expect("the lists can be read").expect("there are metrics");
    let found = fs::read_to_string(metadata.root().join(PAGE)).unwrap_or_default();
    assert_eq!(found, wanted, "{PAGE} is stale: `cargo xtask fix` writes it");
}

/// Adds the tokens of a source in their order, whatever they are nested in.
fn flatten(tokens: TokenStream, flat: &mut Vec<TokenTree>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => flatten(group.stream(), flat),
            other => flat.push(other),
        }
    }
}

fn tokens(text: &str) -> Vec<TokenTree> {
    let mut flat = Vec::new();
    flatten(text.parse().expect("it is Rust"), &mut flat);
    flat
}

/// The macros of the facade that a source calls, also inside other macros.
fn facade_macros(text: &str) -> Vec<String> {
    let kinds = ["counter", "gauge", "histogram"];
    let is_one = |name: &str| kinds.contains(&name.strip_prefix("describe_").unwrap_or(name));
    let tokens = tokens(text);
    let pairs = tokens.windows(2).filter_map(|pair| match pair {
        [TokenTree::Ident(name), TokenTree::Punct(bang)] if bang.as_char() == '!' => {
            Some(name.to_string())
        }
        _ => None,
    });
    pairs.filter(|name| is_one(name)).collect()
}

/// How often each text that looks like a metric's name stands in a source.
fn names(text: &str) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for token in tokens(text) {
        let text = token.to_string();
        let Some(text) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
            continue;
        };
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        if text.contains('.') && text.split('.').all(is_word) {
            *names.entry(text.to_owned()).or_default() += 1;
        }
    }
    names
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_metric_is_counted_outside_the_file_for_it() {
    let mut files = Vec::new();
    for member in workspace().members() {
        sources(&member.folder().join("src"), &mut files);
    }
    assert!(files.len() > 100, "the sources are read");
    // What a metric is, apart from any: it describes the one that it is given, and counts none.
    let doors = ["telemetry.rs", "metric.rs"].map(Some);
    let is_elsewhere =
        |file: &&PathBuf| !doors.contains(&file.file_name().and_then(|name| name.to_str()));
    for file in files.iter().filter(is_elsewhere) {
        let found = facade_macros(&fs::read_to_string(file).expect("it is text"));
        assert_eq!(found, [""; 0], "{}: belongs into telemetry.rs", file.display());
    }
}

#[test]
fn what_is_counted_is_in_the_list_and_what_is_in_the_list_is_counted() {
    let mut seen = 0;
    for member in workspace().members() {
        let rows = rows_below(member.folder()).expect("the list can be read");
        if rows.is_empty() {
            continue;
        }
        let text = fs::read_to_string(member.folder().join("src/telemetry.rs"));
        let mut names = names(&text.expect("it is text"));
        for Row { name, .. } in &rows {
            let times = names.remove(name).unwrap_or_default();
            assert!(times > 1, "{name} is in the list and is not counted");
            seen += 1;
        }
        assert!(names.is_empty(), "counted and not in the list: {names:?}");
    }
    assert!(seen > 20, "the lists are read");
}

#[test]
fn a_list_is_read_with_kinds_units_and_labels() {
    let text = r#"
        pub const METRICS: &[Metric] = &[
            Metric::counter("a.b_total", &[("cause", &["full", "gone"]), ("to", &[])], "refused"),
            Metric::gauge("a.now", &[], "now"),
            foundation::Metric::histogram("a.took", MetricUnit::Seconds, &[], "took"),
        ];
    "#;
    let rows = rows_of(text).expect("it can be read");
    let mut page = String::new();
    section(&mut page, "a", &rows);
    let wanted = "\n## a\n\n| metric | kind | unit | labels | what |\n|---|---|---|---|---|\n\
        | `a.b_total` | counter | count | `cause`: `full`, `gone`; `to`:  | refused |\n\
        | `a.now` | gauge | count |  | now |\n\
        | `a.took` | histogram | seconds |  | took |\n";
    assert_eq!(page, wanted);
    assert_eq!(names(text).len(), 3);
}

#[test]
fn a_list_that_is_not_made_of_literals_is_refused() {
    let lists = ["Metric::counter(NAME, &[], \"\")", "row(1)", "Metric::counter(\"a\")", "1"];
    for list in lists {
        let text = format!("const METRICS: &[Metric] = &[{list}];");
        assert!(rows_of(&text).is_err(), "{list}");
    }
    assert!(rows_of("const OTHER: u8 = 1;").is_err());
}

#[test]
fn a_macro_of_the_facade_is_found_also_inside_another_one() {
    assert_eq!(facade_macros("fn f() { metrics::counter!(\"a\"); }"), ["counter"]);
    assert_eq!(facade_macros("m! { x => describe_gauge!(A) }"), ["describe_gauge"]);
    assert_eq!(facade_macros("fn counter() { gauge(1); if !histogram {} }"), [""; 0]);
}
