//! What the lines of the bench program and the arguments come to.

use serde_json::Value;

use super::figures::{self, Figures, Sample};
use super::lint::{self, Round, Times};
use super::{BenchOptions, What, parse, report};
use crate::usage::UsageError;

fn figures_of(lines: &str) -> Vec<Figures> {
    let samples: Vec<Sample> = lines.lines().map(|line| Sample::read(line).unwrap()).collect();
    figures::of(&samples).unwrap()
}

#[test]
fn the_ratio_is_the_median_of_the_ratios_of_the_rounds_and_not_the_ratio_of_the_medians() {
    let figures = figures_of("call_seq\t0\t100\t80\ncall_seq\t1\t1000\t100\ncall_seq\t2\t200\t300");
    let [row] = &figures[..] else { panic!("one operation") };
    assert_eq!((row.ours.median, row.base.median), (100.0, 200.0));
    assert_eq!((row.ratio.min, row.ratio.median, row.ratio.max), (0.1, 0.8, 1.5));
    assert_eq!(row.rounds, 3);
}

#[test]
fn the_median_of_an_even_number_of_rounds_lies_between_the_middle_two() {
    let figures = figures_of("call_64\t0\t10\t10\ncall_64\t1\t10\t20");
    assert_eq!(figures[0].ratio.median, 1.5);
}

#[test]
fn a_target_is_met_at_its_edge_and_missed_above_it() {
    assert!(figures_of("restart_1\t0\t100\t100")[0].is_met());
    assert!(!figures_of("restart_1\t0\t100\t101")[0].is_met());
}

#[test]
fn bytes_are_judged_by_their_number_and_not_by_the_ratio() {
    assert!(figures_of("bytes_idle\t0\t100\t800")[0].is_met());
    assert!(!figures_of("bytes_idle\t0\t10000\t801")[0].is_met());
}

#[test]
fn what_takes_seconds_is_judged_and_told_in_seconds() {
    let figures = figures_of("lint_warm\t0\t100000000\t3000000000\nlint_cold\t0\t1e10\t1.4e10");
    assert!(figures[0].is_met() && !figures[1].is_met());
    assert!(!figures_of("lint_warm\t0\t1e10\t3000000001")[0].is_met());
    let mut text = Vec::new();
    report::table(&mut text, &figures).unwrap();
    let text = String::from_utf8(text).unwrap();
    for part in ["14.0 s (14.0 to 14.0)", "100 ms (100 to 100)", " 3.0 s  yes"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn the_lint_is_ours_and_clippy_is_what_it_stands_beside() {
    let round = |factor| Round {
        clippy: Times { cold: 10e9 * factor, warm: 1e8 * factor },
        lint: Times { cold: 12e9 * factor, warm: 9e8 * factor },
    };
    let figures = figures::of(&lint::rows(&[round(1.0), round(2.0)])).unwrap();
    let [cold, warm] = &figures[..] else { panic!("two rows") };
    assert_eq!((cold.op.as_str(), warm.op.as_str()), ("lint_cold", "lint_warm"));
    assert_eq!((cold.ratio.median, cold.ours.max, cold.rounds), (1.2, 24e9, 2));
    assert_eq!((warm.ratio.median, warm.base.min), (9.0, 1e8));
}

#[test]
fn what_stands_before_a_call_is_judged_by_what_it_adds() {
    let rounds = |added| format!("breaker_closed\t0\t1\t{}\n", 1 + added);
    assert!(figures_of(&rounds(30))[0].is_met());
    assert!(!figures_of(&rounds(31))[0].is_met());
}

#[test]
fn operations_keep_the_order_in_which_they_were_measured() {
    let figures = figures_of("ring_hop\t0\t1\t1\ncall_seq\t0\t1\t1\ncall_seq\t1\t1\t1");
    let ops: Vec<&str> = figures.iter().map(|row| row.op.as_str()).collect();
    assert_eq!(ops, ["ring_hop", "call_seq"]);
}

#[test]
fn a_line_that_is_no_figure_is_not_read_as_one() {
    for line in ["", "warming up", "call_seq\t0\t1", "call_seq\tx\t1\t1", "call_seq\t0\t0\t1"] {
        assert_eq!(Sample::read(line), None, "{line:?}");
    }
    let unknown = Sample::read("baking\t0\t1\t1").unwrap();
    assert!(figures::of(&[unknown]).is_err());
}

#[test]
fn the_json_names_the_fields_that_programs_read() {
    let text = report::json(&figures_of("spawn_stop\t0\t200\t100")).unwrap();
    let rows: Value = serde_json::from_str(&text).unwrap();
    let row = rows[0].as_object().unwrap();
    let mut names: Vec<&str> = row.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = ["base_ns", "max_ratio", "min_ratio", "op", "ours_ns", "ratio", "rounds"];
    assert_eq!(names, expected);
    assert_eq!((&row["op"], &row["ratio"]), (&Value::from("spawn_stop"), &Value::from(0.5)));
}

#[test]
fn the_table_says_which_targets_are_met() {
    let mut text = Vec::new();
    let figures = figures_of("restart_1\t0\t100\t90\nbytes_idle\t0\t1800\t900");
    report::table(&mut text, &figures).unwrap();
    let text = String::from_utf8(text).unwrap();
    let ends: Vec<&str> = text.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(ends, ["met", "yes", "no", "met"]);
    assert!(text.ends_with("1 of 2 targets met\n"), "{text}");
}

#[test]
fn every_argument_is_understood() {
    let line = "ratios --json out.json --op call_seq --op ring_hop --rounds 7 --check --smoke";
    let options = parse(line.split(' ').map(str::to_owned)).unwrap();
    let expected = BenchOptions {
        what: What::Ratios,
        json: Some("out.json".into()),
        ops: vec!["call_seq".to_owned(), "ring_hop".to_owned()],
        rounds: 7,
        check: true,
        smoke: true,
    };
    assert_eq!(options, expected);
}

#[test]
fn what_is_not_understood_is_a_usage_error() {
    let number = |value: &str| UsageError::NotANumber { flag: "--rounds", value: value.to_owned() };
    let unknown = |argument: &str| UsageError::UnknownArgument {
        command: "bench",
        argument: argument.to_owned(),
    };
    let cases = [
        ("", unknown("")),
        ("cakes", unknown("cakes")),
        ("ratios fast", unknown("fast")),
        ("ratios --op", UsageError::MissingValue("--op")),
        ("ratios --op baking", UsageError::UnknownOperation("baking".to_owned())),
        ("lint --op call_seq", unknown("--op")),
        ("lint --smoke", unknown("--smoke")),
        ("ratios --rounds 0", number("0")),
        ("ratios --rounds many", number("many")),
    ];
    for (line, expected) in cases {
        let error = parse(line.split(' ').map(str::to_owned)).unwrap_err();
        assert_eq!(error, expected, "{line}");
    }
}
