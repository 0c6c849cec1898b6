//! What `kubectl get … -o json` printed, as files.

use crate::object::{Kind, Object};
use crate::snapshot::Objects;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::io::Read;

/// The command that makes a dump.
pub const KUBECTL_COMMAND: &str = "kubectl get nodes,pods,pdb,deployments,replicasets,statefulsets,daemonsets -A -o json > cluster.json";

/// Why a file is not a dump. Every message says how to make one.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// Nothing in it.
    #[error("the file is empty; make it with:\n  {KUBECTL_COMMAND}")]
    Empty,
    /// It begins like gzip and is none, or is cut off.
    #[error(
        "the file is gzip, but cannot be unpacked ({0}); make it again with:\n  {KUBECTL_COMMAND}"
    )]
    Gzip(std::io::Error),
    /// JSON that ends in the middle.
    #[error(
        "the file is cut off at line {line}, column {column}: the JSON does not end; make it again with:\n  {KUBECTL_COMMAND}"
    )]
    CutOff {
        /// Where it ends.
        line: usize,
        /// Where it ends.
        column: usize,
    },
    /// Not JSON.
    #[error(
        "the file is not JSON, it begins with {beginning:?}{hint}; make it with:\n  {KUBECTL_COMMAND}"
    )]
    NotJson {
        /// Its first characters.
        beginning: String,
        /// What it looks like.
        hint: &'static str,
    },
    /// JSON, but no list of objects.
    #[error(
        "the file is {found}, not a list of Kubernetes objects; make it with:\n  {KUBECTL_COMMAND}"
    )]
    NotAList {
        /// What it is.
        found: String,
    },
    /// Lists, but no nodes in any of them.
    #[error(
        "there are no nodes among the {objects} objects read; make the file with:\n  {KUBECTL_COMMAND}"
    )]
    NoNodes {
        /// Objects of other kinds.
        objects: usize,
    },
}

/// Reads one file: plain or gzip, one list, one object or several of them in a row.
///
/// An object that cannot be read becomes a finding.
pub fn read(bytes: &[u8]) -> Result<Objects, DumpError> {
    let json = unpacked(bytes)?;
    if json.trim_ascii().is_empty() {
        return Err(DumpError::Empty);
    }
    read_typed(&json).or_else(|_| read_one_by_one(&json))
}

/// Reads several files as one cluster. There must be nodes in them.
pub fn read_all<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Result<Objects, DumpError> {
    let mut all = Objects::default();
    for file in files {
        all.merge(read(file)?);
    }
    if all.nodes.is_empty() {
        return Err(DumpError::NoNodes { objects: all.len() });
    }
    Ok(all)
}

fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, DumpError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        // What PowerShell's `>` puts before UTF-8.
        return Ok(Cow::Borrowed(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)));
    }
    let mut json = Vec::with_capacity(bytes.len() * 12);
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut json).map_err(DumpError::Gzip)?;
    Ok(Cow::Owned(json))
}

/// The fast way, which takes only files in which every object can be read.
fn read_typed(json: &[u8]) -> Result<Objects, serde_json::Error> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Object>,
    }
    let mut objects = Objects::default();
    for list in serde_json::Deserializer::from_slice(json).into_iter::<List>() {
        list?.items.into_iter().for_each(|object| objects.push(object));
    }
    Ok(objects)
}

/// The patient way, which finds out what is wrong with a file or with an object in it.
fn read_one_by_one(json: &[u8]) -> Result<Objects, DumpError> {
    let mut objects = Objects::default();
    for document in serde_json::Deserializer::from_slice(json).into_iter::<Value>() {
        let mut document = document.map_err(|error| not_json(json, &error))?;
        let kind = document.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let items = document.get_mut("items").map(Value::take);
        match items {
            Some(Value::Array(items)) => {
                let default_kind = Kind::named(kind.strip_suffix("List").unwrap_or_default());
                crate::object::read_each(items, default_kind, &mut objects);
            }
            Some(Value::Null) if kind.ends_with("List") => {}
            _ if Kind::named(&kind) != Kind::Other => {
                crate::object::read_each(vec![document], Kind::Other, &mut objects);
            }
            _ => {
                return Err(DumpError::NotAList { found: describe(&document, &kind) });
            }
        }
    }
    Ok(objects)
}

fn not_json(json: &[u8], error: &serde_json::Error) -> DumpError {
    if error.is_eof() {
        return DumpError::CutOff { line: error.line(), column: error.column() };
    }
    let text = String::from_utf8_lossy(json.get(..200).unwrap_or(json));
    let text = text.trim_start();
    let beginning = text.lines().next().unwrap_or_default().chars().take(40).collect();
    let hint = if text.starts_with("apiVersion:") || text.starts_with("---") {
        " (YAML: ask for -o json)"
    } else if text.starts_with("NAME") {
        " (kubectl's table: ask for -o json)"
    } else if text.starts_with("error") || text.starts_with("Error") || text.starts_with("Unable") {
        " (an error message of kubectl)"
    } else if text.starts_with('{') {
        " (JSON with a fault in it)"
    } else {
        ""
    };
    DumpError::NotJson { beginning, hint }
}

fn describe(document: &Value, kind: &str) -> String {
    match document {
        Value::Object(_) if kind == "Status" => {
            let message = document.get("message").and_then(Value::as_str).unwrap_or_default();
            format!("an error of the API server ({message})")
        }
        Value::Object(_) if !kind.is_empty() => format!("one object of kind {kind}"),
        Value::Object(fields) => {
            let names: Vec<&str> = fields.keys().take(5).map(String::as_str).collect();
            format!("a JSON object with the fields {}", names.join(", "))
        }
        Value::Array(_) => "a bare JSON array".to_owned(),
        other => format!("the JSON value {other}"),
    }
}
