//! What a command answers when it did not work.

use std::io::Write;
use std::process::ExitCode;

/// Why a command ended without its result. Shown to people as it stands.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The options contradict each other or what they name: exit code 2.
    Usage(String),
    /// It did not work: exit code 1.
    Failed(String),
}

impl CliError {
    /// Says it on stderr and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let (Self::Usage(text) | Self::Failed(text)) = self;
        // Nobody is left to hear of a closed stderr.
        let _ = writeln!(std::io::stderr(), "error: {text}");
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }
}
