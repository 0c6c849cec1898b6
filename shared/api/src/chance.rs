//! Ids and secrets: the one place of the HTTP side that draws random numbers.

use rand::{Rng, RngCore};
use uuid::Uuid;

/// A new id. Its first bits are the wall clock's, so that lists by id are lists by time (`UUIDv7`).
#[expect(clippy::disallowed_methods, reason = "this is the place others ask")]
pub fn id() -> Uuid {
    Uuid::now_v7()
}

/// 256 random bits.
pub fn secret() -> [u8; 32] {
    let mut bytes = [0; 32];
    generator().fill_bytes(&mut bytes);
    bytes
}

/// A number from 0 up to but not including `end`, for jitter.
pub fn below(end: u32) -> u32 {
    generator().random_range(0..end)
}

#[expect(clippy::disallowed_methods, reason = "this is the place others ask")]
fn generator() -> impl RngCore {
    rand::rng()
}
