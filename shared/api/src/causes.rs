//! What a caller is told of errors that know nothing of HTTP.

use crate::error::Error;
use std::sync::Arc;

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        match error {
            // Somebody else's is as good as absent.
            storage::Error::NotFound { .. } | storage::Error::Foreign { .. } => Self::NotFound,
            storage::Error::Conflict { kind } => Self::conflict(
                "changed-meanwhile",
                format!("{kind} was changed by somebody else meanwhile: read it again"),
            ),
            storage::Error::Exists { kind } => {
                Self::conflict("exists", format!("{kind} exists already"))
            }
            storage::Error::BadCursor => {
                Self::BadRequest("the cursor is not one of this list".to_owned())
            }
            storage::Error::Throttled | storage::Error::Unavailable { .. } => {
                Self::Unavailable(Arc::new(error))
            }
            storage::Error::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl From<cloud::Error> for Error {
    /// For what a customer's AWS answers: they can act on its words, so they get them.
    fn from(error: cloud::Error) -> Self {
        match error {
            cloud::Error::Denied { .. } => Self::conflict("aws-denied", error),
            cloud::Error::NotFound { .. } => Self::conflict("aws-not-found", error),
            cloud::Error::Conflict { .. } | cloud::Error::InsufficientCapacity { .. } => {
                Self::conflict("aws-conflict", error)
            }
            cloud::Error::Throttled { .. } | cloud::Error::Unavailable { .. } => {
                Self::Unavailable(Arc::new(error))
            }
            cloud::Error::Invalid { .. } => Self::internal(error),
        }
    }
}
