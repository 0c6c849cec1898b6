//! Large bodies: gzip'd JSON in S3, in a folder, or in memory.
//!
//! An object's key is `<kind>/<org>/<id>/<sha256>.json.gz`: it follows from its content, so an
//! object is never changed, and a key alone is enough to check what comes back. The kind comes first
//! so that S3 lifecycle rules can tell snapshots from plans.

use crate::error::Error;
use crate::recent::Recent;
use bytes::Bytes;
use domain::{Tenant, audit};
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::sync::Arc;

const KIND: &str = "object";

/// Longest body, uncompressed: some 100,000 pods. Nothing of ours is larger, so more is not ours.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// The object store. Cheap to clone; clones share what they remember.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    recent: Arc<Recent>,
}

/// An object and what must be in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Its key.
    pub key: String,
    /// SHA-256 of its body before compression, lower-case hex.
    pub sha256: String,
}

impl ObjectRef {
    /// What a key alone says, for items that hold no hash beside it.
    pub fn from_key(key: &str) -> Result<Self, Error> {
        let name = key.rsplit('/').next().unwrap_or_default();
        let sha256 = name.strip_suffix(".json.gz").filter(|sha256| sha256.len() == 64);
        let sha256 = sha256.ok_or_else(|| Error::corrupt(KIND, format!("key {key:?}")))?;
        Ok(Self { key: key.to_owned(), sha256: sha256.to_owned() })
    }
}

impl Objects {
    /// An S3 bucket, with region and credentials from the environment, as a Lambda function has them.
    pub fn bucket(name: &str) -> Result<Self, Error> {
        let store = AmazonS3Builder::from_env().with_bucket_name(name).build();
        Ok(Self::over(store.map_err(Error::unavailable)?))
    }

    /// A folder, made where it is not there.
    pub fn folder(path: &std::path::Path) -> Result<Self, Error> {
        std::fs::create_dir_all(path).map_err(Error::unavailable)?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(Error::unavailable)?;
        Ok(Self::over(store.with_automatic_cleanup(true)))
    }

    /// Memory, for tests.
    pub fn memory() -> Self {
        Self::over(InMemory::new())
    }

    fn over(store: impl ObjectStore) -> Self {
        Self { store: Arc::new(store), recent: Arc::default() }
    }

    /// Writes a body. `kind` (`snapshot`, `plan`, …) and `id` are for people and lifecycle rules;
    /// neither may hold a slash.
    pub async fn put(
        &self,
        tenant: Tenant,
        kind: &str,
        id: &str,
        body: &impl Serialize,
    ) -> Result<ObjectRef, Error> {
        if [kind, id].iter().any(|part| part.is_empty() || part.contains('/')) {
            return Err(Error::corrupt(KIND, format!("name {kind:?} {id:?}")));
        }
        let json = serde_json::to_vec(body).map_err(|error| Error::corrupt(KIND, error))?;
        // Seconds of work for a large cluster: not on a thread that answers requests.
        let (sha256, packed) = blocking(move || {
            let mut packed = Vec::with_capacity(json.len() / 8);
            GzEncoder::new(&json[..], Compression::fast())
                .read_to_end(&mut packed)
                .map_err(|error| Error::corrupt(KIND, error))?;
            Ok((audit::hex(&Sha256::digest(&json)), packed))
        })
        .await?;
        let key = format!("{kind}/{}/{id}/{sha256}.json.gz", tenant.org());
        let path = Path::parse(&key).map_err(|error| Error::corrupt(KIND, error))?;
        self.store.put(&path, packed.into()).await.map_err(Error::unavailable)?;
        Ok(ObjectRef { key, sha256 })
    }

    /// Reads a body and checks it against its hash.
    pub async fn get<T: DeserializeOwned + Send + 'static>(
        &self,
        tenant: Tenant,
        object: &ObjectRef,
    ) -> Result<T, Error> {
        let json = self.get_bytes(tenant, object).await?;
        blocking(move || parse(&json)).await
    }

    /// The same for a body that is read again and again, such as a market or a plan: one that this
    /// process has read lately is not fetched, checked and parsed again.
    pub async fn get_shared<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        tenant: Tenant,
        object: &ObjectRef,
    ) -> Result<Arc<T>, Error> {
        own_path(tenant, &object.key)?;
        if let Some(body) = self.recent.get(object) {
            return Ok(body);
        }
        let json = self.get_bytes(tenant, object).await?;
        let bytes = json.len();
        let body: Arc<T> = Arc::new(blocking(move || parse(&json)).await?);
        self.recent.keep(object, bytes, Arc::clone(&body) as _);
        Ok(body)
    }

    /// Reads a body's JSON as it was written, checked against its hash.
    pub async fn get_bytes(&self, tenant: Tenant, object: &ObjectRef) -> Result<Vec<u8>, Error> {
        let path = own_path(tenant, &object.key)?;
        let packed: Bytes = match self.store.get(&path).await {
            Ok(found) => found.bytes().await.map_err(Error::unavailable)?,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(Error::NotFound { kind: KIND });
            }
            Err(error) => return Err(Error::unavailable(error)),
        };
        let object = object.clone();
        blocking(move || {
            let mut json = Vec::new();
            GzDecoder::new(&packed[..])
                .take(MAX_BYTES)
                .read_to_end(&mut json)
                .map_err(|error| Error::corrupt(KIND, format!("{}: {error}", object.key)))?;
            if audit::hex(&Sha256::digest(&json)) != object.sha256 {
                return Err(Error::corrupt(KIND, format!("{}: another SHA-256", object.key)));
            }
            Ok(json)
        })
        .await
    }

    /// Removes an object, such as a snapshot that a newer one has replaced; one that is gone is fine.
    pub async fn delete(&self, tenant: Tenant, object: &ObjectRef) -> Result<(), Error> {
        match self.store.delete(&own_path(tenant, &object.key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::unavailable(error)),
        }
    }
}

/// The path of a key, which must be one of this tenant.
fn own_path(tenant: Tenant, key: &str) -> Result<Path, Error> {
    let owner = key.split('/').nth(1);
    if owner != Some(tenant.org().to_string().as_str()) {
        return Err(Error::Foreign { kind: KIND });
    }
    Path::parse(key).map_err(|error| Error::corrupt(KIND, error))
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(json).map_err(|error| Error::corrupt(KIND, error))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(Error::unavailable)?
}
