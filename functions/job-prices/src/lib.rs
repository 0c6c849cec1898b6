//! Refreshes prices, offerings and interruption rates.
