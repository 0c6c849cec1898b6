//! The folder in which `serve` keeps everything.
//!
//! ```text
//! data/version        layout version of this folder
//! data/lock           held while a process uses it
//! data/secrets.json   keys made at the first start, readable by the owner only
//! data/table.db       the embedded table
//! data/objects/       snapshots, plans, large diffs
//! data/world.json     the simulated AWS account and clusters
//! ```

use crate::error::CliError;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Version of the layout above.
const LAYOUT: u32 = 1;

/// An opened data folder; it is ours until this is dropped.
#[derive(Debug)]
pub(super) struct DataFolder {
    root: PathBuf,
    _lock: File,
}

/// Keys made at the first start. In AWS they are in Secrets Manager.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Secrets {
    /// Password of the demo admin: on a laptop it is printed at every start.
    pub(super) demo_password: String,
    /// Seed of the Ed25519 key that signs access tokens.
    pub(super) signing_seed: [u8; 32],
    /// What passwords are hashed under.
    pub(super) pepper: [u8; 32],
}

impl DataFolder {
    /// Opens or makes the folder.
    pub(super) fn open(root: &Path) -> Result<Self, CliError> {
        let failed = |what: &str, error: std::io::Error| {
            CliError::Failed(format!("cannot {what} the data folder {}: {error}", root.display()))
        };
        std::fs::create_dir_all(root.join("objects")).map_err(|error| failed("create", error))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join("lock"))
            .map_err(|error| failed("write to", error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message =
                    format!("the data folder {} is in use by another process", root.display());
                return Err(CliError::Failed(message));
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", error)),
        }
        let folder = Self { root: root.to_owned(), _lock: lock };
        folder.check_version()?;
        Ok(folder)
    }

    fn check_version(&self) -> Result<(), CliError> {
        let path = self.root.join("version");
        let found = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse::<u32>().ok(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return std::fs::write(&path, format!("{LAYOUT}\n")).map_err(|error| {
                    CliError::Failed(format!("cannot write {}: {error}", path.display()))
                });
            }
            Err(_) => None,
        };
        match found {
            Some(LAYOUT) => Ok(()),
            Some(newer) if newer > LAYOUT => Err(CliError::Failed(format!(
                "the data folder {} is of layout {newer} and this program knows {LAYOUT}: use a newer spot-optimizer, or another --data",
                self.root.display()
            ))),
            _ => Err(CliError::Failed(format!(
                "{} is not a data folder of spot-optimizer: its version file says nothing known",
                self.root.display()
            ))),
        }
    }

    /// A file or folder in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The secrets, made at the first start.
    pub(super) fn secrets(&self) -> Result<Secrets, CliError> {
        let path = self.path("secrets.json");
        let failed = |error: &dyn std::fmt::Display| {
            CliError::Failed(format!("cannot use {}: {error}", path.display()))
        };
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(&error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Secrets::generate();
                let bytes = serde_json::to_vec_pretty(&secrets).map_err(|error| failed(&error))?;
                // Written aside and renamed: a crash leaves a whole file or none.
                let aside = self.path("secrets.json.new");
                let _ = std::fs::remove_file(&aside);
                let mut file = OpenOptions::new()
                    .create_new(true)
                    .write(true)
                    .mode(0o600)
                    .open(&aside)
                    .map_err(|error| failed(&error))?;
                file.write_all(&bytes).map_err(|error| failed(&error))?;
                file.sync_all().map_err(|error| failed(&error))?;
                std::fs::rename(&aside, &path).map_err(|error| failed(&error))?;
                Ok(secrets)
            }
            Err(error) => Err(failed(&error)),
        }
    }
}

impl Secrets {
    #[expect(clippy::disallowed_methods, reason = "secrets are made once, at the first start")]
    fn generate() -> Self {
        Self {
            demo_password: domain::audit::hex(&rand::random::<[u8; 10]>()),
            signing_seed: rand::random(),
            pepper: rand::random(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("spot-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        root
    }

    #[test]
    fn secrets_are_made_once_and_are_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let root = folder("secrets");
        let data = DataFolder::open(&root).unwrap();
        let first = data.secrets().unwrap();
        assert_eq!(first.pepper, data.secrets().unwrap().pepper);
        let mode = std::fs::metadata(root.join("secrets.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_folder_in_use_and_a_newer_folder_are_refused() {
        let root = folder("refused");
        let first = DataFolder::open(&root).unwrap();
        let refused = || format!("{:?}", DataFolder::open(&root).unwrap_err());
        assert!(refused().contains("in use"));
        drop(first);
        std::fs::write(root.join("version"), "2\n").unwrap();
        assert!(refused().contains("layout 2"));
        std::fs::write(root.join("version"), "x\n").unwrap();
        assert!(refused().contains("not a data folder"));
    }
}
