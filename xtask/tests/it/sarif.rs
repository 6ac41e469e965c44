//! The schema of SARIF 2.1.0, and what it cannot say.
//!
//! The schema is that of the standard. It lies in a package that is in the lock file for its sake and is
//! never compiled.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::fixture::root;

/// The package, and the schema in its folder.
const PACKAGE: &str = "serde-sarif";
const FILE: &str = "src/schema.json";

/// Fails on what breaks the schema, and on a reference within the log that leads to something else.
pub(crate) fn check(log: &Value) {
    let (schemas, sarif) = schema();
    if let Err(error) = schemas.validate(log, sarif) {
        panic!("{error:#}");
    }
    for run in log["runs"].as_array().expect("the schema demands an array") {
        let rules = &run["tool"]["driver"]["rules"];
        for result in run["results"].as_array().expect("what was run has results") {
            let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
            assert_eq!(rules[index.expect("an index")]["id"], result["ruleId"]);
            let artifact = &result["locations"][0]["physicalLocation"]["artifactLocation"];
            let uri = artifact["uri"].as_str().expect("a place is in a file");
            assert!(!uri.starts_with('/') && !uri.contains([':', '\\']), "{uri} is relative");
            let base = artifact["uriBaseId"].as_str().expect("relative to something");
            assert!(run["originalUriBaseIds"].get(base).is_some(), "{base} is known");
        }
    }
}

fn schema() -> (Schemas, SchemaIndex) {
    let text = fs::read_to_string(folder_of(PACKAGE).join(FILE)).expect("the schema is there");
    let schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("sarif.json", schema).expect("the schema has a name");
    let sarif = compiler.compile("sarif.json", &mut schemas).expect("it is a schema");
    (schemas, sarif)
}

/// Where cargo keeps a package of the lock file.
fn folder_of(package: &str) -> PathBuf {
    let output = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("cargo starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`cargo fetch` brings what this needs: {complaint}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let own = packages.iter().find(|one| one["name"] == package).expect("it is in the lock file");
    let manifest = Path::new(own["manifest_path"].as_str().expect("a path is text"));
    manifest.parent().expect("a manifest lies in a folder").to_owned()
}

/// The check is no check if the schema lets everything pass.
#[test]
fn what_is_misspelt_missing_or_of_another_kind_breaks_the_schema() {
    let (schemas, sarif) = schema();
    let log = |run: &str| -> Value {
        let text = format!("{{\"version\": \"2.1.0\", \"runs\": [{run}]}}");
        serde_json::from_str(&text).expect("it is JSON")
    };
    let driver = "\"tool\": {\"driver\": {\"name\": \"lint\"}}";
    let valid = |run: String| schemas.validate(&log(&run), sarif).is_ok();
    assert!(valid(format!("{{{driver}}}")));
    assert!(!valid("{}".to_owned()));
    assert!(!valid(format!("{{{driver}, \"result\": []}}")));
    assert!(!valid(format!("{{{driver}, \"results\": [{{\"level\": \"error\"}}]}}")));
    assert!(!valid(format!(
        "{{{driver}, \"results\": [{{\"message\": {{\"text\": \"a\"}}, \"level\": \"deny\"}}]}}"
    )));
    assert!(valid(format!(
        "{{{driver}, \"results\": [{{\"message\": {{\"text\": \"a\"}}, \"level\": \"error\"}}]}}"
    )));
}
