//! The engine as its callers see it: stories, properties, and other people's libraries as oracles.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod drift;
mod effects;
mod engine;
mod oracles;
mod properties;
mod shared;
mod stories;

/// A number between -1 and 1 that depends on nothing but `seed`: noise that every run repeats.
fn noise(seed: usize) -> f64 {
    let mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = mixed ^ (mixed >> 27);
    (mixed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}
