//! Carries plans out. Never chooses.
