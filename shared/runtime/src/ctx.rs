//! The clients a process works with.

use crate::settings::{MissingSetting, required};
use aws_config::SdkConfig;
use storage::{Objects, Table};

/// The clients a process works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The table, with the object store beside it.
    pub table: Table,
    /// Our AWS identity, from which customers' roles are assumed.
    pub cloud: cloud::Cloud,
}

/// A process could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is not there.
    #[error(transparent)]
    Setting(#[from] MissingSetting),
    /// The bucket's client could not be made.
    #[error("the object store cannot be used: {0}")]
    Objects(#[from] storage::Error),
}

impl Ctx {
    /// Clients as a Lambda function has them: region and credentials from the environment, the table
    /// `TABLE_NAME`, the bucket `BUCKET`.
    ///
    /// `cursor_key` seals the cursors of pages; a job has no pages and may give any.
    pub fn from_env(aws: &SdkConfig, cursor_key: &[u8; 32]) -> Result<Self, StartError> {
        let (table, bucket) = (required("TABLE_NAME")?, required("BUCKET")?);
        let dynamo = aws_sdk_dynamodb::Client::new(aws);
        let table = Table::new(dynamo, table, Objects::bucket(&bucket)?, cursor_key);
        Ok(Self { table, cloud: cloud::Cloud::new(aws.clone()) })
    }

    /// Large bodies.
    pub const fn objects(&self) -> &Objects {
        self.table.objects()
    }
}
