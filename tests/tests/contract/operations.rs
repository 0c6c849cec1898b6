//! The committed document, operation by operation.

use http::{Method, StatusCode};
use serde_json::Value;
use std::collections::BTreeMap;

/// The document as it is committed.
pub(crate) const DOCUMENT: &str = include_str!("../../../web/openapi.json");

/// Whose token an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// A person's.
    Person,
    /// An agent's.
    Agent,
    /// None.
    Anybody,
}

/// Where a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) schema: Value,
}

pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    /// With `{…}` in it.
    pub(crate) path: String,
    pub(crate) who: Who,
    pub(crate) parameters: Vec<Parameter>,
    /// The body's schema, and whether there must be one.
    pub(crate) body: Option<(Value, bool)>,
    /// By status (`200`, `4XX`), the content type of its body.
    pub(crate) responses: BTreeMap<String, Option<String>>,
}

impl Operation {
    pub(crate) fn takes(&self, place: Place, name: &str) -> bool {
        self.parameters.iter().any(|it| it.place == place && it.name == name)
    }

    /// Whether the document names this status, by itself or by its range.
    pub(crate) fn documents(&self, status: StatusCode) -> bool {
        let range = format!("{}XX", status.as_u16() / 100);
        self.responses.contains_key(status.as_str()) || self.responses.contains_key(&range)
    }

    /// The status of its success.
    pub(crate) fn success(&self) -> &str {
        let found = self.responses.keys().find(|status| status.starts_with('2'));
        found.expect("every operation can succeed")
    }

    /// The fields of its body, by name.
    pub(crate) fn fields(&self) -> BTreeMap<String, Value> {
        let properties = self.body.as_ref().and_then(|body| body.0["properties"].as_object());
        properties.into_iter().flatten().map(|(name, it)| (name.clone(), it.clone())).collect()
    }

    /// Whether its body must have this field.
    pub(crate) fn requires(&self, field: &str) -> bool {
        let required = self.body.as_ref().and_then(|body| body.0["required"].as_array());
        required.is_some_and(|names| names.iter().any(|name| name == field))
    }
}

/// All operations.
pub(crate) fn all() -> Vec<Operation> {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, it) in methods.as_object().unwrap() {
            operations.push(operation(&document, path, method, it));
        }
    }
    assert!(operations.len() > 30, "only {} operations were found", operations.len());
    operations
}

fn operation(document: &Value, path: &str, method: &str, it: &Value) -> Operation {
    let who = match it["security"].get(0) {
        None => Who::Person,
        Some(one) if one.get("agent_key").is_some() => Who::Agent,
        Some(_) => Who::Anybody,
    };
    let parameters = it["parameters"].as_array().cloned().unwrap_or_default();
    let body = it.get("requestBody").map(|body| {
        let mut schema = resolved(document, &body["content"]["application/json"]["schema"]);
        if let Some(first) = schema["oneOf"].get(0) {
            schema = resolved(document, first);
        }
        (schema, body["required"] == true)
    });
    let responses = it["responses"].as_object().unwrap().iter().map(|(status, response)| {
        let kind = response["content"].as_object().and_then(|kinds| kinds.keys().next().cloned());
        (status.clone(), kind)
    });
    Operation {
        id: it["operationId"].as_str().unwrap().to_owned(),
        method: method.to_uppercase().parse().unwrap(),
        path: path.to_owned(),
        who,
        parameters: parameters.iter().map(|it| parameter(document, it)).collect(),
        body,
        responses: responses.collect(),
    }
}

fn parameter(document: &Value, it: &Value) -> Parameter {
    Parameter {
        name: it["name"].as_str().unwrap().to_owned(),
        place: match it["in"].as_str().unwrap() {
            "path" => Place::Path,
            "query" => Place::Query,
            "header" => Place::Header,
            other => panic!("a parameter in {other}"),
        },
        required: it["required"] == true,
        schema: resolved(document, &it["schema"]),
    }
}

/// A schema, or the one it names.
fn resolved(document: &Value, schema: &Value) -> Value {
    match schema["$ref"].as_str() {
        Some(name) => document.pointer(name.trim_start_matches('#')).unwrap().clone(),
        None => schema.clone(),
    }
}
