//! Plugs the simulated API servers in where `kube::Client` makes its HTTP connections. No socket.

use super::{HungUp, World};
use crate::FaultEffect;
use crate::kubernetes;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::json;

impl World {
    /// A client of a cluster's API server, which is there once the cluster had its first node. Must be
    /// called within a tokio runtime, as `kube::Client` must.
    pub fn kube_client(&self, cluster: &str) -> kube::Client {
        let (world, cluster) = (self.clone(), cluster.to_owned());
        kubernetes::client(move |request| world.answer_kubernetes(&cluster, request))
    }

    /// Answers a request to a cluster's API server.
    pub fn answer_kubernetes(
        &self,
        cluster: &str,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, HungUp> {
        let label = format!("kubernetes {cluster} {} {}", request.method(), request.uri().path());
        let answered = self.call(
            &label,
            kubernetes::is_mutation(request),
            |state| {
                let now = state.now;
                let server = state.clusters.get_mut(cluster)?;
                Some(kubernetes::answer(server, now, request))
            },
            |effect| Some(refusal(effect)),
        )?;
        // No such host.
        answered.ok_or(HungUp)
    }
}

fn refusal(effect: FaultEffect) -> Response<Bytes> {
    let (status, reason, message) = match effect {
        FaultEffect::Throttle => (
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            "too many requests, please try again",
        ),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "an internal error occurred"),
    };
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": status.as_u16(),
    });
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    if effect == FaultEffect::Throttle {
        headers.insert("retry-after", http::HeaderValue::from_static("1"));
    }
    response
}
