//! What can go wrong with the table and the object store.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use std::error::Error as StdError;

/// What went wrong. It knows nothing of HTTP; `api` decides what a caller is told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such item of this tenant.
    #[error("{kind} not found")]
    NotFound {
        /// Kind of item.
        kind: &'static str,
    },
    /// The item has changed since it was read, or is gone.
    #[error("{kind} was changed by somebody else")]
    Conflict {
        /// Kind of item.
        kind: &'static str,
    },
    /// The item, or another that is the same in what must be unique, exists already.
    #[error("{kind} exists already")]
    Exists {
        /// Kind of item.
        kind: &'static str,
    },
    /// The item belongs to another tenant. Its data has been dropped; callers are told it is not there.
    #[error("{kind} belongs to another tenant")]
    Foreign {
        /// Kind of item.
        kind: &'static str,
    },
    /// The cursor was not made by us, for this tenant and this list.
    #[error("the cursor is not one of this list")]
    BadCursor,
    /// The table takes no more just now, or others kept getting in between. Try again later.
    #[error("the table is busy")]
    Throttled,
    /// Table or object store can not be reached, or refuse in a way they never should.
    #[error("storage is unavailable")]
    Unavailable {
        /// Why, for the log.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An item or object is not what its key says, was written by a newer version of the product,
    /// or can not be written as it is.
    #[error("{kind} cannot be read or written: {detail}")]
    Corrupt {
        /// Kind of item.
        kind: &'static str,
        /// For the log.
        detail: String,
    },
}

impl Error {
    pub(crate) fn corrupt(kind: &'static str, detail: impl std::fmt::Display) -> Self {
        Self::Corrupt { kind, detail: detail.to_string() }
    }

    pub(crate) fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }
}

/// Codes that ask to come back later. A single write meets `TransactionConflict` while a transaction
/// holds its item.
const BUSY: &[&str] = &[
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl<E> From<SdkError<E>> for Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    fn from(error: SdkError<E>) -> Self {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        if code.is_some_and(|code| BUSY.contains(&code)) {
            return Self::Throttled;
        }
        Self::unavailable(error.into_source().unwrap_or_else(|error| Box::new(error)))
    }
}

/// Whether a single conditional write was refused by its condition.
pub(crate) fn is_refused<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code == Some("ConditionalCheckFailedException")
}
