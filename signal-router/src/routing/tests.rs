//! The matcher against an independent recogniser, and the order of what it finds.

use proptest::prelude::*;

use crate::error::ParsePatternError;
use crate::routing::matcher::{Matcher, RouteId};
use crate::routing::pattern::{Pattern, PatternClass};
use crate::routing::priority::Priority;
use crate::signal::signal_type::SignalType;

fn pattern(text: &str) -> Pattern {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn kind(text: &str) -> SignalType {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Says what a pattern means, in the shortest way: by its grammar, one segment at a time.
fn naive(pattern: &[&str], kind: &[&str]) -> bool {
    match (pattern.split_first(), kind.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((&"**", rest)), None) => naive(rest, kind),
        (Some((&"**", rest)), Some((_, tail))) => naive(rest, kind) || naive(pattern, tail),
        (Some(_), None) => false,
        (Some((head, rest)), Some((segment, tail))) => {
            (*head == "*" || head == segment) && naive(rest, tail)
        }
    }
}

fn naive_match(pattern: &str, kind: &str) -> bool {
    let (pattern, kind): (Vec<_>, Vec<_>) =
        (pattern.split('.').collect(), kind.split('.').collect());
    naive(&pattern, &kind)
}

/// Routes `kind` through `routes` (pattern, priority) and compares the positions that match.
#[track_caller]
fn check(routes: &[(&str, i32)], wanted: &[(&str, &[usize])]) {
    let mut matcher = Matcher::new();
    for (index, (text, priority)) in routes.iter().enumerate() {
        let priority = Priority::new(*priority).expect("a priority");
        matcher.insert(pattern(text), priority, index);
    }
    assert_eq!(matcher.len(), routes.len());
    for (text, positions) in wanted {
        let found: Vec<_> = matcher.matches(&kind(text)).map(|route| *route.value()).collect();
        assert_eq!(&found, positions, "{text} through {routes:?}");
        assert_eq!(matcher.is_match(&kind(text)), !positions.is_empty(), "{text} in {routes:?}");
    }
}

#[test]
fn a_longer_type_never_reaches_a_shorter_exact_route() {
    check(
        &[("user", 0), ("user.created", 0)],
        &[("user.created", &[1]), ("user.x", &[]), ("user", &[0])],
    );
}

#[test]
fn a_star_is_one_segment_and_never_two() {
    check(&[("user.*", 0)], &[("user.a", &[0]), ("user.a.b", &[]), ("user", &[])]);
}

#[test]
fn a_double_star_is_zero_or_more_segments_anywhere() {
    check(&[("audit.**", 0)], &[("audit", &[0]), ("audit.a.b", &[0]), ("auditor", &[])]);
    check(&[("a.**.b", 0)], &[("a.b", &[0]), ("a.x.y.b", &[0]), ("a.b.x", &[])]);
    check(&[("**.b", 0)], &[("b", &[0]), ("a.b", &[0]), ("b.a", &[])]);
    check(&[("**", 0)], &[("a", &[0]), ("a.b.c", &[0])]);
}

#[test]
fn a_route_that_matches_in_several_ways_is_found_once() {
    check(&[("**.b", 0)], &[("a.b.b", &[0]), ("b.b.b", &[0])]);
    check(&[("**.*.**", 0)], &[("a.b.c.d", &[0])]);
    check(&[("**.a.**.a.**", 0), ("**.a.**", 0)], &[("a.a.a.a", &[0, 1])]);
    check(&[("**.*.**.*", 0)], &[("a", &[]), ("a.a.a.a.a", &[0])]);
}

#[test]
fn routes_of_one_pattern_and_priority_keep_the_order_of_registration() {
    check(&[("e", 0), ("e", 0), ("e", 0), ("e", 0)], &[("e", &[0, 1, 2, 3])]);
    check(&[("e.*", 0), ("e.*", 0), ("e.*", 0), ("e.*", 0)], &[("e.x", &[0, 1, 2, 3])]);
    check(&[("e.**", 0), ("e.**", 0), ("e.**", 0), ("e.**", 0)], &[("e", &[0, 1, 2, 3])]);
}

#[test]
fn priority_orders_routes_of_one_pattern_and_ties_keep_registration() {
    let routes = [("p", 0), ("p", 100), ("p", -100), ("p", 100), ("p", 0)];
    check(&routes, &[("p", &[1, 3, 0, 4, 2])]);
    let routes = [("p.*", 0), ("p.*", 100), ("p.*", -100), ("p.*", 100), ("p.*", 0)];
    check(&routes, &[("p.x", &[1, 3, 0, 4, 2])]);
}

#[test]
fn class_and_specificity_outrank_priority() {
    let routes = [("**", 100), ("a.*.c", 50), ("a.b.*", 0), ("a.**", 100), ("a.b.c", -100)];
    check(&routes, &[("a.b.c", &[4, 2, 1, 3, 0])]);
    let routes = [("*.*.*", 100), ("*.b.c", 0), ("a.*.*", 100), ("a.b.*", -100)];
    check(&routes, &[("a.b.c", &[3, 1, 2, 0])]);
    let routes = [("**", 1), ("**.c", 1), ("a.**", 1), ("a.**.c", 1), ("a.*.**", 1)];
    check(&routes, &[("a.b.c", &[3, 4, 2, 1, 0])]);
}

#[test]
fn specificity_is_literals_then_segments_then_places_to_stretch_then_literals_on_the_left() {
    check(&[("a.*", 0), ("*.b", 100)], &[("a.b", &[0, 1])]);
    check(&[("**.a", 100), ("*.**.a", 0)], &[("x.a", &[1, 0])]);
    check(&[("a.**", 100), ("**.*.a.**", 0)], &[("a.a", &[1, 0])]);
    // The second stretches only between its literals, however often it says so.
    check(&[("**.a.**.*.*.b", 100), ("a.**.*.**.*.**.b", 0)], &[("a.x.y.b", &[1, 0])]);
}

#[test]
fn removing_a_route_removes_that_route_only() {
    for texts in [["a", "a.b", "a.b.c"], ["*", "*.b", "*.b.c"], ["**", "**.b", "**.b.c"]] {
        let mut matcher = Matcher::new();
        let ids: Vec<_> = texts
            .iter()
            .map(|text| matcher.insert(pattern(text), Priority::default(), ()))
            .collect();
        let before = matcher.clone();
        assert!(matcher.remove(ids[0]).is_some());
        assert!(matcher.remove(ids[0]).is_none(), "it is gone");
        let left: Vec<_> = matcher.iter().map(|route| route.pattern().as_str()).collect();
        assert_eq!(left, texts[1..]);
        assert_eq!(matcher.len(), 2);
        assert!(matcher.is_match(&kind("x.b.c")) == texts[0].contains('*'));
        assert_eq!(before.len(), 3, "an older version never changes");
    }
}

#[test]
fn an_emptied_matcher_holds_no_node() {
    let mut matcher = Matcher::new();
    let texts = ["a.*.c", "a.**.c", "a.*", "**", "x.y"];
    let ids: Vec<_> =
        texts.iter().map(|text| matcher.insert(pattern(text), Priority::default(), ())).collect();
    for id in ids {
        matcher.remove(id);
    }
    assert!(matcher.is_empty());
    assert!(matcher.has_no_nodes());
}

#[test]
fn the_grammar_of_patterns_is_enforced() {
    use ParsePatternError as E;
    let check = |text: &str, wanted: E| assert_eq!(Pattern::parse(text), Err(wanted), "{text:?}");
    check("", E::Empty);
    check("a..b", E::EmptySegment { index: 1 });
    check(".a", E::EmptySegment { index: 0 });
    check("a.", E::EmptySegment { index: 1 });
    check("a.b*", E::PartialWildcard { index: 1 });
    check("***", E::PartialWildcard { index: 0 });
    check("a.b c", E::IllegalCharacter { index: 1, character: ' ' });
    check("a.\u{e9}", E::IllegalCharacter { index: 1, character: '\u{e9}' });
    check("a.**.**", E::AdjacentMultiWildcards { index: 2 });
    check(&vec!["a"; 33].join("."), E::TooManySegments { count: 33 });
    check(&"a".repeat(256), E::TooLong { len_bytes: 256 });
    for text in
        ["a", "A-z_9.*", "**", "*.**.*", "**.a.**", &vec!["*"; 32].join("."), &"a".repeat(255)]
    {
        assert_eq!(Pattern::parse(text).map(|pattern| pattern.to_string()), Ok(text.to_owned()));
    }
}

#[test]
fn the_class_of_a_pattern_is_that_of_its_widest_wildcard() {
    assert_eq!(pattern("a.b").class(), PatternClass::Exact);
    assert_eq!(pattern("a.*").class(), PatternClass::SingleWildcard);
    assert_eq!(pattern("*.**").class(), PatternClass::MultiWildcard);
}

#[test]
fn priorities_end_at_one_hundred() {
    for value in [-100, 0, 100] {
        assert_eq!(Priority::new(value).map(Priority::value), Ok(value));
    }
    for value in [-101, 101, 127, i32::MAX] {
        assert!(Priority::new(value).is_err(), "{value}");
    }
}

#[test]
fn many_stretching_patterns_on_a_deep_type_cost_no_more_than_their_number() {
    let mut matcher = Matcher::new();
    for stars in 1..=16 {
        for literals in 0..16 {
            let text = format!("{}{}", "**.a.".repeat(stars), "a.".repeat(literals));
            if let Ok(pattern) = Pattern::parse(text.trim_end_matches('.')) {
                matcher.insert(pattern, Priority::default(), ());
            }
        }
    }
    // Every pattern wants at most 32 of the 32 segments, so all match, each in a great many ways.
    let deep = kind(&vec!["a"; 32].join("."));
    assert_eq!(matcher.matches(&deep).count(), matcher.len());
}

fn a_pattern() -> impl Strategy<Value = String> {
    let segment = prop_oneof![Just("a"), Just("b"), Just("c"), Just("*"), Just("**")];
    proptest::collection::vec(segment, 1..6).prop_map(|mut segments| {
        segments.dedup_by(|a, b| a == b && *a == "**");
        segments.join(".")
    })
}

fn a_type() -> impl Strategy<Value = String> {
    let segment = prop_oneof![Just("a"), Just("b"), Just("c"), Just("d")];
    proptest::collection::vec(segment, 1..8).prop_map(|segments| segments.join("."))
}

/// All types of up to five segments over two named segments and one that no pattern names.
fn universe() -> Vec<String> {
    let mut all = Vec::new();
    let mut layer = vec![String::new()];
    for _ in 0..5 {
        layer = layer
            .iter()
            .flat_map(|head| ["a", "b", "z"].map(|tail| format!("{head}.{tail}")))
            .collect();
        all.extend(layer.iter().map(|text| text[1..].to_owned()));
    }
    all
}

proptest! {
    #[test]
    fn the_matcher_agrees_with_a_naive_recogniser(
        patterns in proptest::collection::vec(a_pattern(), 0..24),
        kinds in proptest::collection::vec(a_type(), 1..12),
        removed in proptest::collection::vec(any::<bool>(), 24),
    ) {
        let mut matcher = Matcher::new();
        let mut live: Vec<(RouteId, &str)> = Vec::new();
        for text in &patterns {
            live.push((matcher.insert(pattern(text), Priority::default(), ()), text));
        }
        let mut flags = removed.iter();
        live.retain(|(id, _)| {
            let keep = !flags.next().expect("a flag for each");
            if !keep {
                assert!(matcher.remove(*id).is_some());
            }
            keep
        });
        prop_assert_eq!(matcher.len(), live.len());
        prop_assert_eq!(matcher.iter().count(), live.len());
        for text in &kinds {
            let mut wanted: Vec<_> =
                live.iter().filter(|(_, p)| naive_match(p, text)).map(|(id, _)| *id).collect();
            wanted.sort();
            let mut found: Vec<_> = matcher.matches(&kind(text)).map(|route| route.id()).collect();
            found.sort();
            prop_assert_eq!(found, wanted, "{}", text);
            for (_, one) in &live {
                prop_assert_eq!(pattern(one).matches(&kind(text)), naive_match(one, text));
            }
        }
    }

    #[test]
    fn the_order_is_class_then_specificity_then_priority_then_registration(
        routes in proptest::collection::vec((a_pattern(), -2_i32..3), 0..24),
        text in a_type(),
    ) {
        let mut matcher = Matcher::new();
        for (text, priority) in &routes {
            matcher.insert(pattern(text), Priority::new(*priority).expect("small"), ());
        }
        let found: Vec<_> = matcher.matches(&kind(&text)).collect();
        for pair in found.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            prop_assert!(before.pattern().class() <= after.pattern().class());
            if before.pattern() == after.pattern() {
                let key = |route: &crate::routing::matcher::Route<()>| (-route.priority().value(), route.id());
                prop_assert!(key(before) < key(after));
            }
        }
    }

    #[test]
    fn a_pattern_within_another_is_never_served_after_it(
        (one, other) in (short_pattern(), short_pattern()),
    ) {
        let (mut only_one, mut only_other) = (false, false);
        for text in universe() {
            let (a, b) = (naive_match(&one, &text), naive_match(&other, &text));
            only_one |= a && !b;
            only_other |= b && !a;
        }
        if only_other && !only_one {
            prop_assert!(pattern(&one).rank() < pattern(&other).rank(), "{} in {}", one, other);
        }
    }
}

fn short_pattern() -> impl Strategy<Value = String> {
    let segment = prop_oneof![Just("a"), Just("b"), Just("*"), Just("**"), Just("**")];
    proptest::collection::vec(segment, 1..5).prop_map(|mut segments| {
        segments.dedup_by(|a, b| a == b && *a == "**");
        segments.join(".")
    })
}
