//! What scripts are generated, what is normalised, and that nothing else is.

use std::collections::BTreeSet;

use super::differences::{ALL, Where};
use super::generate;
use super::normalise::normalise;
use super::script::{Named, Role, Script, Step, is_within, parent};
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
                  frozen link unlink name n1 n2 \
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
    let linked = "trapped r.1.1#1 killed\nexit r.1.1#1 killed\nexit r.1#1 killed\nexit r#1 killed";
    assert_eq!(here, normalise(&script, &log(linked)));
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
fn where_otp_miscounts_one_number_is_left_out_and_elsewhere_it_is_compared() {
    let (mut script, d) = with_dynamic();
    let counted = format!("count {d} - 1 0 1");
    let log =
        |step: &str| lines(&format!("step 1\ncount {d} 1 1 0 1\nstep {step}\ncount {d} 1 1 0 1"));
    let step = |ops: [String; 2]| Step { ops: ops.to_vec() };
    let term = format!("term {d} {d}.d1");
    script.steps = vec![
        step(["frozen".to_owned(), format!("kill {d}.d1")]),
        step(["frozen".to_owned(), term.clone()]),
        step([format!("busy init {d}.d1"), term]),
        Step { ops: vec![format!("term {d} {d}.d1")] },
    ];
    for (number, is_compared) in [("1", true), ("2", false), ("3", false), ("4", true)] {
        let normal = normalise(&script, &log(number));
        assert_eq!(normal[1], counted);
        assert_eq!(normal[3] == counted, is_compared, "step {number}");
    }
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
fn shrinking_lets_no_link_outlive_a_frozen_step() {
    let is_tangle = |step: &Step| step.ops[0] == "frozen" && two(&step.ops[1], "link").is_some();
    let script = (1..).map(script).find(|script| script.steps.iter().any(is_tangle));
    let script = script.expect("one of the first scripts has one");
    let small = shrink(script, |candidates| {
        let fires =
            |step: &Step| is_tangle(step) && step.ops.iter().any(|op| op.starts_with("exit "));
        Ok(candidates.iter().position(|script| script.steps.iter().any(fires)))
    });
    let small = small.expect("nothing fails");
    let [Step { ops }] = &small.steps[..] else { panic!("more than one step: {:?}", small.steps) };
    let verbs: Vec<&str> = ops.iter().filter_map(|op| op.split(' ').next()).collect();
    assert_eq!(verbs, ["frozen", "link", "exit", "unlink", "unlink"]);
}

#[test]
fn every_deliberate_difference_is_in_the_documentation() {
    let page = include_str!("../../../../../docs/SEMANTICS.md");
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

/// The words of an operation after its verb, by the table of `docs/CONFORMANCE.md`.
fn operands(verb: &str) -> Option<usize> {
    Some(match verb {
        "frozen" | "stop" => 0,
        "kill" | "killheld" | "which" | "count" | "clock" => 1,
        "busy" | "exit" | "signal" | "link" | "unlink" | "start" | "term" | "termid"
        | "restart" | "delete" => 2,
        _ => return None,
    })
}

#[test]
fn names_and_steps_come_back_out_of_the_text_and_every_operation_is_a_known_one() {
    for script in (1..=300).map(script) {
        let (mut names, mut steps) = (Vec::new(), Vec::new());
        let text = script.text(1);
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("name", rest)) => names.push(rest.to_owned()),
                Some(("step", rest)) => {
                    steps.push(Step { ops: rest.split(" ; ").map(str::to_owned).collect() });
                }
                _ => {}
            }
        }
        let named = |Named { label, name }: &Named| format!("{label} {name}");
        assert_eq!(names, script.names.iter().map(named).collect::<Vec<_>>());
        assert_eq!(steps, script.steps);
        for op in steps.iter().flat_map(|step| &step.ops) {
            let mut words = op.split(' ');
            assert_eq!(words.next().and_then(operands), Some(words.count()), "{op}");
        }
    }
}

/// The two labels of an operation with this verb.
fn two<'a>(op: &'a str, verb: &str) -> Option<(&'a str, &'a str)> {
    op.strip_prefix(verb)?.strip_prefix(' ')?.split_once(' ')
}

#[test]
fn a_link_outlives_its_step_only_between_children_of_one_supervisor() {
    for script in (1..=1_000).map(script) {
        for Step { ops } in &script.steps {
            for (index, op) in ops.iter().enumerate() {
                let Some((a, b)) = two(op, "link") else { continue };
                let undone = |other: &str, another: &str| {
                    ops[index..].iter().any(|op| two(op, "unlink") == Some((other, another)))
                };
                assert!(parent(a) == parent(b) || undone(a, b) && undone(b, a), "{op}");
                assert!(ops.len() == 1 || ops[0] == "frozen", "{op}");
            }
        }
    }
}

#[test]
fn no_supervisor_looks_while_one_of_a_pair_ends() {
    for script in (1..=1_000).map(script) {
        let at_rest = script.steps.iter().filter(|step| step.ops.len() == 1);
        let paired: BTreeSet<&str> = at_rest
            .filter_map(|step| two(&step.ops[0], "link"))
            .flat_map(|(a, b)| [a, b])
            .collect();
        for op in
            script.steps.iter().filter(|step| step.ops[0] != "frozen").flat_map(|step| &step.ops)
        {
            let mut words = op.split(' ');
            if matches!(words.next(), Some("exit" | "kill" | "signal")) {
                assert!(words.next().is_none_or(|label| !paired.contains(label)), "{op}");
            }
        }
    }
}

#[test]
fn nobody_kills_a_supervisor_below_which_a_name_is_held() {
    for script in (1..=1_000).map(script) {
        let killed: Vec<&str> = script
            .steps
            .iter()
            .flat_map(|step| &step.ops)
            .filter_map(|op| op.strip_prefix("kill "))
            .filter(|label| *label != "r" && !script.is_worker(label))
            .collect();
        for Named { label, .. } in &script.names {
            assert!(!killed.iter().any(|killed| is_within(label, killed)), "{label}");
        }
    }
}

/// What the frozen steps come to if every worker that they speak of runs when they begin.
#[derive(Debug, Default)]
struct Links {
    links: BTreeSet<[String; 2]>,
    ended: BTreeSet<String>,
    ended_by_link: usize,
    trapped: usize,
    passed_by: usize,
    to_nobody: usize,
    undone: usize,
    /// The most that one end led to.
    widest: usize,
}

impl Links {
    fn step(&mut self, script: &Script, step: &Step) {
        self.ended.clear();
        for op in &step.ops {
            let words: Vec<&str> = op.split(' ').collect();
            match words[..] {
                ["link" | "unlink", a, _] if self.ended.contains(a) => {}
                ["link", a, b] if self.ended.contains(b) => {
                    self.to_nobody += 1;
                    self.signal(script, a, "noproc");
                }
                ["link", a, b] => {
                    self.links.insert(edge(a, b));
                }
                ["unlink", a, b] => self.undone += usize::from(self.links.remove(&edge(a, b))),
                ["exit", label, reason] => self.end(script, label, reason),
                ["kill", label] => self.end(script, label, "killed"),
                ["signal", label, reason] if !is_trapping(script, label) && reason != "normal" => {
                    self.end(script, label, reason);
                }
                _ => {}
            }
        }
    }

    fn end(&mut self, script: &Script, label: &str, reason: &str) {
        if !self.ended.insert(label.to_owned()) {
            return;
        }
        let (fired, left): (BTreeSet<_>, BTreeSet<_>) = std::mem::take(&mut self.links)
            .into_iter()
            .partition(|link| link.iter().any(|end| end == label));
        self.links = left;
        self.widest = self.widest.max(fired.len());
        for peer in fired.iter().flatten().filter(|end| *end != label) {
            self.signal(script, peer, reason);
        }
    }

    fn signal(&mut self, script: &Script, label: &str, reason: &str) {
        if is_trapping(script, label) {
            self.trapped += 1;
        } else if reason == "normal" {
            self.passed_by += 1;
        } else {
            self.ended_by_link += 1;
            self.end(script, label, reason);
        }
    }
}

fn edge(a: &str, b: &str) -> [String; 2] {
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    [a.to_owned(), b.to_owned()]
}

fn is_trapping(script: &Script, label: &str) -> bool {
    let node = script.node(label).or_else(|| script.node(parent(label)?));
    node.is_some_and(|node| match node.role {
        Role::Worker(manners) | Role::Dynamic { manners, .. } => manners.is_trapping,
        Role::Supervisor { .. } => true,
    })
}

/// The default scripts cannot lose links and names without a word.
#[test]
fn the_default_scripts_have_links_that_fire_in_every_way_and_names_that_clash() {
    let (mut links, mut contested, mut contests) = (Links::default(), 0, 0);
    for script in (1..=200).map(script) {
        links.links.clear();
        for step in &script.steps {
            let is_link = two(&step.ops[0], "link").is_some();
            if !is_link && step.ops[0] != "frozen" {
                links.links.clear();
            }
            links.step(&script, step);
        }
        let rivals = |a: &Named, b: &Named| a.name == b.name && a.label != b.label;
        let is_contested = |a: &Named| script.names.iter().any(|b| rivals(a, b));
        contested += usize::from(script.names.iter().any(is_contested));
        let starts = script.steps.iter().flat_map(|step| &step.ops).filter(|op| {
            let started = two(op, "start").or_else(|| two(op, "restart")).map(|(_, label)| label);
            let named = script.names.iter().find(|named| Some(named.label.as_str()) == started);
            named.is_some_and(is_contested)
        });
        contests += starts.count();
    }
    let least = [
        ("ended by a link", links.ended_by_link, 30),
        ("signals trapped", links.trapped, 150),
        ("normal ends that pass by", links.passed_by, 20),
        ("links to one that has ended", links.to_nobody, 20),
        ("links taken away", links.undone, 80),
        ("trees with a name for several", contested, 50),
        ("starts of one of those", contests, 120),
    ];
    for (what, count, least) in least {
        assert!(count >= least, "{what}: {count}, not even {least}");
    }
    assert_eq!(links.widest, 1, "the order of several would be open");
}

#[test]
fn a_seed_alone_is_one_script_and_a_count_starts_at_the_first_seed() {
    let options = |line: &str| {
        let options =
            super::parse(line.split_whitespace().map(str::to_owned)).expect("it makes sense");
        (options.seed, options.seeds)
    };
    assert_eq!(options(""), (1, 200));
    assert_eq!(options("--seeds 2000"), (1, 2000));
    assert_eq!(options("--seed 17"), (17, 1));
    assert_eq!(options("--seed 17 --seeds 3"), (17, 3));
}
