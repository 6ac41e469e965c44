//! Each rule finds what it must and leaves alone what it must.

use std::collections::BTreeSet;

use crate::fixture::{Fixture, xtask};

#[test]
fn raw_send_finds_channels_by_type_and_leaves_other_senders_and_tests_alone() {
    let findings = Fixture::new("raw_send").check();
    let example = findings.iter().find(|finding| finding["file"] == "examples/show.rs").unwrap();
    assert_eq!(example["level"], "warn");
    assert!(findings.iter().all(|finding| finding == example || finding["level"] == "deny"));
}

#[test]
fn unsupervised_spawn_finds_tasks_and_threads_in_production_and_benches() {
    Fixture::new("unsupervised_spawn").check();
}

#[test]
fn unbounded_channel_finds_queues_without_a_capacity() {
    Fixture::new("unbounded_channel").check();
}

#[test]
fn sleep_in_test_finds_real_waiting_and_accepts_a_paused_clock() {
    Fixture::new("sleep_in_test").check();
}

/// A path that no longer resolves bans nothing, silently: each one is used once and must be found.
#[test]
fn every_banned_path_of_tokio_and_the_standard_library_still_resolves() {
    // Only under `--cfg tokio_unstable`, and only on a nightly compiler.
    let absent = |path: &str| {
        path.starts_with("tokio::task::Builder::") || path == "std::thread::sleep_until"
    };
    let mut banned = BTreeSet::new();
    for rule in
        ["raw_send", "raw_reply", "unsupervised_spawn", "unbounded_channel", "sleep_in_test"]
    {
        let explained = xtask(&["lint", "--explain", rule], &[]).stdout;
        let paths = explained.lines().filter_map(|line| line.strip_prefix("    "));
        let known = paths.filter(|path| path.starts_with("tokio::") || path.starts_with("std::"));
        banned.extend(known.filter(|path| !absent(path)).map(str::to_owned));
    }
    // The fixture's own configuration adds one.
    banned.insert("paths::publish".to_owned());
    let run = Fixture::new("paths").lint(&["--format", "json"], &[]);
    let findings = run.findings();
    let messages = findings.iter().filter_map(|finding| finding["message"].as_str());
    let found: BTreeSet<String> =
        messages.filter_map(|message| message.split('`').nth(1)).map(str::to_owned).collect();
    assert_eq!(found, banned, "{}", run.stderr);
}
