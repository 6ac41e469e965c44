//! Exceptions: how long they last, how many there may be, where they are listed.

use crate::fixture::{Fixture, Run, Spot, spot};

const LIBRARY: &str = "\
//! Exceptions.
pub fn a() {
    // lint: allow(unsupervised_spawn) -- it ends with the year until 2026-12-31
    std::thread::spawn(|| ()).join().unwrap();
}

#[expect(clippy::disallowed_methods, reason = \"unsupervised_spawn: a while longer until 2026-06-30\")]
pub fn b() {
    std::thread::spawn(|| ()).join().unwrap();
}

pub mod kernel {
    pub struct Kernel;
    impl Kernel {
        pub fn start() {
            std::thread::spawn(|| ()).join().unwrap();
        }
    }
}

pub fn kernel_of_another_kind() {
    // lint: allow(unsupervised_spawn) -- no item of the kernel is around it
    std::thread::spawn(|| ()).join().unwrap();
}
";
const EXEMPT: &str = "\
version = 1
[[exempt]]
rule = \"unsupervised_spawn\"
package = \"allowances\"
item = \"allowances::kernel::Kernel\"
reason = \"the one place that may spawn\"
";

fn spots(run: &Run) -> Vec<Spot> {
    run.findings().iter().map(spot).collect()
}

fn at(file: &str, line: usize, rule: &str) -> Spot {
    (file.to_owned(), line, rule.to_owned())
}

#[test]
fn an_exception_counts_to_its_last_day_and_is_found_on_the_next() {
    let fixture = Fixture::library("allowances", LIBRARY);
    fixture.write("foundation-lint.toml", EXEMPT);
    let lint = |today| fixture.lint(&["--format", "json", "--today", today], &[]);
    let last = lint("2026-06-30");
    assert_eq!((last.code, last.stdout.as_str()), (Some(0), ""), "{}", last.stderr);
    let next = lint("2026-07-01");
    let expected = [at("src/lib.rs", 7, "unused_allow"), at("src/lib.rs", 9, "unsupervised_spawn")];
    assert_eq!(spots(&next), expected);
    assert!(next.stdout.contains("this exception ended on 2026-06-30"), "{}", next.stdout);
    assert_eq!(next.code, Some(1));

    let listed = fixture.lint(&["--list-allows", "--today", "2026-07-01"], &[]);
    let expected = "\
src/lib.rs:3:5 unsupervised_spawn: it ends with the year (until 2026-12-31)
src/lib.rs:7:1 unsupervised_spawn: a while longer (ended 2026-06-30)
src/lib.rs:22:5 unsupervised_spawn: no item of the kernel is around it
foundation-lint.toml:2:1 unsupervised_spawn in allowances::kernel::Kernel: the one place that may spawn
";
    assert_eq!((listed.code, listed.stdout.as_str()), (Some(0), expected));
    let objects = fixture.lint(&["--list-allows", "--format", "json"], &[]).findings();
    assert_eq!(objects.len(), 4);
    assert_eq!(objects[0]["until"], "2026-12-31");
    assert_eq!(objects[3]["item"], "allowances::kernel::Kernel");
}

#[test]
fn more_exceptions_than_agreed_on_fail() {
    let fixture = Fixture::library("many_allows", LIBRARY);
    let config = |count| {
        let text = EXEMPT.replace("allowances", "many_allows");
        let run = format!("version = 1\n[run]\nmax-allows = {count}\n");
        fixture.write("foundation-lint.toml", &text.replace("version = 1\n", &run));
        fixture.lint(&["--format", "json", "--today", "2026-01-01"], &[])
    };
    assert_eq!(config(4).code, Some(0));
    let over = config(3);
    assert_eq!(spots(&over), [at("foundation-lint.toml", 3, "too_many_allows")]);
    assert_eq!(over.code, Some(1));
}

#[test]
fn an_exemption_of_nothing_an_ended_one_and_one_of_an_unknown_package_are_found() {
    let fixture = Fixture::library("exempt", LIBRARY);
    let lint = |text: &str| {
        fixture.write("foundation-lint.toml", &text.replace("allowances", "exempt"));
        fixture.lint(&["--format", "json", "--today", "2026-01-01"], &[])
    };
    let kernel = at("src/lib.rs", 16, "unsupervised_spawn");
    let elsewhere = lint(&EXEMPT.replace("kernel::Kernel", "kernel::Ker"));
    let stale = at("foundation-lint.toml", 2, "unused_allow");
    assert_eq!(spots(&elsewhere), [stale.clone(), kernel.clone()], "{}", elsewhere.stderr);
    let ended = lint(&format!("{EXEMPT}until = \"2025-12-31\"\n"));
    assert_eq!(spots(&ended), [stale, kernel]);
    assert!(ended.stdout.contains("this exemption ended on 2025-12-31"), "{}", ended.stdout);
    let of_rule = lint(&EXEMPT.replace("\"unsupervised_spawn\"", "\"raw_send\""));
    assert_eq!(spots(&of_rule).len(), 2, "an exemption is for its rule only");
    let unknown = lint(&EXEMPT.replace("package = \"allowances\"", "package = \"other\""));
    assert_eq!(unknown.code, Some(2), "{}", unknown.stdout);
    let complaint = "foundation-lint.toml:2: no member is called `other`";
    assert!(unknown.stderr.contains(complaint), "{}", unknown.stderr);
}

/// Nothing is compiled to list exceptions, so the source pass itself follows an `include!`.
#[test]
fn exceptions_in_included_files_are_listed_and_what_is_no_list_of_items_is_no_error() {
    let text = "\
//! Includes.
include!(\"more.rs\");
pub mod inner {
    pub static TABLE: [u8; 2] = include!(\"table.rs\");
}
";
    let fixture = Fixture::library("included_allowances", text);
    fixture.write("src/table.rs", "[1, 2]\n");
    let more = "\
pub fn more() {
    // lint: allow(unsupervised_spawn) -- it stands in an included file
    std::thread::spawn(|| ()).join().unwrap();
}
";
    fixture.write("src/more.rs", more);
    let run = fixture.lint(&["--list-allows"], &[]);
    let expected = "src/more.rs:2:5 unsupervised_spawn: it stands in an included file\n";
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), expected), "{}", run.stderr);
    let run = fixture.lint(&[], &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
}

/// An exemption is for a rule, whether the compiler saw the code or not.
#[test]
fn an_exemption_covers_code_that_was_not_compiled() {
    let text = "\
//! For one system.
#[cfg(windows)]
pub fn start() {
    std::thread::spawn(|| ());
}
";
    let fixture = Fixture::library("uncompiled_exemption", text);
    let exempt = |rule: &str| {
        format!(
            "[[exempt]]\nrule = \"{rule}\"\npackage = \"uncompiled_exemption\"\nreason = \"it is a kernel\"\n"
        )
    };
    let (spawn, handle) = (exempt("unsupervised_spawn"), exempt("detached_handle"));
    let report = |config: &str| {
        fixture.write("foundation-lint.toml", &format!("version = 1\n{config}"));
        let run = fixture.lint(&["--format", "json"], &[]);
        let words = |one: &serde_json::Value| one["message"].as_str().expect("text").to_owned();
        run.findings().iter().map(words).collect::<Vec<_>>()
    };
    let message = |rules: &str| {
        format!("`std::thread::spawn` ({rules}) stands in code that the analysis did not compile")
    };
    assert_eq!(report(""), [message("unsupervised_spawn, detached_handle")]);
    assert_eq!(report(&spawn), [message("detached_handle")]);
    assert_eq!(report(&handle), [message("unsupervised_spawn")]);
    assert_eq!(report(&format!("{spawn}{handle}")), [""; 0]);
}
