//! Puts a simulated API server below a real `kube::Client`. No socket.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use kube::client::Body;
use std::sync::Arc;
use tower::BoxError;

/// A client whose requests `answer` answers. An error is a connection that broke.
///
/// Must be called within a tokio runtime, as `kube::Client` must.
pub fn client<F, E>(answer: F) -> kube::Client
where
    F: Fn(&Request<Bytes>) -> Result<Response<Bytes>, E> + Send + Sync + 'static,
    E: Into<BoxError> + Send + 'static,
{
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request: Request<Body>| {
        let answer = Arc::clone(&answer);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(BoxError::from)?.to_bytes();
            let response = answer(&Request::from_parts(parts, body)).map_err(Into::into)?;
            Ok::<_, BoxError>(response.map(Full::new))
        }
    });
    kube::Client::new(service, "default")
}
