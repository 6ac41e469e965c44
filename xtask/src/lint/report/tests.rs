//! The forms of a report, on findings that are awkward in each.

use std::path::Path;

use serde_json::Value;

use super::{github, human, json, sarif};
use crate::lint::config::Config;
use crate::lint::finding::{Finding, Suppression};
use crate::lint::outcome::Placed;
use crate::lint::rules::{self, Level};

fn placed(path: &str, source: &str, column: usize, suppression: Option<Suppression>) -> Placed {
    Placed {
        finding: Finding {
            path: path.to_owned(),
            line: 7,
            column,
            rule: rules::named("raw_send").unwrap(),
            level: Level::Deny,
            message: "`a::b` sends\r\n100%, really".to_owned(),
            note: Some("a note".to_owned()),
            stands_for: Vec::new(),
        },
        source: source.to_owned(),
        item: "krate::f".to_owned(),
        nth: 0,
        hint: rules::named("raw_send").unwrap().hint.to_owned(),
        suppression,
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn people_see_the_line_with_a_mark_below_the_word() {
    let one = placed("src/a.rs", "\tlet x = tx.send(1);\u{1b}[0m", 13, None);
    let text = written(|out| human::write(out, [&one].into_iter(), Path::new("")));
    let lines: Vec<&str> = text.lines().collect();
    assert!(text.starts_with("error[FND001 raw_send]: `a::b` sends"), "{text}");
    assert!(lines.contains(&" --> src/a.rs:7:13"), "{text}");
    assert!(lines.contains(&"7 | \tlet x = tx.send(1); [0m"), "{text}");
    assert!(lines.contains(&"  | \t           ^^^^"), "{text}");
    let no_word = placed("src/a.rs", "a(b)", 2, None);
    let marked = written(|out| human::write(out, [&no_word].into_iter(), Path::new("")));
    assert!(marked.contains("\n  |  ^\n"), "{marked}");
    assert!(text.contains("  = help: send to a process") && text.contains("  = note: a note"));
}

#[test]
fn a_column_behind_the_line_and_a_line_that_is_gone_are_no_trouble() {
    for source in ["", "short", "\u{e4}\u{f6}\u{fc}"] {
        let one = placed("a.rs", source, 40, None);
        written(|out| human::write(out, [&one].into_iter(), Path::new("/w")));
    }
}

#[test]
fn programs_get_one_object_a_line_with_these_keys() {
    let one = placed("src/a.rs", "", 13, None);
    let text = written(|out| json::write(out, [&one, &one].into_iter()));
    assert_eq!(text.lines().count(), 2);
    let object: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["code", "col", "file", "help", "level", "line", "message", "rule"]);
    assert_eq!(object["code"], "FND001");
    assert!(object["help"].as_str().unwrap().ends_with("; a note"));
}

#[test]
fn annotations_are_escaped() {
    let one = placed("src/a,b:c.rs", "", 13, None);
    let text = written(|out| github::write(out, [&one].into_iter()));
    let expected = "::error file=src/a%2Cb%3Ac.rs,line=7,col=13,title=FND001 raw_send::`a::b` \
                    sends%0D%0A100%25, really%0Ahelp: ";
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(text.lines().count(), 2);
    assert_eq!(text.lines().nth(1), Some("::notice title=foundation lint::1 findings, 0 warnings"));
    assert_eq!(github::property("%\r\n:,"), "%25%0D%0A%3A%2C");
    assert_eq!(github::data("a:b,c"), "a:b,c");
}

#[test]
fn code_scanning_sees_suppressed_findings_with_their_reason() {
    let all = [
        placed("src/a b%.rs", "", 13, None),
        placed("src/a.rs", "", 13, Some(Suppression::InSource("because".to_owned()))),
        placed("src/a.rs", "", 13, Some(Suppression::Baseline)),
    ];
    let text = written(|out| sarif::write(out, &all, &Config::default()));
    let log: Value = serde_json::from_str(&text).unwrap();
    let results = &log["runs"][0]["results"];
    let location = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "src/a%20b%25.rs");
    assert_eq!(location["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    assert!(results[0]["suppressions"].is_null());
    assert_eq!(results[1]["suppressions"][0]["kind"], "inSource");
    assert_eq!(results[1]["suppressions"][0]["justification"], "because");
    assert_eq!(results[2]["suppressions"][0]["kind"], "external");
    let rule = &log["runs"][0]["tool"]["driver"]["rules"]
        [results[0]["ruleIndex"].as_u64().unwrap() as usize];
    assert_eq!(rule["id"], results[0]["ruleId"]);
    assert!(rule["help"]["text"].as_str().unwrap().contains("Instead: "));
}

#[test]
fn every_code_belongs_to_one_rule() {
    for rule in rules::all() {
        assert_eq!(rules::named_or_coded(rule.code).map(|found| found.id), Some(rule.id));
        assert!(rule.code.len() == 6 && rule.code.starts_with("FND"), "{}", rule.code);
    }
}
