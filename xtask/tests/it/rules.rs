//! Each rule finds what it must and leaves alone what it must.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::fixture::{Fixture, collect, xtask};

/// One test a rule, on the workspace of its name; the rule must be among the findings.
macro_rules! rules {
    ($($test:ident: $rule:ident in $fixture:ident;)*) => {
        /// Rule and workspace.
        const FIXTURES: &[(&str, &str)] = &[$((stringify!($rule), stringify!($fixture))),*];

        $(#[test]
        fn $test() {
            check(stringify!($rule), stringify!($fixture));
        })*
    };
}

rules! {
    raw_send_finds_channels_by_type: raw_send in raw_send;
    unsupervised_spawn_finds_tasks_and_threads: unsupervised_spawn in unsupervised_spawn;
    detached_handle_finds_what_is_thrown_away: detached_handle in detached_handle;
    unbounded_channel_finds_queues_without_a_capacity: unbounded_channel in unbounded_channel;
    sleep_in_test_finds_real_waiting: sleep_in_test in sleep_in_test;
    blocking_in_async_knows_who_runs_a_place: blocking_in_async in blocking_in_async;
    lock_across_await_finds_guards: lock_across_await in lock_across_await;
    ambient_state_finds_statics_by_type: ambient_state in ambient_state;
    monitor_leak_finds_monitors_by_type: monitor_leak in monitor_leak;
    broad_catch_finds_catches_and_hooks: broad_catch in broad_catch;
    telemetry_control_flow_knows_sinks: telemetry_control_flow in telemetry_control_flow;
    ignored_send_result_finds_every_way_to_ignore: ignored_send_result in ignored_send_result;
    uncompiled_code_is_read_by_its_syntax: uncompiled_code in uncompiled_code;
    stateful_agents_declare_themselves:
        stateful_agent_without_persistence in stateful_agent_without_persistence;
    call_without_deadline_finds_endless_waits: call_without_deadline in call_without_deadline;
}

fn check(rule: &str, fixture: &str) {
    let findings = Fixture::new(fixture).check();
    let own = findings.iter().filter(|finding| finding["rule"] == rule);
    assert!(own.count() > 0, "{rule} finds nothing in its own workspace");
}

/// A green run of a rule that never finds anything must not look like a green run.
#[test]
fn every_rule_has_a_workspace_that_breaks_it() {
    // Checked by tests of their own, in this crate.
    let elsewhere = [
        ("raw_reply", "paths"),
        ("god_module", "god_module"),
        ("layer_violation", "layers"),
        ("bare_allow", "suppression"),
        ("unused_allow", "suppression"),
        ("too_many_allows", "made by `allowances`"),
    ];
    let listed = xtask(&["lint", "--list-rules"], &[]).stdout;
    let listed: BTreeSet<&str> =
        listed.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    let tested: BTreeSet<&str> = FIXTURES.iter().chain(&elsewhere).map(|(rule, _)| *rule).collect();
    assert_eq!(listed, tested);
    for (rule, fixture) in FIXTURES {
        let folder = format!("{}/tests/fixtures/{fixture}", env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        collect(folder.as_ref(), &mut files);
        let marked = files.iter().any(|file| {
            let text = fs::read_to_string(file).unwrap();
            text.lines().any(|line| line.contains("//~") && line.contains(rule))
        });
        assert!(marked, "{fixture} breaks {rule} nowhere");
    }
}

#[test]
fn codes_are_unique_and_never_change() {
    let listed = xtask(&["lint", "--list-rules"], &[]).stdout;
    let codes: Vec<(&str, &str)> = listed
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?))
        })
        .collect();
    let numbered: Vec<String> = (1..=codes.len()).map(|number| format!("FND{number:03}")).collect();
    assert_eq!(codes.iter().map(|(_, code)| *code).collect::<Vec<_>>(), numbered);
    assert_eq!(codes[0].0, "raw_send");
    assert_eq!(codes[9].0, "monitor_leak");
    assert_eq!(codes[17].0, "uncompiled_code");
    assert_eq!(codes[18].0, "stateful_agent_without_persistence");
    assert_eq!(codes[20].0, "too_many_allows");
    let findings = Fixture::copied("unbounded_channel", "codes").check();
    assert!(findings.iter().all(|finding| finding["code"] == "FND005"));
}

#[test]
fn a_weak_finding_is_never_more_than_a_warning() {
    let hooks = Fixture::copied("broad_catch", "levels").check();
    for finding in hooks {
        let hook = finding["message"].as_str().unwrap().contains("_hook");
        assert_eq!(finding["level"], if hook { "warn" } else { "deny" }, "{finding}");
    }
}

#[test]
fn one_thrown_away_monitor_is_one_finding() {
    let findings = Fixture::copied("monitor_leak", "monitors").check();
    let lines: BTreeSet<u64> =
        findings.iter().filter_map(|finding| finding["line"].as_u64()).collect();
    assert_eq!(findings.len(), lines.len(), "{findings:?}");
}

/// The same call breaks two rules, and its cure is one.
#[test]
fn a_spawn_and_its_lost_handle_are_one_finding() {
    let text = "\
//! Threads.
pub fn lost() {
    std::thread::spawn(|| ());
}
pub fn kept() -> std::thread::JoinHandle<()> {
    std::thread::spawn(|| ())
}
pub fn allowed() {
    // lint: allow(unsupervised_spawn) -- it shows what is left
    std::thread::spawn(|| ());
}
";
    let fixture = Fixture::library("lost_handle", text);
    let report = |args: &[&str]| {
        let run = fixture.lint(&[&["--format", "json"], args].concat(), &[]);
        let said = |one: &Value| {
            let (line, rule, words) = (&one["line"], &one["rule"], &one["message"]);
            let lost =
                words.as_str().expect("a message is text").contains("throws its handle away");
            (line.as_u64().expect("a number"), rule.as_str().expect("text").to_owned(), lost)
        };
        run.findings().iter().map(said).collect::<Vec<_>>()
    };
    let finding = |line, rule: &str, lost| (line, rule.to_owned(), lost);
    let spawn = |line, lost| finding(line, "unsupervised_spawn", lost);
    let handle = |line| finding(line, "detached_handle", true);
    assert_eq!(report(&[]), [spawn(3, true), spawn(6, false), handle(10)]);
    assert_eq!(report(&["--rule", "detached_handle"]), [handle(3), handle(10)]);
    fixture.write("foundation-lint.toml", "version = 1\n[levels]\nunsupervised_spawn = \"warn\"\n");
    assert_eq!(report(&[]), [handle(3), spawn(3, false), spawn(6, false), handle(10)]);
}

/// `task_local!` is written with `thread_local!`; the finding has the name that stands there.
#[test]
fn a_macro_has_the_name_that_is_written() {
    let findings = Fixture::copied("ambient_state", "macros").check();
    let name = |line: u64| {
        let one = findings.iter().find(|one| one["line"] == line && one["file"] == "src/bad.rs");
        one.expect("it is marked")["message"].as_str().expect("text").split('`').nth(1)
    };
    let text = Fixture::copied("ambient_state", "macros_text").read("src/bad.rs");
    let mut count = 0;
    for (line, text) in (1..).zip(text.lines()).filter(|(_, line)| line.contains("_local! {")) {
        let written = if text.contains("task") { "tokio::task_local" } else { "std::thread_local" };
        assert_eq!(name(line), Some(written), "{text}");
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn an_unknown_list_of_types_is_refused() {
    let fixture = Fixture::copied("unbounded_channel", "unknown_types");
    let config = "version = 1\n[types]\nagent = [\"a::B\"]\n";
    fs::write(fixture.folder.join("foundation-lint.toml"), config).unwrap();
    let run = fixture.lint(&[], &[]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(
        run.stderr.contains("foundation-lint.toml:3: unknown key `agent` in `[types]`"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_example_is_warned_about_raw_sends() {
    let findings = Fixture::copied("raw_send", "raw_send_levels").check();
    for finding in findings {
        let example = finding["file"] == "examples/show.rs";
        assert_eq!(finding["level"], if example { "warn" } else { "deny" }, "{finding}");
    }
}

#[test]
fn god_module_counts_lines_that_carry_code() {
    let fixture = Fixture::new("god_module");
    let functions = |count: usize, line: &str| {
        let mut text = String::new();
        for index in 0..count {
            writeln!(text, "{}", line.replace('N', &index.to_string())).unwrap();
        }
        text
    };
    let code = "pub fn f_N() {}";
    let write = |name: &str, text: String| {
        fs::write(fixture.folder.join("src").join(name), text).unwrap();
    };
    write("short.rs", functions(599, code));
    write(
        "long.rs",
        format!("//! Documented.\n\n{}{}", "pub fn g() {} //~ god_module\n", functions(599, code)),
    );
    write("longer.rs", format!("pub fn g() {{}} //~ god_module\n{}", functions(1000, code)));
    write("generated.rs", format!("// @generated by a compiler.\n{}", functions(1000, code)));
    // It must be the header that says so.
    let late = "// One.\n".repeat(5) + "// @generated\n";
    write("late.rs", format!("{late}pub fn g() {{}} //~ god_module\n{}", functions(600, code)));
    write("comments.rs", functions(599, "/// One.\n\n// Two.\n/* three */ pub fn f_N() {}"));
    let tests = functions(900, "#[cfg(test)] fn t_N() {}");
    // Test code before and between hides nothing and counts nothing.
    let mixed = functions(600, code);
    let one = "#[cfg(test)]\nfn t() {}";
    write("mixed.rs", format!("{one}\npub fn g() {{}} //~ god_module\n{mixed}"));
    let tested = functions(599, code);
    write("between.rs", format!("{one}\n{tested}{tests}"));
    write("tested.rs", format!("{tests}#[cfg(test)]\nmod tests {{\n{}}}\n", functions(900, code)));
    // The module alone is over the limit, so the file around it is not.
    let inner = functions(700, code);
    write(
        "inline.rs",
        format!("pub mod big {{ //~ god_module\n{inner}}}\n{}", functions(500, code)),
    );
    for finding in fixture.check() {
        let deny = finding["file"] == "src/longer.rs";
        assert_eq!(finding["level"], if deny { "deny" } else { "warn" }, "{finding}");
    }
}

/// Functions of the workspace `paths`, and the rule that reports each of their uses.
const REPORTED: [(&str, &str, &str); 14] = [
    ("blocking.rs", "blocks", "blocking_in_async"),
    ("channels.rs", "blocks", "blocking_in_async"),
    ("channels.rs", "queues", "unbounded_channel"),
    ("channels.rs", "replies", "raw_reply"),
    ("channels.rs", "sends", "raw_send"),
    ("channels.rs", "sends_through_facades", "raw_send"),
    ("executors.rs", "blocks", "blocking_in_async"),
    ("executors.rs", "detaches", "detached_handle"),
    ("executors.rs", "spawns", "unsupervised_spawn"),
    ("lib.rs", "detaches", "detached_handle"),
    ("lib.rs", "queues", "unbounded_channel"),
    ("lib.rs", "replies", "raw_reply"),
    ("lib.rs", "sends", "raw_send"),
    ("lib.rs", "spawns", "unsupervised_spawn"),
];

/// A path that no longer resolves bans nothing, silently: each one is used once and must be found, and
/// clippy must not complain about any when it may.
#[test]
fn every_watched_path_still_resolves() {
    // Only under `--cfg tokio_unstable`, only on a nightly compiler.
    let absent = |path: &str| {
        path.starts_with("tokio::task::Builder::") || path == "std::thread::sleep_until"
    };
    // The lint writes one only if there is none with the same content.
    for old in Fixture::configurations("paths::publish") {
        fs::remove_file(old).unwrap();
    }
    let fixture = Fixture::new("paths");
    let run = fixture.lint(&["--format", "json"], &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let findings = run.findings();
    for (file, function, rule) in REPORTED {
        let name = format!("src/{file}");
        let own = findings.iter().filter(|one| one["rule"] == rule && one["file"] == name.as_str());
        let lines: BTreeSet<u64> = own.filter_map(|one| one["line"].as_u64()).collect();
        let listed = uses(&fixture.read(&name), Some(function));
        assert!(!listed.is_empty(), "{name}: {function}");
        let missed: Vec<&u64> = listed.difference(&lines).collect();
        assert!(missed.is_empty(), "{name}: {rule}: {missed:?}");
    }

    let [written] = Fixture::configurations("paths::publish").try_into().unwrap();
    let config = fs::read_to_string(written).unwrap();
    let quoted = config.lines().filter_map(|line| line.split('"').nth(1));
    let watched: BTreeSet<String> =
        quoted.filter(|path| !absent(path)).map(str::to_owned).collect();
    let strict: String = config
        .lines()
        .filter(|line| !line.split('"').nth(1).is_some_and(absent))
        .map(|line| line.replace(", allow-invalid = true", "") + "\n")
        .collect();
    let messages = fixture.clippy(&strict);
    let text = |message: &Value| message["message"].as_str().unwrap_or_default().to_owned();
    let complaints: Vec<String> =
        messages.iter().map(text).filter(|text| text.contains("does not refer to")).collect();
    assert_eq!(complaints, Vec::<String>::new());
    let hits: Vec<&Value> = messages
        .iter()
        .filter(|message| text(message).starts_with("use of a disallowed"))
        .collect();
    let found: BTreeSet<String> =
        hits.iter().filter_map(|hit| text(hit).split('`').nth(1).map(str::to_owned)).collect();
    assert_eq!(watched.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(found.difference(&watched).collect::<Vec<_>>(), Vec::<&String>::new());
    every_use_is_found(&fixture, &hits);
}

/// A use that nothing finds is a path that was taken off its list.
fn every_use_is_found(fixture: &Fixture, hits: &[&Value]) {
    let mut files = Vec::new();
    collect(&fixture.folder.join("src"), &mut files);
    for file in files {
        let name = file.strip_prefix(&fixture.folder).expect("the file lies in the folder");
        let name = name.to_string_lossy();
        let spans = hits.iter().map(|hit| &hit["spans"][0]);
        let here = spans.filter(|span| span["file_name"] == *name);
        let lines: BTreeSet<u64> = here.filter_map(|span| span["line_start"].as_u64()).collect();
        let listed = uses(&fixture.read(&name), None);
        assert!(!listed.is_empty(), "{name}");
        let missed: Vec<&u64> = listed.difference(&lines).collect();
        assert!(missed.is_empty(), "{name}: {missed:?}");
    }
}

/// The lines of a file of the fixture that use a path, or those of one function of it.
fn uses(text: &str, function: Option<&str>) -> BTreeSet<u64> {
    let begins = |line: &str| {
        function.is_none_or(|name| {
            let rest = line.strip_prefix("pub async fn ").or(line.strip_prefix("pub fn "));
            rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('))
        })
    };
    let lines = (1..).zip(text.lines()).skip_while(|(_, line)| !begins(line));
    let body = lines.take_while(|(_, line)| function.is_none() || *line != "}");
    body.filter(|(_, line)| line.starts_with("    drop(")).map(|(number, _)| number).collect()
}

/// The sizes of the workspace count, and what a reason or an exemption covers is suppressed.
#[test]
fn new_rules_obey_the_configuration_and_their_suppressions_are_reported() {
    let text = "\
//! Findings by shape.
// lint: allow(ambient_state) -- it shows a suppressed finding
pub static mut A: u32 = 0;
pub static mut B: u32 = 0;
#[cfg(not(target_os = \"linux\"))]
pub fn f() {
    // lint: allow(unsupervised_spawn, detached_handle) -- nobody compiles it
    std::thread::spawn(|| ());
}
";
    let fixture = Fixture::library("new_rules", text);
    let exempt =
        "[[exempt]]\nrule = \"god_module\"\npackage = \"new_rules\"\nreason = \"it is small\"\n";
    let sizes = "[levels]\ngod_module = { warn = 4, deny = 5 }\n";
    fixture.write("foundation-lint.toml", &format!("version = 1\n{sizes}{exempt}"));
    let run = fixture.lint(&["--format", "sarif"], &[]);
    let log: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
    let results = log["runs"][0]["results"].as_array().expect("there are results");
    let seen: Vec<(&str, Option<&str>)> = results
        .iter()
        .map(|one| {
            let justification = &one["suppressions"][0]["justification"];
            (one["ruleId"].as_str().expect("a code"), justification.as_str())
        })
        .collect();
    let expected = [
        ("FND014", Some("it is small")),
        ("FND009", Some("it shows a suppressed finding")),
        ("FND009", None),
        ("FND018", Some("nobody compiles it")),
        ("FND018", Some("nobody compiles it")),
    ];
    assert_eq!(seen, expected, "{}", run.stderr);
    assert_eq!(run.code, Some(1));
}

#[test]
fn a_method_that_may_be_of_two_traits_is_one_finding() {
    let findings = Fixture::copied("uncompiled_code", "two_traits").check();
    let caught = |one: &&Value| one["message"].as_str().expect("text").contains("catch_unwind");
    let messages: Vec<&Value> = findings.iter().filter(caught).collect();
    assert_eq!(messages.len(), 1, "{messages:?}");
}
