//! Reading and writing at the edge of the process.

use crate::error::CliError;
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::path::Path;

/// Writes to stdout. A reader that has seen enough (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::Failed(format!("the output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// A file's bytes; `-` is stdin.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    bytes.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotFound => "there is no such file".to_owned(),
            ErrorKind::IsADirectory => "it is a folder, not a file".to_owned(),
            _ => format!("it cannot be read: {error}"),
        };
        CliError::Failed(format!("{}: {why}", path.display()))
    })
}

/// How text may look where it goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Columns.
    pub width: u16,
    /// Colours and bold.
    pub styled: bool,
}

impl Look {
    /// For a file or a pipe.
    pub(crate) const PLAIN: Self = Self { width: 100, styled: false };

    /// For what stdout is: plain unless it is a terminal, without colour where `NO_COLOR` is set
    /// (<https://no-color.org>).
    #[expect(clippy::disallowed_methods, reason = "a terminal's settings are in the environment")]
    pub(crate) fn of_stdout() -> Self {
        if !std::io::stdout().is_terminal() {
            return Self::PLAIN;
        }
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = comfy_table::Table::new().width().unwrap_or(Self::PLAIN.width).clamp(60, 140);
        Self { width, styled: !no_colour }
    }

    /// A heading.
    pub(crate) fn heading(self, text: &str) -> String {
        if self.styled { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }
}
