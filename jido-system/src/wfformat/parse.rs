//! From bytes to the shape of a document: syntax and types, nothing about their meaning.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};

use super::error::WorkflowError;
use super::workflow::Workflow;
use super::{pointer, validate};

impl Workflow {
    /// Reads and checks a WfFormat document of version 1.5 or 1.6.
    ///
    /// Tasks keep the order of the document. Edges are the union of what `parents` and `children`
    /// say. Runtimes and commands come from the execution entry with the task's id; a task without
    /// one has runtime 0 and no command. Fields that are not used are skipped, whatever they
    /// contain. Cost: O(bytes + edges log edges), and no recursion over the graph.
    ///
    /// # Errors
    /// See [`WorkflowError`]; each variant names its place. Only the first mistake is reported.
    ///
    /// # Examples
    /// ```
    /// use jido_system::Workflow;
    ///
    /// let error = Workflow::parse(br#"{
    ///     "name": "w", "schemaVersion": "1.5",
    ///     "workflow": { "specification": { "tasks": [{ "id": "a", "parents": ["b"] }] } }
    /// }"#)
    /// .unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "unknown parent \"b\" at /workflow/specification/tasks/0/parents/0"
    /// );
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self, WorkflowError> {
        let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, &error))?;
        // The version first: a document of another version may have quite another shape.
        let Object(Header { schema_version }) = read::<Object<Header>>(text)?;
        let version = validate::version(schema_version)?;
        let Object(document) = read::<Object<Document>>(text)?;
        validate::document(document, version)
    }
}

/// What is read before anything else.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "schemaVersion")]
    schema_version: Option<String>,
}

/// The parts of a document that matter here.
#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) workflow: Object<Body>,
}

#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) specification: Object<Specification>,
    pub(super) execution: Option<Object<Execution>>,
}

#[derive(Deserialize)]
pub(super) struct Specification {
    #[serde(default)]
    pub(super) tasks: Vec<Object<SpecificationTask>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpecificationTask {
    pub(super) id: String,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) parents: Vec<String>,
    #[serde(default)]
    pub(super) children: Vec<String>,
    #[serde(default)]
    pub(super) input_files: Vec<String>,
    #[serde(default)]
    pub(super) output_files: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Execution {
    #[serde(default)]
    pub(super) tasks: Vec<Object<ExecutionTask>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecutionTask {
    pub(super) id: String,
    #[serde(default)]
    pub(super) runtime_in_seconds: f64,
    pub(super) command: Option<Object<Command>>,
}

#[derive(Deserialize)]
pub(super) struct Command {
    pub(super) program: Option<String>,
    #[serde(default)]
    pub(super) arguments: Vec<String>,
}

/// A `T` that must be written as a JSON object: by itself serde takes an array for a struct, too.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, WorkflowError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = pointer::of_path(error.path());
        refused(place, error.inner())
    })?;
    json.end().map_err(|error| refused(String::new(), &error))?;
    Ok(value)
}

fn refused(place: String, error: &serde_json::Error) -> WorkflowError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let detail =
        message.rsplit_once(" at line ").map_or(&*message, |(detail, _)| detail).to_owned();
    if error.is_data() {
        WorkflowError::Type { place, line, column, detail }
    } else {
        WorkflowError::Syntax { line, column, detail }
    }
}

fn not_utf8(bytes: &[u8], error: &std::str::Utf8Error) -> WorkflowError {
    let before = &bytes[..error.valid_up_to()];
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    WorkflowError::Syntax {
        line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
        column: before.len() - line_start + 1,
        detail: "invalid UTF-8".to_owned(),
    }
}
