//! A cluster through its API: snapshot, cordon, evict, scale.
