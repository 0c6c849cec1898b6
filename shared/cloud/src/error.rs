//! What can go wrong when asking AWS, as the product tells the cases apart.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What went wrong. The SDK has retried what can be retried before one of these comes out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The role may not do this, or may not be assumed.
    #[error("AWS denied {operation}: {message}")]
    Denied {
        /// The API operation.
        operation: &'static str,
        /// AWS's words.
        message: String,
    },
    /// Too many requests, even after waiting.
    #[error("AWS throttled {operation}")]
    Throttled {
        /// The API operation.
        operation: &'static str,
    },
    /// It does not exist.
    #[error("{operation}: not found: {message}")]
    NotFound {
        /// The API operation.
        operation: &'static str,
        /// AWS's words, or what was looked for.
        message: String,
    },
    /// It is not in a state that allows this, or differs from what was asked for. Later may be better.
    #[error("{operation}: conflict: {message}")]
    Conflict {
        /// The API operation.
        operation: &'static str,
        /// AWS's words.
        message: String,
    },
    /// EC2 has no such capacity now.
    #[error("{operation}: no capacity: {message}")]
    InsufficientCapacity {
        /// The API operation.
        operation: &'static str,
        /// AWS's words.
        message: String,
    },
    /// AWS will never accept this request, or answered with something that makes no sense.
    #[error("{operation}: invalid: {message}")]
    Invalid {
        /// The API operation.
        operation: &'static str,
        /// AWS's words.
        message: String,
    },
    /// No answer, or AWS failed. The effect may have happened: look before asking again.
    #[error("AWS did not answer {operation}: {message}")]
    Unavailable {
        /// The API operation.
        operation: &'static str,
        /// What is known of it.
        message: String,
        /// The cause.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// From what the SDK returns.
    pub(crate) fn from_sdk<E, R>(operation: &'static str, error: SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let answer = error.as_service_error().map(|service| {
            (service.code().unwrap_or_default(), service.message().unwrap_or_default())
        });
        match answer {
            Some((code, message)) => Self::from_code(operation, code, message.to_owned()),
            None => Self::Unavailable {
                operation,
                message: DisplayErrorContext(&error).to_string(),
                source: Some(Box::new(error)),
            },
        }
    }

    /// From AWS's error code. Codes are those of the "Common errors" pages of EC2, EKS, STS, Auto
    /// Scaling and the Price List.
    fn from_code(operation: &'static str, code: &str, message: String) -> Self {
        match code {
            "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "AuthFailure"
            | "InvalidClientTokenId"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "OptInRequired" => Self::Denied { operation, message },
            "RequestLimitExceeded"
            | "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException"
            | "ThrottledException"
            | "RequestThrottled" => Self::Throttled { operation },
            "ResourceInUseException"
            | "ResourceInUse"
            | "ResourceContention"
            | "ScalingActivityInProgress"
            | "IdempotentParameterMismatch"
            | "IncorrectInstanceState"
            | "ResourceLimitExceededException" => Self::Conflict { operation, message },
            "InsufficientInstanceCapacity"
            | "UnfulfillableCapacity"
            | "SpotMaxPriceTooLow"
            | "MaxSpotInstanceCountExceeded"
            | "InstanceLimitExceeded"
            | "VcpuLimitExceeded" => Self::InsufficientCapacity { operation, message },
            code if code.contains("NotFound") => Self::NotFound { operation, message },
            // Auto Scaling has one code for all that it does not like.
            "ValidationError" if message.contains("not found") => {
                Self::NotFound { operation, message }
            }
            "ValidationError" if message.contains("min size") => {
                Self::Conflict { operation, message }
            }
            "InternalFailure"
            | "InternalError"
            | "InternalServerError"
            | "ServerException"
            | "InternalErrorException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "Unavailable" => Self::Unavailable { operation, message, source: None },
            _ => Self::Invalid { operation, message: format!("{code}: {message}") },
        }
    }
}
