//! Which suppressions count.

use crate::fixture::Fixture;

#[test]
fn suppressions_count_with_rule_and_reason_and_are_found_when_they_are_bare_or_stale() {
    let findings = Fixture::new("suppression").check();
    let noted = findings.iter().filter(|finding| {
        finding["help"].as_str().is_some_and(|help| help.contains("counts when its reason begins"))
    });
    assert!(noted.count() >= 1, "an attribute without a rule is explained at the finding");
}
