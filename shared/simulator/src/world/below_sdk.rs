//! Plugs the simulated AWS in where the SDK makes its HTTP connections. No socket.

use super::World;
use crate::aws;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use std::time::Duration;

impl World {
    /// Configuration of an SDK that talks to this world, as us: the identity that customers' roles trust.
    /// Retries come within milliseconds, for the simulated AWS does not get tired.
    pub fn sdk_config(&self, region: &str) -> SdkConfig {
        let connector = SharedHttpConnector::new(BelowSdk(self.clone()));
        let credentials =
            Credentials::new("AKIASPOTOPTIMIZER000", "simulated", None, None, "simulator");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(4)
                    .with_initial_backoff(Duration::from_millis(1)),
            )
            .build()
    }
}

#[derive(Debug)]
struct BelowSdk(World);

impl HttpConnector for BelowSdk {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answered = self.0.answer_aws(&from_sdk(&request));
        HttpConnectorFuture::ready(match answered {
            Ok(response) => to_sdk(response),
            Err(hung_up) => Err(ConnectorError::io(Box::new(hung_up))),
        })
    }
}

fn from_sdk(request: &HttpRequest) -> aws::Request {
    let uri: http::Uri = request.uri().parse().unwrap_or_default();
    aws::Request {
        method: request.method().to_owned(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
        body: request.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default(),
    }
}

fn to_sdk(response: aws::Response) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(response.status)
        .map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut answer = HttpResponse::new(status, SdkBody::from(response.body));
    answer.headers_mut().insert("content-type", response.content_type);
    if let Some(code) = response.error {
        answer.headers_mut().insert("x-amzn-errortype", code);
    }
    Ok(answer)
}
