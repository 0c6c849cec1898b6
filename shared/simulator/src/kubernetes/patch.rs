//! Patches: JSON merge patch (RFC 7386), JSON patch (RFC 6902) and the strategic one, which for
//! everything written here (labels, annotations, taints, replicas) is the merge patch: a list,
//! taints included, is replaced whole.

use super::status::Failure;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde_json::{Map, Value};

/// A patch.
pub(super) enum Patch {
    Merge(Value),
    Json(Vec<Value>),
}

impl Patch {
    pub(super) fn of(request: &Request<Bytes>) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let unreadable = |error: serde_json::Error| {
            Failure::bad_request(format!("error decoding patch: {error}"))
        };
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
                serde_json::from_slice(request.body()).map(Self::Merge).map_err(unreadable)
            }
            "application/json-patch+json" => {
                serde_json::from_slice(request.body()).map(Self::Json).map_err(unreadable)
            }
            other => {
                let message = format!(
                    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json; not {other}"
                );
                let code = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                Err(Failure::new(code, "UnsupportedMediaType", message))
            }
        }
    }

    pub(super) fn apply(&self, object: &mut Value) -> Result<(), Failure> {
        match self {
            Self::Merge(patch) => merge(object, patch),
            Self::Json(operations) => {
                for operation in operations {
                    apply_operation(object, operation)?;
                }
            }
        }
        Ok(())
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(fields) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}

fn apply_operation(object: &mut Value, operation: &Value) -> Result<(), Failure> {
    let path = operation["path"].as_str().unwrap_or_default();
    let failed = |what: &str| {
        let message = format!(
            "the server rejected our request due to an error in our request: {what} at {path}"
        );
        Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
    };
    let operator = operation["op"].as_str().unwrap_or_default();
    if operator == "test" {
        let holds = object.pointer(path) == Some(&operation["value"]);
        return if holds { Ok(()) } else { Err(failed("testing value")) };
    }
    let (parent, last) = path.rsplit_once('/').ok_or_else(|| failed("no path"))?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let value = operation["value"].clone();
    match (object.pointer_mut(parent), operator) {
        (Some(Value::Object(fields)), "add") => {
            fields.insert(last, value);
        }
        (Some(Value::Object(fields)), "replace") if fields.contains_key(&last) => {
            fields.insert(last, value);
        }
        (Some(Value::Object(fields)), "remove") if fields.contains_key(&last) => {
            fields.remove(&last);
        }
        (Some(Value::Array(items)), "add") if last == "-" => items.push(value),
        (Some(Value::Array(items)), operator) => {
            let index: usize = last.parse().map_err(|_| failed("no index"))?;
            match operator {
                "add" if index <= items.len() => items.insert(index, value),
                "replace" if index < items.len() => items[index] = value,
                "remove" if index < items.len() => {
                    items.remove(index);
                }
                _ => return Err(failed("out of range")),
            }
        }
        _ => return Err(failed(operator)),
    }
    Ok(())
}
