//! Plans: run, explain, approve, cancel.
