//! Reading: one object, or lists in pages with field and label selectors.

use super::answer::Target;
use super::pod::SimPod;
use super::resource::Resource;
use super::state::{ClusterState, key};
use super::status::{Answer, Failure, ok};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A request's query parameters, decoded.
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    pub(super) fn of(query: &str) -> Self {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Self(query.split('&').filter(|text| !text.is_empty()).map(pair).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Undoes percent-encoding and `+`.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.extend(u8::from_str_radix(&hex, 16));
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `key=value`, `key!=value`, `key` and `!key`, comma-separated.
struct Selector(Vec<(String, bool, Option<String>)>);

impl Selector {
    fn of(text: &str) -> Result<Self, Failure> {
        if text.contains(['(', ')', '<', '>']) {
            let message = format!("the simulated API server does not know the selector {text:?}");
            return Err(Failure::bad_request(message));
        }
        let term = |term: &str| {
            let term = term.trim();
            if let Some((key, value)) = term.split_once("!=") {
                (key.to_owned(), false, Some(value.to_owned()))
            } else if let Some((key, value)) = term.split_once('=') {
                (key.to_owned(), true, Some(value.trim_start_matches('=').to_owned()))
            } else if let Some(key) = term.strip_prefix('!') {
                (key.to_owned(), false, None)
            } else {
                (term.to_owned(), true, None)
            }
        };
        Ok(Self(text.split(',').filter(|text| !text.is_empty()).map(term).collect()))
    }

    fn matches<'a>(&self, value_of: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|(key, wanted, value)| {
            let found = value_of(key);
            let holds = value.as_ref().map_or(found.is_some(), |value| found == Some(value));
            holds == *wanted
        })
    }
}

impl ClusterState {
    /// A page of a list, in order of namespace and name.
    pub(super) fn list(&self, target: &Target, query: &Query) -> Answer {
        if query.get("watch").is_some_and(|watch| watch != "false" && watch != "0") {
            return Err(Failure::method_not_allowed());
        }
        let fields = Selector::of(query.get("fieldSelector").unwrap_or_default())?;
        let labels = Selector::of(query.get("labelSelector").unwrap_or_default())?;
        let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
        let limit = if limit == 0 { usize::MAX } else { limit };
        let after = query.get("continue").map(Self::continued).transpose()?;
        let is_after = |key: &str| after.as_deref().is_none_or(|after| key > after);
        let prefix = if target.namespace.is_empty() {
            String::new()
        } else {
            format!("{}/", target.namespace)
        };
        let start = format!("{}/", target.resource.plural());
        let kept: Vec<(&str, Item<'_>)> = if target.resource == Resource::Pods {
            let pods = self.pods.iter().filter(|(key, _)| key.starts_with(&prefix));
            pods.map(|(key, pod)| (key.as_str(), Item::Pod(pod))).collect()
        } else {
            let objects = self.of(target.resource);
            let objects = objects.map(|(key, object)| (&key[start.len()..], Item::Object(object)));
            objects.filter(|(key, _)| key.starts_with(&prefix)).collect()
        };
        let mut matching = kept.into_iter().filter(|(key, _)| is_after(key)).filter(|(_, item)| {
            item.matches_fields(&fields, self) && item.matches_labels(&labels, self)
        });
        let page: Vec<(&str, Item<'_>)> = matching.by_ref().take(limit).collect();
        let remaining = matching.count();
        let mut metadata = json!({ "resourceVersion": self.revision.to_string() });
        if let Some((last, _)) = page.last().filter(|_| remaining > 0) {
            metadata["continue"] = json!(format!("v1:{}:{last}", self.revision));
            metadata["remainingItemCount"] = json!(remaining);
        }
        let items: Vec<Value> = page.into_iter().map(|(_, item)| item.render(self)).collect();
        ok(json!({
            "kind": format!("{}List", target.resource.kind()),
            "apiVersion": target.resource.api_version(),
            "metadata": metadata,
            "items": items,
        }))
    }

    /// Where the page before ended.
    fn continued(token: &str) -> Result<String, Failure> {
        let last = token.strip_prefix("v1:").and_then(|rest| rest.split_once(':'));
        last.map(|(_, last)| last.to_owned()).ok_or_else(|| {
            let message =
                "The provided continue parameter is too old to display a consistent list result.";
            Failure::new(StatusCode::GONE, "Expired", message)
        })
    }

    /// One object.
    pub(super) fn read(&self, target: &Target) -> Result<Value, Failure> {
        let absent = || Failure::not_found(target.resource, target.name());
        if target.resource == Resource::Pods {
            let pod = self.pods.get(&format!("{}/{}", target.namespace, target.name()));
            return pod.map(|pod| self.render(pod)).ok_or_else(absent);
        }
        if target.resource == Resource::Namespaces {
            return Ok(
                json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": target.name() } }),
            );
        }
        let key = key(target.resource, &target.namespace, target.name());
        self.objects.get(&key).cloned().ok_or_else(absent)
    }
}

enum Item<'a> {
    Pod(&'a SimPod),
    Object(&'a Value),
}

impl Item<'_> {
    fn render(&self, state: &ClusterState) -> Value {
        // Items of a typed list carry neither.
        let mut object = match self {
            Self::Pod(pod) => state.render(pod),
            Self::Object(object) => (*object).clone(),
        };
        if let Some(fields) = object.as_object_mut() {
            fields.remove("kind");
            fields.remove("apiVersion");
        }
        object
    }

    fn matches_fields(&self, selector: &Selector, state: &ClusterState) -> bool {
        selector.matches(|field| match (self, field) {
            (Self::Pod(pod), "metadata.name") => Some(&pod.name),
            (Self::Pod(pod), "metadata.namespace") => Some(&pod.namespace),
            (Self::Pod(pod), "spec.nodeName") => Some(pod.node.as_deref().unwrap_or_default()),
            (Self::Pod(pod), "status.phase") => {
                Some(if pod.is_ready(state.now) { "Running" } else { "Pending" })
            }
            (Self::Object(object), _) => {
                object.pointer(&format!("/{}", field.replace('.', "/"))).and_then(Value::as_str)
            }
            _ => None,
        })
    }

    fn matches_labels(&self, selector: &Selector, state: &ClusterState) -> bool {
        if selector.0.is_empty() {
            return true;
        }
        match self {
            Self::Pod(pod) => {
                let labels = state.labels_of(pod);
                selector.matches(|key| labels.get(key).map(String::as_str))
            }
            Self::Object(object) => {
                selector.matches(|key| object["metadata"]["labels"][key].as_str())
            }
        }
    }
}
