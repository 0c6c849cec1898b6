//! Lists of objects, typed where every object can be read, one by one where some can not.

use super::{Controller, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodDisruptionBudget};
use crate::snapshot::Objects;
use domain::finding::{Finding, FindingCode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The kinds that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "Kubernetes' own kinds")]
pub enum Kind {
    Node,
    Pod,
    PodDisruptionBudget,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    PersistentVolume,
    PersistentVolumeClaim,
    /// Any other.
    Other,
}

impl Kind {
    /// By the `kind` field.
    pub fn named(kind: &str) -> Self {
        match kind {
            "Node" => Self::Node,
            "Pod" => Self::Pod,
            "PodDisruptionBudget" => Self::PodDisruptionBudget,
            "Deployment" => Self::Deployment,
            "ReplicaSet" => Self::ReplicaSet,
            "StatefulSet" => Self::StatefulSet,
            "DaemonSet" => Self::DaemonSet,
            "Job" => Self::Job,
            "PersistentVolume" => Self::PersistentVolume,
            "PersistentVolumeClaim" => Self::PersistentVolumeClaim,
            _ => Self::Other,
        }
    }
}

/// An object of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "Kubernetes' own kinds")]
pub enum Object {
    Node(Box<Node>),
    Pod(Box<Pod>),
    PodDisruptionBudget(PodDisruptionBudget),
    /// A controller that makes pods.
    Controller(Kind, Controller),
    PersistentVolume(PersistentVolume),
    PersistentVolumeClaim(PersistentVolumeClaim),
    /// A kind that is not read.
    Other,
}

impl Object {
    /// Reads an object of a known kind.
    pub fn of_kind<'de, D: Deserializer<'de>>(kind: Kind, from: D) -> Result<Self, D::Error> {
        Ok(match kind {
            Kind::Node => Self::Node(Deserialize::deserialize(from)?),
            Kind::Pod => Self::Pod(Deserialize::deserialize(from)?),
            Kind::PodDisruptionBudget => Self::PodDisruptionBudget(Deserialize::deserialize(from)?),
            Kind::Deployment
            | Kind::ReplicaSet
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job => Self::Controller(kind, Deserialize::deserialize(from)?),
            Kind::PersistentVolume => Self::PersistentVolume(Deserialize::deserialize(from)?),
            Kind::PersistentVolumeClaim => {
                Self::PersistentVolumeClaim(Deserialize::deserialize(from)?)
            }
            Kind::Other => {
                IgnoredAny::deserialize(from)?;
                Self::Other
            }
        })
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// `kind` comes before everything of weight in what `kubectl` and the API server write, so that the
/// rest is read straight into its type; where it comes late, what came before is kept.
struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut before = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "kind" => {
                    let kind = Kind::named(&map.next_value::<String>()?);
                    let rest = MapAccessDeserializer::new(map);
                    if before.is_empty() {
                        return Object::of_kind(kind, rest);
                    }
                    before.extend(Map::deserialize(rest)?);
                    return Object::of_kind(kind, Value::Object(before)).map_err(A::Error::custom);
                }
                "apiVersion" => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    before.insert(key, map.next_value()?);
                }
            }
        }
        Err(A::Error::missing_field("kind"))
    }
}

/// Reads the objects of a list one by one: what can not be read becomes a finding.
/// `default_kind` is that of items that do not say, as in a `PodList`.
pub(crate) fn read_each(items: Vec<Value>, default_kind: Kind, objects: &mut Objects) {
    for item in items {
        let name = subject(&item, default_kind);
        let kind = item.get("kind").and_then(Value::as_str).map_or(default_kind, Kind::named);
        match Object::of_kind(kind, item) {
            Ok(object) => objects.push(object),
            Err(error) => {
                let message = format!("{name} could not be read and is left out: {error}.");
                objects.findings.push(Finding::new(FindingCode::Unreadable, name, message));
            }
        }
    }
}

fn subject(item: &Value, default_kind: Kind) -> String {
    let text = |pointer| item.pointer(pointer).and_then(Value::as_str);
    let kind = text("/kind").map_or_else(|| format!("{default_kind:?}"), str::to_owned);
    let parts = [text("/metadata/namespace"), text("/metadata/name")];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    let name = if parts.is_empty() { "without a name".to_owned() } else { parts.join("/") };
    format!("{}/{name}", kind.to_lowercase())
}

/// One page of a live list: its objects go into `objects`, and the token of the next page comes back.
pub fn parse_live_list(
    kind: Kind,
    page: &[u8],
    objects: &mut Objects,
) -> Result<Option<String>, serde_json::Error> {
    let typed = match kind {
        Kind::Node => page_of::<Node>(page, |item| Object::Node(Box::new(item)), objects),
        Kind::Pod => page_of::<Pod>(page, |item| Object::Pod(Box::new(item)), objects),
        Kind::PodDisruptionBudget => page_of(page, Object::PodDisruptionBudget, objects),
        Kind::PersistentVolume => page_of(page, Object::PersistentVolume, objects),
        Kind::PersistentVolumeClaim => page_of(page, Object::PersistentVolumeClaim, objects),
        _ => page_of(page, |item| Object::Controller(kind, item), objects),
    };
    if let Ok(next) = typed {
        return Ok(next);
    }
    let list: List<Value> = serde_json::from_slice(page)?;
    let next = list.next();
    read_each(list.items.unwrap_or_default(), kind, objects);
    Ok(next)
}

fn page_of<T: DeserializeOwned>(
    page: &[u8],
    wrap: impl Fn(T) -> Object,
    objects: &mut Objects,
) -> Result<Option<String>, serde_json::Error> {
    let list: List<T> = serde_json::from_slice(page)?;
    let next = list.next();
    list.items.into_iter().flatten().for_each(|item| objects.push(wrap(item)));
    Ok(next)
}

/// A list as the API server answers it.
#[derive(Deserialize)]
struct List<T> {
    #[serde(default)]
    metadata: ListMetadata,
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
struct ListMetadata {
    #[serde(default)]
    r#continue: String,
}

impl<T> List<T> {
    fn next(&self) -> Option<String> {
        Some(self.metadata.r#continue.clone()).filter(|token| !token.is_empty())
    }
}
