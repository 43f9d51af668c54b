//! What both engines are asked about: two hours of a small company, with everything that goes wrong.

use crate::memory::Memory;

/// A multiple of every step, so that samples lie on the ends of windows.
pub(crate) const START_MS: i64 = 1_700_000_400_000;
pub(crate) const END_MS: i64 = START_MS + 2 * 3_600_000;

/// When both are asked.
pub(crate) const INSTANTS_MS: [i64; 4] = [
    START_MS + 900_000,
    START_MS + 3_723_456,
    START_MS + 5_400_000,
    END_MS + 200_000,
];

/// From, to and step, in milliseconds: on the samples, between them, longer than the lookback, and
/// beyond both ends.
pub(crate) const RANGES_MS: [(i64, i64, i64); 3] = [
    (START_MS + 3_000_000, START_MS + 4_200_000, 30_000),
    (START_MS - 400_123, END_MS + 700_000, 137_531),
    (START_MS, END_MS, 900_000),
];

const STALE: f64 = f64::from_bits(series::STALE_BITS);

/// Chance with a seed: splitmix64 (Steele and others 2014).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    /// Up to so many milliseconds.
    fn late_ms(&mut self, most: usize) -> i64 {
        i64::try_from(self.below(most)).unwrap()
    }

    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

/// The data set.
pub(crate) fn memory() -> Memory {
    let mut memory = Memory::default();
    let mut chance = Chance(7);
    requests(&mut memory, &mut chance);
    temperatures(&mut memory, &mut chance);
    buckets(&mut memory, &mut chance);
    facts(&mut memory);
    oddities(&mut memory, &mut chance);
    words(&mut memory);
    memory
}

/// Texts that expressions of two dialects tell apart.
fn words(memory: &mut Memory) {
    let texts = [
        "a",
        "A",
        "K",
        "\u{17f}",
        "\u{212a}",
        "é",
        "Zürich",
        "١٢٣",
        "09",
        "a b",
        "a\u{a0}b",
        "a\tb",
        "a\nb",
        "a-b",
        "é-b",
        "a.b",
        "axb",
        "a|b",
        "[a",
        "]a",
        "a&b",
        "a~b",
        "-./",
        "+,-",
        "[:",
        "]\\b",
        "aab",
        "a{x}b{,2}",
    ];
    for text in texts {
        let samples = every(300_000).map(|at| (at, 1.0));
        memory.push(
            &[("__name__", "word"), ("text", text)],
            samples.collect::<Vec<_>>(),
        );
    }
}

fn every(step_ms: i64) -> impl Iterator<Item = i64> {
    (0..)
        .map(move |n| START_MS + n * step_ms)
        .take_while(|at| *at <= END_MS)
}

/// Counters with resets, and the targets' `up`.
fn requests(memory: &mut Memory, chance: &mut Chance) {
    for (job, step_ms) in [("api", 15_000), ("web", 30_000)] {
        for instance in ["i0", "i1", "i2", "i3"] {
            for code in ["200", "404", "500"] {
                let labels = [
                    ("__name__", "http_requests_total"),
                    ("job", job),
                    ("instance", instance),
                    ("code", code),
                ];
                let mut count = (chance.below(500)) as f64;
                let mut samples = Vec::new();
                for at in every(step_ms) {
                    count += chance.below(40) as f64;
                    if chance.below(120) == 0 {
                        count = chance.below(5) as f64;
                    }
                    // Scrapes of one job come a little late.
                    let late = if job == "web" { chance.late_ms(900) } else { 0 };
                    if chance.below(50) > 0 {
                        samples.push((at + late, count));
                    }
                }
                // Two of them never get going, or end.
                match (instance, code) {
                    ("i2", "500") => samples.retain(|(at, _)| *at > START_MS + 3_000_000),
                    ("i3", "404") => {
                        samples.retain(|(at, _)| *at < START_MS + 3_500_000);
                        samples.push((START_MS + 3_600_000, STALE));
                    }
                    _ => {}
                }
                memory.push(&labels, samples);
            }
            let up = every(step_ms).map(|at| (at, f64::from(u8::from(chance.below(20) > 0))));
            memory.push(
                &[("__name__", "up"), ("job", job), ("instance", instance)],
                up.collect::<Vec<_>>(),
            );
        }
    }
}

/// Gauges with gaps, some of them announced.
fn temperatures(memory: &mut Memory, chance: &mut Chance) {
    for (index, zone) in ["north", "south", "Zürich \"x\"", ""]
        .into_iter()
        .enumerate()
    {
        for instance in ["i0", "i1", "i2"] {
            let mut samples = Vec::new();
            let mut silent = 0;
            let mut value = 20.0 * chance.fraction();
            for at in every(20_000) {
                value += chance.fraction() * 4.0 - 2.0;
                if silent > 0 {
                    silent -= 1;
                    continue;
                }
                if chance.below(60) == 0 {
                    silent = 10 + chance.below(40);
                    if chance.below(2) == 0 {
                        samples.push((at, STALE));
                        continue;
                    }
                }
                let jitter = chance.late_ms(1 + 200 * index);
                samples.push((at + jitter, value));
            }
            memory.push(
                &[
                    ("__name__", "node_temp"),
                    ("instance", instance),
                    ("zone", zone),
                ],
                samples,
            );
        }
    }
    for (instance, size) in [("i0", 1e9), ("i1", 8e9), ("i2", 3e19)] {
        let samples =
            every(60_000).map(|at| (at, size + size * (chance.fraction() - 0.5).round() / 8.0));
        memory.push(
            &[("__name__", "mem_bytes"), ("instance", instance)],
            samples.collect::<Vec<_>>(),
        );
    }
}

/// Histograms, one of them without its last bucket, one with a bound that is no number.
fn buckets(memory: &mut Memory, chance: &mut Chance) {
    let bounds = ["0.1", "0.5", "1", "1.0", "2.5", "+Inf"];
    for (name, job, count) in [
        ("request_seconds_bucket", "api", 6),
        ("request_seconds_bucket", "web", 5),
        ("other_seconds_bucket", "api", 6),
    ] {
        let mut counts = [0.0; 6];
        let mut samples: Vec<Vec<(i64, f64)>> = vec![Vec::new(); 6];
        for at in every(30_000) {
            for (place, samples) in samples.iter_mut().enumerate() {
                let grown = chance.below(10) as f64;
                counts[place..].iter_mut().for_each(|count| *count += grown);
                // Read while it grows: not quite monotonic.
                samples.push((at, counts[place] - chance.below(2) as f64));
            }
        }
        for (le, samples) in bounds.iter().zip(samples).take(count) {
            memory.push(&[("__name__", name), ("job", job), ("le", le)], samples);
        }
    }
    let odd = every(30_000).map(|at| (at, 1.0));
    memory.push(
        &[
            ("__name__", "request_seconds_bucket"),
            ("job", "api"),
            ("le", "abc"),
        ],
        odd.collect::<Vec<_>>(),
    );
}

/// Facts as labels; one changes its version on the way.
fn facts(memory: &mut Memory) {
    let half = START_MS + 3_600_000;
    for (instance, version, team) in [
        ("i0", "1.0", "red"),
        ("i1", "1.1", "blue"),
        ("i3", "1.1", "red"),
    ] {
        let labels = [
            ("__name__", "build_info"),
            ("instance", instance),
            ("version", version),
            ("team", team),
        ];
        if instance == "i1" {
            let before = every(30_000).filter(|at| *at < half).map(|at| (at, 1.0));
            memory.push(&labels, before.chain([(half, STALE)]).collect::<Vec<_>>());
            let labels = [
                ("__name__", "build_info"),
                ("instance", instance),
                ("version", "2.0"),
                ("team", team),
            ];
            memory.push(
                &labels,
                every(30_000)
                    .filter(|at| *at >= half)
                    .map(|at| (at, 1.0))
                    .collect::<Vec<_>>(),
            );
        } else {
            memory.push(
                &labels,
                every(30_000).map(|at| (at, 1.0)).collect::<Vec<_>>(),
            );
        }
    }
}

/// A value by its number.
type Course = fn(usize) -> f64;

/// Values and label sets at the edges.
fn oddities(memory: &mut Memory, chance: &mut Chance) {
    let kinds: [(&str, Course); 9] = [
        ("nan", |_| f64::NAN),
        ("inf", |_| f64::INFINITY),
        ("neginf", |_| f64::NEG_INFINITY),
        ("zero", |n| if n.is_multiple_of(2) { 0.0 } else { -0.0 }),
        ("constant", |_| 0.1),
        ("sometimes_nan", |n| {
            if n.is_multiple_of(5) {
                f64::NAN
            } else {
                n as f64
            }
        }),
        ("both_inf", |n| {
            if n.is_multiple_of(7) {
                f64::INFINITY
            } else {
                -(n as f64)
            }
        }),
        ("tiny", |n| 1e-9 * n as f64),
        ("line", |n| 3.0 * n as f64 - 100.0),
    ];
    for (kind, value) in kinds {
        let samples = every(30_000).enumerate().map(|(n, at)| (at, value(n)));
        memory.push(
            &[("__name__", "odd"), ("kind", kind)],
            samples.collect::<Vec<_>>(),
        );
    }
    // The same labels under two names: nobody may compute with both at once.
    for name in ["twin_a", "twin_b"] {
        for x in ["1", "2"] {
            let samples = every(60_000).map(|at| (at, chance.fraction()));
            memory.push(&[("__name__", name), ("x", x)], samples.collect::<Vec<_>>());
        }
    }
    // They take turns, so at no instant are there two.
    let half = START_MS + 3_600_000;
    memory.push(
        &[("__name__", "turn_a"), ("x", "1")],
        every(30_000)
            .filter(|at| *at < half)
            .map(|at| (at, 1.0))
            .chain([(half, STALE)])
            .collect::<Vec<_>>(),
    );
    memory.push(
        &[("__name__", "turn_b"), ("x", "1")],
        every(30_000)
            .filter(|at| *at >= half)
            .map(|at| (at, 2.0))
            .collect::<Vec<_>>(),
    );
    // It ends without a word: the lookback keeps it for five minutes.
    memory.push(
        &[("__name__", "gone"), ("x", "1")],
        every(30_000)
            .filter(|at| *at <= half)
            .map(|at| (at, 5.0))
            .collect::<Vec<_>>(),
    );
    memory.push(&[("__name__", "once"), ("x", "1")], [(half, 42.0)]);
    let seconds = every(600_000)
        .enumerate()
        .map(|(n, at)| (at, 1e9 + 86_400.0 * 41.3 * n as f64));
    memory.push(
        &[("__name__", "birthday_seconds")],
        seconds.collect::<Vec<_>>(),
    );
    memory.push(
        &[
            ("__name__", "with:colon"),
            ("path", "/a/b-c.d"),
            ("empty", ""),
        ],
        every(60_000)
            .map(|at| (at, at as f64 / 1e3))
            .collect::<Vec<_>>(),
    );
}
