//! Settings from the environment, and secrets from Secrets Manager.

use aws_sdk_secretsmanager::Client;
use secrecy::SecretString;
use serde::Deserialize;

/// A setting is not there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("set the environment variable {0}")]
pub struct MissingSetting(pub &'static str);

/// The value of an environment variable that must be there.
#[expect(clippy::disallowed_methods, reason = "this is the place others ask")]
pub fn required(name: &'static str) -> Result<String, MissingSetting> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(MissingSetting(name)),
    }
}

/// The product's secrets: one JSON object in Secrets Manager, read once per process.
#[derive(Clone)]
pub struct Secrets {
    /// Base64 of the 32-byte seed of the Ed25519 key that signs access tokens.
    pub signing_key: SecretString,
    /// Base64 of the 32 bytes that passwords are hashed under. Never changed: no password would match.
    pub pepper: SecretString,
}

/// The secrets could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Secrets Manager did not give them.
    #[error("Secrets Manager did not give the secret named by SECRETS_ARN")]
    Fetch(#[source] Box<aws_sdk_secretsmanager::Error>),
    /// They are not the JSON they should be. The cause would quote the secret, so it is left out.
    #[error("the secret named by SECRETS_ARN is not a JSON object with signing_key and pepper")]
    Form,
}

impl Secrets {
    /// Reads the secret with this ARN.
    pub async fn fetch(aws: &aws_config::SdkConfig, arn: &str) -> Result<Self, SecretsError> {
        let request = Client::new(aws).get_secret_value().secret_id(arn).send().await;
        let answer = request.map_err(|error| SecretsError::Fetch(Box::new(error.into())))?;
        let text: Text = serde_json::from_str(answer.secret_string().unwrap_or_default())
            .map_err(|_| SecretsError::Form)?;
        Ok(Self { signing_key: text.signing_key.into(), pepper: text.pepper.into() })
    }
}

/// As it is written in Secrets Manager.
#[derive(Deserialize)]
struct Text {
    signing_key: String,
    pepper: String,
}
