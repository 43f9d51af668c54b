//! How small chunks are on data like a machine's, and how long they take:
//! `cargo run --release -p chunks --example bytes_per_sample [samples in a chunk]`.

#![expect(clippy::print_stdout, reason = "it is what this example is for")]

use std::time::Instant as Stopwatch;

use chunks::Codec;
use series::MetricSample;

/// A number from 0 to 1: splitmix64.
fn chance(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

const KINDS: &[&str] = &[
    "constant",
    "idle counter",
    "busy counter",
    "seconds counter, 0.01",
    "bytes gauge, pages",
    "small integers",
    "percent, 2 digits",
    "percent, full mantissa",
];

/// Samples of a kind, every 15 s, each up to 3 ms off where `jitter`.
fn samples(kind: usize, count: usize, jitter: bool, seed: &mut u64) -> Vec<MetricSample> {
    let mut level = (chance(seed) * 1e9).round();
    let mut out = Vec::with_capacity(count);
    for i in 0..count {
        let noise = chance(seed) + chance(seed) + chance(seed) - 1.5;
        let value = match kind {
            0 => level,
            1 => {
                if chance(seed) < 0.05 {
                    level += 1.0 + (chance(seed) * 10.0).floor();
                }
                level
            }
            2 => {
                level += (15_000.0 + 4_000.0 * noise).round();
                level
            }
            3 => {
                level += (1_200.0 + 150.0 * noise).round();
                level / 100.0
            }
            4 => {
                level = (level + 40.0 * noise).round().max(0.0);
                level * 4096.0
            }
            5 => (20.0 + 8.0 * noise).round(),
            6 => ((35.0 + 5.0 * noise + (i as f64 / 50.0).sin() * 10.0) * 100.0).round() / 100.0,
            _ => 35.0 + 5.0 * noise + (i as f64 / 50.0).sin() * 10.0,
        };
        let off = if jitter {
            (chance(seed) * 7.0).floor() - 3.0
        } else {
            0.0
        };
        #[expect(clippy::cast_possible_truncation, reason = "it is at most 3")]
        let off = off as i64;
        #[expect(clippy::cast_possible_wrap, reason = "it is a few hundred")]
        let at_ms = 1_700_000_000_000 + i as i64 * 15_000 + off;
        out.push(MetricSample { at_ms, value });
    }
    out
}

/// What Prometheus' chunks of 120 samples take: bits of deltas of deltas and of floats xor their neighbours.
fn gorilla_bytes(samples: &[MetricSample]) -> f64 {
    let mut bits = 0u64;
    for part in samples.chunks(120) {
        // Head of the chunk, its place in the index, first sample.
        bits += 8 * (2 + 8 + 8 + 16);
        let (mut delta, mut window) = (0, (64u32, 64u32));
        for pair in part.windows(2) {
            let [a, b] = pair else { continue };
            let now = b.at_ms - a.at_ms;
            let dod = now - delta;
            delta = now;
            bits += match dod {
                0 => 1,
                -8191..=8192 => 16,
                -65535..=65536 => 20,
                _ => 24,
            };
            let x = a.value.to_bits() ^ b.value.to_bits();
            bits += if x == 0 {
                1
            } else {
                let (lead, trail) = (x.leading_zeros().min(31), x.trailing_zeros());
                if window.0 != 64 && lead >= window.0 && trail >= window.1 {
                    u64::from(2 + 64 - window.0 - window.1)
                } else {
                    window = (lead, trail);
                    u64::from(2 + 5 + 6 + 64 - lead - trail)
                }
            };
        }
    }
    bits as f64 / 8.0 / samples.len() as f64
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(360), |a| a.parse())?;
    let mut codec = Codec::default();
    let mut seed = 1;
    println!("{:<28} B/sample  gorilla  encode ns  decode ns", "");
    let mut total = [0.0; 4];
    for (kind, name) in KINDS.iter().enumerate() {
        for jitter in [false, true] {
            let sets: Vec<_> = (0..100)
                .map(|_| samples(kind, count, jitter, &mut seed))
                .collect();
            let started = Stopwatch::now();
            let mut chunks = Vec::new();
            for set in &sets {
                let mut chunk = Vec::new();
                codec.encode(set, &mut chunk)?;
                chunks.push(chunk);
            }
            let encode = started.elapsed();
            let started = Stopwatch::now();
            let mut back = Vec::new();
            for chunk in &chunks {
                back.clear();
                codec.decode(chunk, &mut back)?;
            }
            let decode = started.elapsed();
            let all = (sets.len() * count) as f64;
            let bytes: usize = chunks.iter().map(Vec::len).sum();
            let gorilla = sets.iter().map(|s| gorilla_bytes(s)).sum::<f64>() / sets.len() as f64;
            let row = [
                bytes as f64 / all,
                gorilla,
                encode.as_nanos() as f64 / all,
                decode.as_nanos() as f64 / all,
            ];
            let note = if jitter { ", jitter" } else { "" };
            print(&format!("{name}{note}"), row);
            for (sum, one) in total.iter_mut().zip(row) {
                *sum += one / (2 * KINDS.len()) as f64;
            }
        }
    }
    print("mean", total);
    Ok(())
}

fn print(name: &str, [bytes, gorilla, encode, decode]: [f64; 4]) {
    println!("{name:<33} {bytes:>5.2}  {gorilla:>7.2}  {encode:>9.1}  {decode:>9.1}");
}
