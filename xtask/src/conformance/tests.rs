//! What scripts are generated, what is normalised, and that nothing else is.

use std::collections::BTreeSet;

use super::differences::{ALL, Where};
use super::generate;
use super::normalise::normalise;
use super::script::Script;
use super::shrink::shrink;

fn script(seed: u64) -> Script {
    generate::script(seed)
}

/// The first script with a dynamic supervisor at the root, and its label.
fn with_dynamic() -> (Script, String) {
    (1..)
        .map(script)
        .find_map(|script| {
            let label = script.nodes.iter().map(|node| node.label.clone());
            let found = label.clone().find(|label| script.is_dynamic(label))?;
            Some((script, found))
        })
        .expect("one of the first scripts has one")
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_seed_leads_to_the_same_script_every_time_and_another_seed_to_another() {
    for seed in 1..50 {
        assert_eq!(script(seed).text(1), script(seed).text(1));
        assert_ne!(script(seed).steps, script(seed + 1).steps);
    }
}

#[test]
fn the_scripts_reach_every_kind_of_child_and_every_operation() {
    let text: String = (1..=200).map(|seed| script(seed).text(1)).collect();
    let wanted = "sup dyn worker one_for_one one_for_all rest_for_one any_significant all_significant \
                  permanent transient temporary brutal infinity 25 500 3600000 plan ignore fail exit \
                  kill killheld signal start term termid restart delete which count busy init stop \
                  normal shutdown shutdown:x error:e crash";
    let words: std::collections::HashSet<&str> = text.split_whitespace().collect();
    for word in wanted.split_whitespace() {
        assert!(words.contains(word), "{word}");
    }
}

#[test]
fn what_is_no_deliberate_difference_is_not_normalised() {
    let script = script(1);
    let log = lines(
        "step 1
         start r.1#1
         term r.1#1 shutdown
         exit r.1#1 shutdown
         report r#1 child_terminated r.1 crash
         reply error running
         which r r.2#1 r.1#1
         count r 2 2 0 2",
    );
    assert_eq!(normalise(&script, &log), log);
}

#[test]
fn below_a_killed_supervisor_it_only_counts_who_is_gone() {
    let script = script(1);
    let log = |ends: &str| {
        lines(&format!("step 0\nstart r#1\nstart r.1#1\nstart r.1.1#1\nstep 1\n{ends}\nstep 2"))
    };
    // The root is a supervisor in every script.
    let here = normalise(&script, &log("exit r.1.1#1 killed\nexit r.1#1 killed\nexit r#1 killed"));
    let there = normalise(
        &script,
        &log("exit r#1 killed\nterm r.1#1 killed\nexit r.1#1 killed\nexit r.1.1#1 shutdown"),
    );
    assert_eq!(here, there);
    let alive = normalise(&script, &log("exit r.1#1 killed\nexit r#1 killed"));
    assert_ne!(here, alive, "one that lives on is a difference");
    let orderly = normalise(&script, &log("exit r.1.1#1 shutdown\nexit r.1#1 shutdown"));
    assert_ne!(orderly, normalise(&script, &log("exit r.1#1 shutdown\nexit r.1.1#1 shutdown")));
}

#[test]
fn children_of_a_dynamic_supervisor_are_sorted_and_counted_and_others_are_not() {
    let (script, d) = with_dynamic();
    let log = lines(&format!(
        "step 1
         exit {d}.d2#1 shutdown
         exit {d}.d1#1 shutdown
         report {d}#1 shutdown_error *1 killed
         report {d}#1 shutdown_error *1 killed
         which {d} {d}.d2#1 {d}.d1#1
         count {d} 2 2 0 2"
    ));
    let expected = lines(&format!(
        "step 1
         exit {d}.d1#1 shutdown
         exit {d}.d2#1 shutdown
         report {d}#1 shutdown_error *2 killed
         which {d} {d}.d1#1 {d}.d2#1
         count {d} - 2 0 2"
    ));
    assert_eq!(normalise(&script, &log), expected);
}

#[test]
fn shrinking_keeps_what_the_difference_needs_and_little_else() {
    let script = (1..).map(script).find(|script| script.text(1).contains("busy ")).expect("some");
    let wanted = script.steps.iter().flat_map(|step| &step.ops).find(|op| op.starts_with("busy "));
    let wanted = wanted.expect("it is there").clone();
    let small = shrink(script, |candidates| {
        Ok(candidates.iter().position(|script| script.text(1).contains(&wanted)))
    })
    .expect("nothing fails");
    assert_eq!(small.steps.len(), 1);
    assert_eq!(small.steps[0].ops.len(), 2);
    assert!(small.plans.is_empty());
}

#[test]
fn every_deliberate_difference_is_in_the_documentation() {
    let page = include_str!("../../../docs/SEMANTICS.md");
    let (_before, section) =
        page.split_once("\n### Deliberate differences\n").expect("it has the section");
    let documented: BTreeSet<&str> =
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let known: BTreeSet<&str> = ALL.iter().map(|difference| difference.name).collect();
    assert_eq!(documented, known);
    let normalised = include_str!("normalise.rs");
    for difference in ALL.iter().filter(|difference| difference.place == Where::Log) {
        assert!(normalised.contains(difference.name), "{}", difference.name);
    }
}
