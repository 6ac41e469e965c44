//! What the schema of SARIF 2.1.0 demands of the parts that the lint writes.
//!
//! The schema closes every object (`additionalProperties: false`), so an unknown key is as wrong as a
//! missing one.

use serde_json::Value;

/// Fails on the first place where a log breaks the schema.
pub(crate) fn check(log: &Value) {
    keys(log, &["version", "runs"], &["$schema", "properties"]);
    assert_eq!(log["version"], "2.1.0");
    for run in items(&log["runs"]) {
        let optional = ["results", "invocations", "originalUriBaseIds", "columnKind"];
        keys(run, &["tool"], &optional);
        assert!(["utf16CodeUnits", "unicodeCodePoints"].contains(&text(&run["columnKind"])));
        keys(&run["tool"], &["driver"], &["extensions"]);
        let driver = &run["tool"]["driver"];
        keys(driver, &["name"], &["rules", "semanticVersion", "version", "informationUri"]);
        assert_eq!(text(&driver["semanticVersion"]).split('.').count(), 3);
        items(&driver["rules"]).iter().for_each(rule);
        for invocation in items(&run["invocations"]) {
            keys(invocation, &["executionSuccessful"], &[]);
            assert!(invocation["executionSuccessful"].is_boolean());
        }
        for base in run["originalUriBaseIds"].as_object().expect("an object").values() {
            keys(base, &[], &["uri", "uriBaseId", "description"]);
            message(&base["description"]);
        }
        for result in items(&run["results"]) {
            check_result(run, result);
        }
    }
}

fn rule(rule: &Value) {
    let optional =
        ["name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "helpUri"];
    keys(rule, &["id"], &optional);
    text(&rule["id"]);
    text(&rule["name"]);
    for description in ["shortDescription", "fullDescription", "help"] {
        message(&rule[description]);
    }
    let configuration = &rule["defaultConfiguration"];
    keys(configuration, &[], &["enabled", "level", "rank", "parameters"]);
    level(&configuration["level"]);
    assert!(configuration["enabled"].is_boolean());
}

fn check_result(run: &Value, result: &Value) {
    let optional =
        ["ruleId", "ruleIndex", "level", "locations", "partialFingerprints", "suppressions"];
    keys(result, &["message"], &optional);
    message(&result["message"]);
    level(&result["level"]);
    let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("it fits");
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    for location in items(&result["locations"]) {
        keys(location, &[], &["physicalLocation", "logicalLocations"]);
        let physical = &location["physicalLocation"];
        keys(physical, &["artifactLocation"], &["region"]);
        let artifact = &physical["artifactLocation"];
        keys(artifact, &[], &["uri", "uriBaseId"]);
        let uri = text(&artifact["uri"]);
        assert!(!uri.starts_with('/') && !uri.contains([':', ' ', '\\']), "{uri} is relative");
        assert!(run["originalUriBaseIds"].get(text(&artifact["uriBaseId"])).is_some());
        let region = &physical["region"];
        keys(region, &[], &["startLine", "startColumn", "endLine", "endColumn"]);
        assert!(
            region["startLine"].as_u64() >= Some(1) && region["startColumn"].as_u64() >= Some(1)
        );
        for logical in location["logicalLocations"].as_array().into_iter().flatten() {
            keys(logical, &[], &["fullyQualifiedName", "name", "kind"]);
        }
    }
    for print in result["partialFingerprints"].as_object().expect("an object").values() {
        text(print);
    }
    if result.get("suppressions").is_some() {
        for suppression in items(&result["suppressions"]) {
            keys(suppression, &["kind"], &["justification", "status", "location", "guid"]);
            assert!(["inSource", "external"].contains(&text(&suppression["kind"])));
            text(&suppression["justification"]);
        }
    }
}

fn keys(object: &Value, required: &[&str], optional: &[&str]) {
    let object = object.as_object().expect("an object");
    for key in required {
        assert!(object.contains_key(*key), "{key} is missing");
    }
    for key in object.keys().map(String::as_str) {
        assert!(required.contains(&key) || optional.contains(&key), "{key} is unknown");
    }
}

fn items(list: &Value) -> &Vec<Value> {
    list.as_array().expect("an array")
}

fn text(value: &Value) -> &str {
    let text = value.as_str().expect("a string");
    assert!(!text.is_empty());
    text
}

fn message(message: &Value) {
    keys(message, &["text"], &["markdown", "id", "arguments"]);
    text(&message["text"]);
}

fn level(level: &Value) {
    assert!(["none", "note", "warning", "error"].contains(&text(level)));
}

#[test]
#[should_panic(expected = "artefactLocation is unknown")]
fn a_misspelt_key_breaks_the_schema() {
    keys(&serde_json::json!({ "artefactLocation": 1 }), &[], &["artifactLocation"]);
}
