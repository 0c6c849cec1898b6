//! The API server: which request is what.

use super::resource::Resource;
use super::state::{ClusterState, key};
use super::status::{Answer, Failure, into_response, ok};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Answers a request to a cluster's API server as it is at `now`.
pub fn answer(
    state: &mut ClusterState,
    now: Timestamp,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    state.advance(now);
    into_response(route(state, request))
}

/// Whether answering a request can change a cluster.
pub fn is_mutation(request: &Request<Bytes>) -> bool {
    request.method() != Method::GET && request.method() != Method::HEAD
}

/// What a path names.
pub(super) struct Target {
    pub(super) resource: Resource,
    /// Empty for all, or where the kind has none.
    pub(super) namespace: String,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
}

impl Target {
    /// Where the object it names is kept.
    pub(super) fn key(&self) -> String {
        key(self.resource, &self.namespace, self.name())
    }

    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Reads `/api/v1/namespaces/web/pods/api-1/eviction` and its like.
    fn of(path: &str) -> Option<Self> {
        let mut parts = path.trim_matches('/').split('/').collect::<Vec<_>>().into_iter();
        let api_version = match parts.next()? {
            "api" => parts.next()?.to_owned(),
            "apis" => format!("{}/{}", parts.next()?, parts.next()?),
            _ => return None,
        };
        let mut rest: Vec<&str> = parts.collect();
        let mut namespace = "";
        if rest.len() > 2 && rest[0] == "namespaces" {
            namespace = rest[1];
            rest.drain(..2);
        }
        let resource = Resource::at(&api_version, rest.first()?)?;
        if rest.len() > 3 || (!namespace.is_empty() && !resource.is_namespaced()) {
            return None;
        }
        Some(Self {
            resource,
            namespace: namespace.to_owned(),
            name: rest.get(1).map(|name| (*name).to_owned()),
            subresource: rest.get(2).map(|name| (*name).to_owned()),
        })
    }
}

fn route(state: &mut ClusterState, request: &Request<Bytes>) -> Answer {
    let path = request.uri().path();
    match path {
        "/version" => {
            return ok(
                json!({ "major": "1", "minor": "36", "gitVersion": "v1.36.4", "platform": "linux/amd64" }),
            );
        }
        "/healthz" | "/readyz" | "/livez" => return ok(json!("ok")),
        _ => {}
    }
    let target = Target::of(path).ok_or_else(Failure::no_such_path)?;
    let query = super::list::Query::of(request.uri().query().unwrap_or_default());
    let method = request.method().as_str();
    match (method, target.name.is_some(), target.subresource.as_deref()) {
        ("GET", false, None) => state.list(&target, &query),
        ("GET", true, None | Some("status")) => ok(state.read(&target)?),
        ("GET", true, Some("scale")) => state.read_scale(&target),
        ("POST", true, Some("eviction")) if target.resource == Resource::Pods => {
            state.evict(&target, &body(request)?)
        }
        ("POST", false, None) => state.create(&target, body(request)?),
        ("PUT", true, None | Some("status")) => state.replace(&target, body(request)?),
        ("PUT", true, Some("scale")) => state.write_scale(&target, &body(request)?),
        ("PATCH", true, subresource @ (None | Some("status" | "scale"))) => {
            let patch = super::patch::Patch::of(request)?;
            if subresource == Some("scale") {
                let (_, mut scale) = state.read_scale(&target)?;
                patch.apply(&mut scale)?;
                return state.write_scale(&target, &scale);
            }
            state.patch(&target, &patch)
        }
        ("DELETE", true, None) => {
            let options = if request.body().is_empty() { Value::Null } else { body(request)? };
            state.delete(&target, &options, &query)
        }
        _ => Err(Failure::method_not_allowed()),
    }
}

fn body(request: &Request<Bytes>) -> Result<Value, Failure> {
    serde_json::from_slice(request.body()).map_err(|error| {
        Failure::bad_request(format!("the body of the request was not readable: {error}"))
    })
}
