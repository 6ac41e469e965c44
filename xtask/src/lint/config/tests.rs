//! What a configuration means, and which mistakes in it are refused.

use std::fs;

use super::{Config, Limit, TargetFolder, Thresholds};
use crate::lint::date::Date;
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
fn every_table_is_read() {
    let config = Config::parse(
        r#"
version = 1
[run]
feature-sets = [["--no-default-features", "a"], []]
target-dir = "own"
max-allows = 12
[levels]
god_module = { warn = 5, deny = 6 }
[[paths]]
rule = "raw_send"
add = ["my_bus::Publisher::publish"]
remove = ["tokio::sync::watch::Sender::send"]
[[exempt]]
rule = "unsupervised_spawn"
package = "foundation"
item = "foundation::task::kernel"
reason = "the one place that may spawn"
until = "2026-12-31"
[types]
monitor = ["foundation::MonitorRef"]
agents = ["my_app::Agent"]
durable = ["my_app::Durable"]
sinks = ["foundation::telemetry::Sink"]
"#,
    )
    .unwrap();
    assert_eq!(config.feature_sets, [vec!["--no-default-features", "a"], vec![]]);
    assert_eq!(config.target, TargetFolder::Own);
    assert_eq!(config.max_allows, Some(Limit { count: 12, line: 6 }));
    assert_eq!(config.paths[0].1, "my_bus::Publisher::publish");
    let rule = rules::named("raw_send").unwrap();
    assert!(config.unbans(rule, "tokio::sync::watch::Sender::send"));
    assert!(!config.unbans(rule, "tokio::sync::mpsc::Sender::send"));
    let exempt = &config.exempt[0];
    assert_eq!((exempt.line, exempt.item.as_deref()), (13, Some("foundation::task::kernel")));
    assert_eq!(exempt.until, Date::parse("2026-12-31"));
    let sizes = Thresholds { warn: 5, deny: 6 };
    assert_eq!(config.thresholds(rules::named("god_module").unwrap()), Some(sizes));
    let types = &config.types;
    assert_eq!(types.sinks, ["foundation::telemetry::Sink"]);
    assert_eq!(types.monitor, ["foundation::MonitorRef"]);
    assert_eq!(
        (&types.agents[..], &types.durable[..]),
        (&["my_app::Agent".to_owned()][..], &["my_app::Durable".to_owned()][..])
    );
}

#[test]
fn a_list_of_types_that_is_not_given_is_the_built_in_one() {
    let config = Config::parse("version = 1\n[types]\nsinks = []").unwrap();
    assert_eq!(config.types.sinks, [""; 0]);
    assert_eq!(config.types.agents, Config::default().types.agents);
    assert!(!config.types.agents.is_empty());
}

#[test]
fn a_path_of_another_rule_s_list_may_be_used_as_well() {
    let removed = "tokio::sync::watch::Sender::send";
    let text = format!(
        "version = 1\n[[paths]]\nrule = \"telemetry_control_flow\"\nremove = [\"{removed}\"]"
    );
    let config = Config::parse(&text).unwrap();
    let bans =
        |rule: &str| config.functions(rules::named(rule).unwrap()).any(|path| path == removed);
    assert!(bans("raw_send") && !bans("telemetry_control_flow"));
}

#[test]
fn sizes_are_for_rules_about_size_and_in_order() {
    let read = |text: &str| {
        let table = toml::de::DeTable::parse(text).unwrap();
        super::read::thresholds(0, table.get_ref()).map_err(|mistake| mistake.what)
    };
    assert_eq!(read("warn = 600\ndeny = 1000"), Ok(Thresholds { warn: 600, deny: 1000 }));
    for text in ["warn = 2\ndeny = 1", "warn = 1", "deny = 1", "warn = 1\ndeny = 2\nx = 3"] {
        read(text).expect_err(text);
    }
}

#[test]
fn the_manifest_may_hold_the_configuration_instead_but_not_as_well() {
    let folder = std::env::temp_dir().join(format!("foundation-lint-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("Cargo.toml", "[workspace]\n[workspace.metadata.foundation-lint]\nversion = 1\nx = 1");
    let complaint = Config::load(&folder).unwrap_err().to_string();
    assert!(complaint.contains("Cargo.toml:4: unknown key `x`"), "{complaint}");
    write(
        "Cargo.toml",
        "[workspace.metadata.foundation-lint]\nversion = 1\nlevels.raw_send = \"warn\"",
    );
    let config = Config::load(&folder).unwrap();
    assert_eq!(level(&config, "raw_send", Context::Production), Level::Warn);
    assert_eq!(config.file, "Cargo.toml");
    write("foundation-lint.toml", "version = 1");
    let complaint = Config::load(&folder).unwrap_err().to_string();
    assert!(complaint.contains("both configure"), "{complaint}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn mistakes_are_refused_with_their_line() {
    let cases = [
        ("", ":1: `version = 1` is missing"),
        ("version = 2", ":1: only version 1"),
        ("version = 1\nfoo = 1", ":2: unknown key `foo`"),
        ("version = 1\n[layer]\norder = []", ":2: unknown key `layer`"),
        ("version = 1\n[layers]\nordre = []", ":3: unknown key `ordre`"),
        ("version = 1\nversion = 1", ":2: duplicate key"),
        ("version = 1\n[levels", ":2: "),
        ("version = 1\n[levels]\nraw_sned = \"deny\"", ":3: unknown rule `raw_sned`"),
        ("version = 1\n[hints]\nraw_sned = \"a\"", ":3: unknown rule `raw_sned`"),
        ("version = 1\n[hints]\nraw_send = \" \"", ":3: a hint is one line of text"),
        ("version = 1\n[hints]\nraw_send = \"a\\nb\"", ":3: a hint is one line of text"),
        ("version = 1\n[levels]\nraw_send = \"off\"", ":3: a level is"),
        ("version = 1\n[levels]\nraw_send = { warn = 1 }", ":3: `raw_send` is not about sizes"),
        ("version = 1\n[paths]\nraw_send = [\"a::b\"]", ":2: `paths` is written `[[paths]]`"),
        ("version = 1\n[[paths]]\nrule = \"raw_send\"\nadd = [\"a b\"]", ":4: `a b` is no path"),
        ("version = 1\n[[paths]]\nadd = [\"a::b\"]", ":2: `rule` is missing"),
        (
            "version = 1\n[[paths]]\nrule = \"raw_send\"\nremove = [\"a::b\"]",
            ":2: `raw_send` does not ban `a::b`",
        ),
        ("version = 1\n[layers]\norder = [\"a\"]", ":3: `order` is an array of arrays"),
        ("version = 1\n[layers]\ndev = \"maybe\"", ":3: `dev` is"),
        ("version = 1\n[run]\nfeatures = \"all\"", ":3: unknown key `features` in `[run]`"),
        ("version = 1\n[run]\nfeature-sets = []", ":3: without a feature set"),
        ("version = 1\n[run]\nfeature-sets = [[\"--release\"]]", ":3: `--release` is neither"),
        ("version = 1\n[run]\nmax-allows = -1", ":3: `max-allows` is a whole number"),
        ("version = 1\n[run]\ntarget-dir = \"x\"", ":3: `target-dir` is"),
        ("version = 1\n[types]\nmonitors = []", ":3: unknown key `monitors`"),
        ("version = 1\n[[exempt]]\nrule = \"raw_send\"", ":2: an exemption needs `rule`"),
        (
            "version = 1\n[[exempt]]\nrule = \"raw_send\"\npackage = \"a\"\nreason = \"short\"",
            ":2: an exemption needs a `reason`",
        ),
        ("version = 1\n[[exempt]]\nuntil = \"soon\"", ":3: `until` is a date"),
    ];
    for (text, expected) in cases {
        let complaint = Config::parse(text).expect_err(text).to_string();
        let expected = format!("foundation-lint.toml{expected}");
        assert!(complaint.contains(&expected), "{text:?}: {complaint}");
    }
}
