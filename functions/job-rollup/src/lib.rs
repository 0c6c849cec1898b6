//! Closes the savings ledger.
