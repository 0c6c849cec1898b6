//! The world in a file.

use super::WorldState;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Reads it; `None` where there is no such file.
pub(super) fn load(path: &Path) -> io::Result<Option<WorldState>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes it so that whenever the process dies the file is the old or the new one, whole.
pub(super) fn save(path: &Path, state: &WorldState) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut writer = BufWriter::with_capacity(1 << 20, File::create(&fresh)?);
    serde_json::to_writer(&mut writer, state)?;
    writer.flush()?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
    fs::rename(&fresh, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
