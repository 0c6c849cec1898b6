//! The first ten lines of every main: logs, settings, clients.
