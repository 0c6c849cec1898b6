//! From our own credentials to a client for a linked account.

use crate::Error;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::types::Credentials as StsCredentials;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Requests to one account at the same time, over all its clients in this process.
const CONCURRENT_PER_ACCOUNT: usize = 8;

/// Attempts of one request, the first included.
const ATTEMPTS: u32 = 4;

/// A whole call with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);

/// How a customer lets us in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleLink {
    /// `arn:aws:iam::<account>:role/<name>`.
    pub role_arn: String,
    /// The `ExternalId` that the role's trust policy requires.
    pub external_id: String,
    /// The region to work in.
    pub region: String,
    /// What the customer's `CloudTrail` shows, 2–64 of `[A-Za-z0-9+=,.@-]`.
    pub session_name: String,
}

/// What [`Cloud::verify_link`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkCheck {
    /// The role can be assumed with the `ExternalId` and only with it.
    Accepted,
    /// The role cannot be assumed with the `ExternalId`.
    Refused,
    /// The role can be assumed without any `ExternalId`: anyone who knows its ARN could get in through us.
    ExternalIdNotRequired,
    /// The role can be assumed with a wrong `ExternalId`.
    ExternalIdNotChecked,
}

/// Our own AWS identity, from which customers' roles are assumed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cloud {
    config: SdkConfig,
    permits: Arc<Mutex<BTreeMap<String, Arc<Semaphore>>>>,
}

impl Cloud {
    /// From a configuration with region, credentials and, in tests, the connector. Its retry and
    /// timeout settings stand; where it has none, requests are tried four times within a minute, with the
    /// SDK's jittered back-off.
    pub fn new(config: SdkConfig) -> Self {
        let mut builder = config.to_builder();
        if config.retry_config().is_none() {
            builder = builder.retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        }
        if config.timeout_config().is_none_or(|timeouts| timeouts.operation_timeout().is_none()) {
            let timeouts = TimeoutConfig::builder().operation_timeout(CALL_TIMEOUT);
            builder = builder.timeout_config(timeouts.build());
        }
        Self { config: builder.build(), permits: Arc::default() }
    }

    /// A client for the linked account. Good for an hour, the most AWS gives to a chained role: make
    /// one for each run of a job.
    pub async fn assume(&self, link: &RoleLink) -> Result<AccountClient, Error> {
        let credentials = self.assume_role(link, Some(&link.external_id)).await?;
        let config = self
            .config
            .to_builder()
            .region(Region::new(link.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        Ok(AccountClient::new(&config, &link.region, self.permits_of(&link.role_arn)))
    }

    /// Whether the link is safe to accept: `AssumeRole` works with the `ExternalId`, and fails both without
    /// it and with a wrong one. Nothing else is asked of the account.
    pub async fn verify_link(&self, link: &RoleLink) -> Result<LinkCheck, Error> {
        if !self.lets_in(link, Some(&link.external_id)).await? {
            return Ok(LinkCheck::Refused);
        }
        if self.lets_in(link, None).await? {
            return Ok(LinkCheck::ExternalIdNotRequired);
        }
        let wrong: String = link.external_id.chars().rev().chain("-wrong".chars()).collect();
        if self.lets_in(link, Some(&wrong)).await? {
            return Ok(LinkCheck::ExternalIdNotChecked);
        }
        Ok(LinkCheck::Accepted)
    }

    async fn lets_in(&self, link: &RoleLink, external_id: Option<&str>) -> Result<bool, Error> {
        match self.assume_role(link, external_id).await {
            Ok(_) => Ok(true),
            Err(Error::Denied { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn assume_role(
        &self,
        link: &RoleLink,
        external_id: Option<&str>,
    ) -> Result<Credentials, Error> {
        let operation = "AssumeRole";
        let sts = aws_sdk_sts::Client::new(&self.config);
        let answer = sts
            .assume_role()
            .role_arn(&link.role_arn)
            .role_session_name(&link.session_name)
            .set_external_id(external_id.map(str::to_owned))
            .duration_seconds(3600)
            .send()
            .await
            .map_err(|error| Error::from_sdk(operation, error))?;
        answer.credentials.map(credentials).ok_or_else(|| Error::Invalid {
            operation,
            message: "the answer has no credentials".into(),
        })
    }

    fn permits_of(&self, role_arn: &str) -> Arc<Semaphore> {
        let account = role_arn.split(':').nth(4).unwrap_or(role_arn).to_owned();
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Arc::new(Semaphore::new(CONCURRENT_PER_ACCOUNT));
        Arc::clone(permits.entry(account).or_insert_with(fresh))
    }
}

/// One linked account in one region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccountClient {
    pub(crate) region: String,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) eks: aws_sdk_eks::Client,
    pub(crate) auto_scaling: aws_sdk_autoscaling::Client,
    pub(crate) pricing: aws_sdk_pricing::Client,
    permits: Arc<Semaphore>,
}

impl AccountClient {
    fn new(config: &SdkConfig, region: &str, permits: Arc<Semaphore>) -> Self {
        // The Price List answers for all regions, but only in a few.
        let pricing = config.to_builder().region(Region::new("us-east-1")).build();
        Self {
            region: region.to_owned(),
            ec2: aws_sdk_ec2::Client::new(config),
            eks: aws_sdk_eks::Client::new(config),
            auto_scaling: aws_sdk_autoscaling::Client::new(config),
            pricing: aws_sdk_pricing::Client::new(&pricing),
            permits,
        }
    }

    /// The region this client works in.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// One request, within the account's limit of requests at the same time. The SDK's futures are some
    /// kilobytes each: boxed here, they do not grow those of all callers.
    pub(crate) fn call<T, E, R>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Result<T, SdkError<E, R>>> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let request = Box::pin(request);
        let permits = Arc::clone(&self.permits);
        async move {
            // The semaphore is never closed, so there is always a permit to wait for.
            let _permit = permits.acquire_owned().await.ok();
            request.await.map_err(|error| Error::from_sdk(operation, error))
        }
    }
}

fn credentials(sts: StsCredentials) -> Credentials {
    let expires_at = sts.expiration.try_into().ok();
    Credentials::new(
        sts.access_key_id,
        sts.secret_access_key,
        Some(sts.session_token),
        expires_at,
        "AssumeRole",
    )
}
