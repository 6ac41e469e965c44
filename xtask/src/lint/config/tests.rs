//! What a configuration means, and which mistakes in it are refused.

use super::Config;
use crate::lint::rules::{self, Context, Level};

fn level(config: &Config, rule: &str, context: Context) -> Level {
    config.level(rules::named(rule).unwrap(), context)
}

#[test]
fn without_levels_every_rule_has_its_own() {
    let config = Config::parse("version = 1").unwrap();
    assert_eq!(level(&config, "raw_send", Context::Production), Level::Deny);
    assert_eq!(level(&config, "raw_send", Context::Example), Level::Warn);
    assert_eq!(level(&config, "raw_send", Context::Test), Level::Allow);
    assert_eq!(level(&config, "raw_reply", Context::Production), Level::Allow);
}

#[test]
fn a_level_never_drags_a_rule_into_a_context_where_it_does_not_apply() {
    let config =
        Config::parse("version = 1\n[levels]\nraw_send = \"warn\"\nraw_reply = \"deny\"").unwrap();
    assert_eq!(level(&config, "raw_send", Context::Production), Level::Warn);
    assert_eq!(level(&config, "raw_send", Context::Test), Level::Allow);
    assert_eq!(level(&config, "raw_reply", Context::Production), Level::Deny);
    assert_eq!(level(&config, "raw_reply", Context::Test), Level::Allow);
}

#[test]
fn mistakes_are_refused_with_their_line() {
    let cases = [
        ("", "`version = 1` is missing"),
        ("version = 2", "line 1: only version 1"),
        ("version = 1\nfoo = 1", "line 2: unknown key `foo`"),
        ("version = 1\n[layer]\norder = []", "line 3: unknown key `order` in `[layer]`"),
        ("version = 1\n[layers]\nordre = []", "line 3: unknown key `ordre`"),
        ("version = 1\n[levels]\nraw_sned = \"deny\"", "line 3: unknown rule `raw_sned`"),
        ("version = 1\n[levels]\nraw_send = \"off\"", "line 3: a level is"),
        ("version = 1\n[paths]\nraw_send = [\"a b\"]", "line 3: `a b` is no path"),
        ("version = 1\n[layers]\norder = [\"a\"]", "line 3: a layer is an array"),
        ("version = 1\n[run]\nfeatures = \"some\"", "line 3: `features` is"),
        ("version = 1\n[layers]\ndev = \"maybe\"", "line 3: `dev` is"),
    ];
    for (text, expected) in cases {
        let complaint = Config::parse(text).expect_err(text).to_string();
        assert!(complaint.contains(expected), "{text:?}: {complaint}");
    }
}
