//! The world in a file, and beside it the time it last showed.

use super::WorldState;
use jiff::Timestamp;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Reads it with the time it last showed; `None` where there is no such file.
pub(super) fn load(path: &Path) -> io::Result<Option<(WorldState, Timestamp)>> {
    let state: WorldState = match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let shown = fs::read_to_string(path.with_extension("time")).ok();
    let shown = shown.and_then(|text| text.parse().ok()).unwrap_or(state.now);
    Ok(Some((state, shown)))
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

/// Notes the time that was shown to someone, so that a world that is opened again does not show an earlier
/// one. What happens by then follows from the state, so the state need not be saved for it. If the note is
/// lost with the machine, time goes back to the last change.
pub(super) fn save_time(path: &Path, shown: Timestamp) {
    if let Err(error) = fs::write(path.with_extension("time"), shown.to_string()) {
        tracing::warn!(%error, "the simulated time could not be noted");
    }
}
