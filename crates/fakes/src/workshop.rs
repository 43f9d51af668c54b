//! The workshop's machines and its drying kiln.

use std::f64::consts::TAU;

use api::Instant;

use crate::calendar::{Days, weekday};
use crate::chance::Chance;
use crate::occasions::stocktaking;
use crate::track::{DemoSeries, DemoSource, Rhythm, Track};

const FIVE_MINUTES: i64 = 5 * Instant::MINUTE;
/// Vibration is trouble from here on: the line between "just tolerable" and "stop" of ISO 10816.
const VIBRATION_LIMIT: f64 = 7.1;
/// The odd machine reaches it so many days after the anchor.
const ODD_REACHES: f64 = 12.0;
/// Millimetres a second more each day.
const ODD_DRIFT: f64 = 0.13;

/// Three machines and the kiln.
pub(crate) fn tracks(days: Days, chance: Chance) -> Vec<Track> {
    let source = DemoSource::new("workshop", "workshop", 60);
    // What comes once an hour would be silent for most of it if it came from where minutes do.
    let counters = DemoSource::new("counters", "workshop counters", 3_600);
    let mut tracks = Vec::new();
    for machine in ["CNC-1", "CNC-2", "Lathe-1"] {
        let chance = chance.of(machine);
        tracks.push(temperature(
            machine,
            &source,
            days,
            chance.of("temperature"),
        ));
        tracks.push(vibration(machine, &source, days, chance.of("vibration")));
        tracks.push(good_parts(machine, &counters, days, chance.of("parts")));
    }
    tracks.extend(kiln(days, chance.of("kiln")));
    tracks
}

/// CNC-2 also runs at night.
fn runs_at_night(machine: &str) -> bool {
    machine == "CNC-2"
}

/// How busy a machine is at `at`, 0 to 1: from 6 to 18, with half an hour to start and stop.
///
/// On weekends as well: two weeks of history are too few to tell a free weekend from a drift.
fn busy(machine: &str, at: Instant) -> f64 {
    if runs_at_night(machine) {
        return 1.0;
    }
    let hour = hour_of(at);
    ((hour - 6.0).min(18.0 - hour) * 2.0).clamp(0.0, 1.0)
}

/// Hours since midnight UTC.
pub(crate) fn hour_of(at: Instant) -> f64 {
    at.0.rem_euclid(Instant::DAY) as f64 / Instant::HOUR as f64
}

/// A wave with the day's length: −1 at two in the morning, 1 at two in the afternoon.
pub(crate) fn day_wave(at: Instant) -> f64 {
    ((hour_of(at) - 8.0) / 24.0 * TAU).sin()
}

/// Two decimals are what a sensor gives.
pub(crate) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Every five minutes since so many days ago, live in each tick.
fn fine(days: Days, since: f64) -> Rhythm {
    Rhythm::Sampled {
        from: days.in_days(-since),
        step: FIVE_MINUTES,
        live: 0,
        until: None,
    }
}

fn of_machine(
    source: &DemoSource,
    machine: &str,
    what: &str,
    name: &str,
    title: &str,
) -> DemoSeries {
    let key = format!("{}/{what}", machine.to_lowercase());
    DemoSeries::new(source, key, name, &format!("{machine} {title}"))
        .label("machine", machine)
        .machine()
}

fn temperature(machine: &'static str, source: &DemoSource, days: Days, chance: Chance) -> Track {
    let series = of_machine(
        source,
        machine,
        "temperature",
        "spindle_temperature_celsius",
        "spindle temperature",
    )
    .unit("°C")
    .jitters()
    .rising_to(75.0)
    .then("machine stops");
    Track::new(series, fine(days, 14.0), move |at| {
        let room = 21.0 + 1.5 * day_wave(at);
        let warm = 24.0 * busy(machine, at) + 1.2 * chance.wander(at, 3 * FIVE_MINUTES);
        hundredths(room + warm)
    })
}

fn vibration(machine: &'static str, source: &DemoSource, days: Days, chance: Chance) -> Track {
    let series = of_machine(source, machine, "vibration", "vibration_mm_s", "vibration")
        .unit("mm/s")
        .jitters()
        .rising_to(VIBRATION_LIMIT)
        .then("spindle breaks");
    let odd = runs_at_night(machine);
    // Weeks ahead are forecast on days, and two weeks of days are too few.
    let since = if odd { 35.0 } else { 14.0 };
    Track::new(series, fine(days, since), move |at| {
        let noise = 0.08 * chance.wander(at, FIVE_MINUTES);
        let value = if odd {
            drift(days, at) + burst(days, chance.of("burst"), at) + 0.1 * day_wave(at) + noise
        } else {
            0.5 + 1.5 * busy(machine, at) + noise
        };
        hundredths(value.max(0.0))
    })
}

/// The odd machine's bearing wears out, until it is replaced a day after the limit.
fn drift(days: Days, at: Instant) -> f64 {
    let passed = days.days_to(at);
    if passed > ODD_REACHES + 1.0 {
        2.0
    } else {
        VIBRATION_LIMIT - ODD_DRIFT * (ODD_REACHES - passed)
    }
}

/// Twenty minutes of shaking in some of the quarters of a day, more often as the bearing wears.
fn burst(days: Days, chance: Chance, at: Instant) -> f64 {
    const QUARTER: i64 = 6 * Instant::HOUR;
    const LONG: f64 = 20.0 * 60.0;
    let quarter = at.0.div_euclid(QUARTER);
    let begun = Instant(quarter * QUARTER);
    let wear = (0.6 + days.days_to(begun) * 0.03).clamp(0.1, 0.9);
    if days.days_to(begun) > ODD_REACHES || chance.even(quarter) > wear {
        return 0.0;
    }
    // It ends within its quarter, so that no value is cut off.
    let starts = chance.of("starts").even(quarter) * (6.0 * 3_600.0 - LONG);
    let share = (at.seconds_since(begun) - starts) / LONG;
    if (0.0..1.0).contains(&share) {
        1.0 * (share * TAU / 2.0).sin().powi(2)
    } else {
        0.0
    }
}

/// The key of the series of a machine's good parts.
pub(crate) fn good_parts_key(machine: &str) -> String {
    format!("{}/good-parts", machine.to_lowercase())
}

fn good_parts(machine: &'static str, source: &DemoSource, days: Days, chance: Chance) -> Track {
    let series = of_machine(source, machine, "good-parts", "good_parts", "good parts")
        .unit("parts")
        .flow();
    let rhythm = Rhythm::Sampled {
        from: days.in_days(-60.0),
        step: Instant::HOUR,
        live: Instant::HOUR,
        until: None,
    };
    let closed = stocktaking(days);
    Track::new(series, rhythm, move |at| {
        let in_an_hour = if runs_at_night(machine) { 9.0 } else { 16.0 };
        // The hour that ends at `at`.
        let middle = at.minus(Instant::HOUR / 2);
        let day = middle.0.div_euclid(Instant::DAY);
        if day == closed {
            return 0.0;
        }
        let weekend = weekday(day) >= 5;
        // On weekends there is one person for all machines.
        let worked = busy(machine, middle) * if weekend { 0.4 } else { 1.0 };
        chance.count(at.0.div_euclid(Instant::HOUR), in_an_hour * worked)
    })
}

/// The kiln's gateway fell silent five hours before the anchor, and stays so.
fn kiln(days: Days, chance: Chance) -> Vec<Track> {
    let source = DemoSource::new("kiln", "drying kiln", 900);
    let rhythm = Rhythm::Sampled {
        from: days.in_days(-14.0),
        step: 15 * Instant::MINUTE,
        live: 15 * Instant::MINUTE,
        until: Some(days.anchor.minus(5 * Instant::HOUR)),
    };
    let of_kiln = |what: &str, name: &str, title: &str| {
        DemoSeries::new(&source, format!("kiln/{what}"), name, title)
            .label("machine", "kiln")
            .jitters()
    };
    let temperature = of_kiln(
        "temperature",
        "kiln_temperature_celsius",
        "Kiln temperature",
    )
    .unit("°C")
    .rising_to(70.0)
    .then("load cracks");
    let humidity = of_kiln("humidity", "kiln_humidity_percent", "Kiln humidity").unit("%");
    let (warm, damp) = (chance.of("warm"), chance.of("damp"));
    vec![
        Track::new(temperature, rhythm, move |at| {
            hundredths(54.0 + 0.8 * day_wave(at) + 0.5 * warm.wander(at, Instant::HOUR))
        }),
        Track::new(humidity, rhythm, move |at| {
            hundredths(46.0 - 2.0 * day_wave(at) + 1.2 * damp.wander(at, Instant::HOUR))
        }),
    ]
}
