//! The demo company as its users see it, on many days and with several seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::{Aggregation, Direction, EntryKind, Instant, Limit};
use fakes::{Company, DemoSeries, StoryKind};

/// Leap day, ends and beginnings of months and years, either side of the close at 23:59, the
/// epoch, and then every so many days at odd hours.
fn anchors() -> Vec<Instant> {
    let chosen = [
        0,             // 1970-01-01 00:00
        1_709_164_800, // 2024-02-29 00:00
        1_709_251_140, // 2024-02-29 23:59, the close itself
        1_709_251_141, // a second later
        1_735_689_599, // 2024-12-31 23:59:59
        1_735_689_600, // 2025-01-01 00:00
        1_795_150_000, // November 2026
        1_798_675_200, // 2026-12-31
        4_102_444_799, // 2099-12-31 23:59:59
    ];
    let spread = (0..40).map(|i| 1_767_225_600 + i * (9 * 86_400 + 7_013));
    chosen
        .into_iter()
        .chain(spread)
        .map(Instant::from_seconds)
        .collect()
}

fn companies() -> impl Iterator<Item = Company> {
    anchors()
        .into_iter()
        .zip([Company::SEED, 1, 2, 3].into_iter().cycle())
        .map(|(anchor, seed)| Company::new(anchor, seed))
}

/// One in five of them, for tests that also look far ahead.
fn some_companies() -> impl Iterator<Item = Company> {
    companies().step_by(5)
}

/// The latest whole steps, oldest first: the mean of what jitters, the last value of a level.
/// A step without samples repeats the one before.
fn on_grid(company: &Company, series: &DemoSeries, step: i64, count: i64) -> Vec<f64> {
    let samples = company.history(&series.key);
    let end = company.anchor().0.div_euclid(step);
    (end - count..end)
        .filter_map(|period| {
            let from = samples.partition_point(|(at, _)| at.0 < period * step);
            let to = samples.partition_point(|(at, _)| at.0 < (period + 1) * step);
            let within = &samples[from..to];
            if series.aggregation == Aggregation::Mean && !within.is_empty() {
                let sum = within.iter().map(|(_, value)| value).sum::<f64>();
                return Some(sum / within.len() as f64);
            }
            samples[..to].last().map(|(_, value)| *value)
        })
        .collect()
}

/// Days until the limit by the plainest sane forecast: last week again, with the drift of the
/// weeks before. `None` for not within 60 days.
fn days_to_limit(company: &Company, series: &DemoSeries, limit: Limit) -> Option<f64> {
    // Daily numbers by day; machines' by a quarter of a day, where the season is the day.
    let daily = matches!(series.domain, api::Domain::Business);
    let (step, season, count) = if daily {
        (Instant::DAY, 7, 28)
    } else {
        (Instant::DAY / 4, 4, 52)
    };
    let values = on_grid(company, series, step, count);
    if values.len() < 2 * season {
        return None;
    }
    let (old, new) = (&values[..season], &values[values.len() - season..]);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let drift = (mean(new) - mean(old)) / (values.len() - season) as f64;
    let in_a_day = if daily { 1.0 } else { 4.0 };
    (1..=60 * if daily { 1 } else { 4 })
        .find(|ahead: &usize| {
            let seasons = ahead.div_ceil(season) * season;
            limit.reached_by(new[(ahead - 1) % season] + drift * seasons as f64)
        })
        .map(|ahead| ahead as f64 / in_a_day)
}

fn by_key(company: &Company) -> BTreeMap<String, DemoSeries> {
    company
        .series()
        .into_iter()
        .map(|series| (series.key.clone(), series))
        .collect()
}

#[test]
fn the_same_anchor_and_seed_give_the_same_company() {
    let now = Instant::from_seconds(1_795_150_000);
    let (one, other) = (Company::new(now, 5), Company::new(now, 5));
    assert_eq!(one.series(), other.series());
    for series in one.series() {
        assert_eq!(one.history(&series.key), other.history(&series.key));
    }
    let later = now.plus(3 * Instant::HOUR);
    assert_eq!(one.tick(now, later), other.tick(now, later));
    assert_ne!(
        one.history("cash"),
        Company::new(now, 6).history("cash"),
        "another seed is another company"
    );
}

#[test]
fn every_value_is_a_number_and_levels_are_not_below_zero() {
    for company in some_companies() {
        let now = company.anchor();
        let series = by_key(&company);
        let valid = |key: &str, value: f64| {
            let series = &series[key];
            let percent = series.unit == api::Unit::Percent;
            assert!(value.is_finite(), "{key}");
            assert!(!series.non_negative || value >= 0.0, "{key}: {value}");
            assert!(!percent || value <= 100.0, "{key}: {value}");
        };
        for key in series.keys() {
            for (_, value) in company.history(key) {
                valid(key, value);
            }
        }
        for sample in company.tick(now, now.plus(50 * Instant::DAY)) {
            valid(&sample.key, sample.value);
        }
    }
}

#[test]
fn history_is_in_order_and_ends_at_the_anchor() {
    for company in companies() {
        for series in company.series() {
            let samples = company.history(&series.key);
            let ordered = samples.windows(2).all(|pair| pair[0].0 < pair[1].0);
            assert!(ordered, "{}", series.key);
            let (last, _) = samples[samples.len() - 1];
            assert!(last <= company.anchor(), "{}", series.key);
            let every = series.source.expected_every_seconds.unwrap();
            let missed = company.anchor().seconds_since(last) / f64::from(every);
            let silent = series.key.starts_with("kiln/");
            assert_eq!(silent, missed > 3.0, "{}: {missed}", series.key);
        }
    }
}

#[test]
fn stories_hold_on_any_day() {
    for company in companies() {
        let series = by_key(&company);
        for story in company.stories() {
            let told = &series[&story.key];
            let samples = company.history(&story.key);
            let (last_at, last) = samples[samples.len() - 1];
            let place = format!("{} at {:?}", story.key, company.anchor());
            match story.kind {
                StoryKind::Reaches => {
                    let limit = told.limit.unwrap();
                    assert!(!limit.reached_by(last), "{place}: {last}");
                    let (from, to) = story.expected_days.unwrap();
                    let found = days_to_limit(&company, told, limit);
                    assert!(
                        found.is_some_and(|days| (from..=to).contains(&days)),
                        "{place}: {found:?} is not within {from} to {to}"
                    );
                }
                StoryKind::Races => {
                    let limit = told.limit.unwrap();
                    let before = |hours: i64| {
                        let then = company.anchor().minus(hours * Instant::HOUR);
                        let place = samples.partition_point(|(at, _)| *at <= then);
                        samples[place - 1]
                    };
                    let (then, was) = before(2);
                    let a_day = (last - was) * 86_400.0 / last_at.seconds_since(then);
                    let days = (limit.value - last) / a_day;
                    let (from, to) = story.expected_days.unwrap();
                    assert!((from..=to).contains(&days), "{place}: {days}");
                    assert!((before(4).1 - before(240).1).abs() < 1.0, "{place}");
                }
                StoryKind::Over => assert!(told.limit.unwrap().reached_by(last), "{place}"),
                StoryKind::NotEnoughHistory => {
                    assert!((8..=10).contains(&samples.len()), "{place}");
                }
                StoryKind::Stale => {
                    let hours = company.anchor().seconds_since(last_at) / 3_600.0;
                    assert!((5.0..5.5).contains(&hours), "{place}: {hours}");
                }
                StoryKind::Intermittent => {
                    let zeros = samples.iter().filter(|(_, value)| *value == 0.0).count();
                    assert!(zeros * 10 > samples.len() * 7, "{place}");
                    assert!(zeros < samples.len() - 10, "{place}");
                }
                StoryKind::Unusual => {
                    let day = company.anchor().minus(Instant::DAY);
                    let (old, new): (Vec<_>, Vec<_>) =
                        samples.iter().partition(|(at, _)| *at < day);
                    let highest = |some: &[&(Instant, f64)]| {
                        some.iter().map(|(_, value)| *value).fold(0.0, f64::max)
                    };
                    assert!(highest(&new) > 1.5 * highest(&old), "{place}");
                }
            }
        }
    }
}

#[test]
fn what_is_planted_happens_when_it_should() {
    for company in some_companies() {
        let now = company.anchor();
        let series = by_key(&company);
        let future = company.tick(now, now.plus(55 * Instant::DAY));
        for story in company.stories() {
            let Some((from, to)) = story.expected_days else {
                continue;
            };
            let limit = series[&story.key].limit.unwrap();
            let reached = future
                .iter()
                .find(|sample| sample.key == story.key && limit.reached_by(sample.value));
            let days = reached.map(|sample| sample.at.seconds_since(now) / 86_400.0);
            // A burst of the odd machine touches its limit before the drift does.
            let from = if story.key == "cnc-2/vibration" {
                3.0
            } else {
                from
            };
            assert!(
                days.is_some_and(|days| (from..=to).contains(&days)),
                "{} at {now:?}: {days:?}",
                story.key
            );
        }
    }
}

#[test]
fn whatever_has_no_story_keeps_away_from_its_limit() {
    for company in companies() {
        let told: BTreeSet<String> = company.stories().into_iter().map(|s| s.key).collect();
        for series in company.series() {
            let Some(limit) = series.limit.filter(|_| !told.contains(&series.key)) else {
                continue;
            };
            let days = days_to_limit(&company, &series, limit);
            // backup-1's disk is the one that is full in seven weeks without being a story.
            let far = days.is_none_or(|days| series.key == "backup-1/root" && days > 35.0);
            assert!(far, "{} at {:?}: {days:?}", series.key, company.anchor());
        }
    }
}

#[test]
fn healthy_stock_never_falls_below_two_weeks_of_orders() {
    for company in some_companies() {
        let told: BTreeSet<String> = company.stories().into_iter().map(|s| s.key).collect();
        for series in company.series() {
            let Some(sku) = series.key.strip_prefix("stock/") else {
                continue;
            };
            if told.contains(&series.key) {
                continue;
            }
            let orders = company.history(&format!("orders/{sku}"));
            let a_day = orders.iter().map(|(_, value)| value).sum::<f64>() / orders.len() as f64;
            let stock = company.history(&series.key);
            let least = stock.iter().map(|(_, v)| *v).fold(f64::INFINITY, f64::min);
            assert!(least > 14.0 * a_day, "{sku}: {least} with {a_day} a day");
        }
    }
}

#[test]
fn ticks_continue_history_without_a_jump() {
    for company in companies() {
        let now = company.anchor();
        let at = now.plus(5 * Instant::SECOND);
        let first = company.tick(now, at);
        assert!(first.len() > 8, "machines tick each time");
        for sample in first {
            assert!(sample.at > now && sample.at <= at);
            let samples = company.history(&sample.key);
            let recent = &samples[samples.len().saturating_sub(300)..];
            let change = |pair: &[(Instant, f64)]| (pair[1].1 - pair[0].1).abs();
            let usual = recent.windows(2).map(change).fold(0.0, f64::max);
            let jump = (sample.value - samples[samples.len() - 1].1).abs();
            assert!(jump <= usual + 0.1, "{}: {jump} > {usual}", sample.key);
        }
    }
}

#[test]
fn small_ticks_give_what_one_large_tick_gives() {
    let now = Instant::from_seconds(1_795_190_000);
    let company = Company::new(now, Company::SEED);
    let until = now.plus(9 * Instant::HOUR);
    let mut small = Vec::new();
    let mut at = now;
    while at < until {
        let next = at.plus(7 * Instant::SECOND).min(until);
        small.extend(company.tick(at, next));
        at = next;
    }
    let business = |samples: &[fakes::DemoSample]| -> BTreeSet<(String, i64, u64)> {
        samples
            .iter()
            .filter(|s| s.key.contains("SKU") || s.key == "cash" || s.key.contains("good-parts"))
            .map(|s| (s.key.clone(), s.at.0, s.value.to_bits()))
            .collect()
    };
    let large = company.tick(now, until);
    assert_eq!(business(&small), business(&large));
    assert!(small.iter().any(|s| s.key == "stock/SKU-4"), "stock falls");
    assert!(small.iter().any(|s| s.key == "cash"), "the day rolls");
    assert!(company.tick(until, now).is_empty(), "time does not go back");
}

#[test]
fn nothing_but_the_kiln_falls_silent_however_long_it_runs() {
    let company = Company::new(Instant::from_seconds(1_795_150_000), Company::SEED);
    for hours in [1, 2, 30, 24 * 40, 24 * 500] {
        // Some 25 minutes after the hour.
        let now = company.anchor().plus(hours * Instant::HOUR);
        let now = Instant(now.0 - now.0.rem_euclid(Instant::HOUR) + 25 * Instant::MINUTE);
        let new = company.tick(now.minus(2 * Instant::DAY), now);
        let newest: BTreeMap<String, Instant> = new.into_iter().map(|s| (s.key, s.at)).collect();
        for series in company.series() {
            let history = || company.history(&series.key).last().map(|(at, _)| *at);
            let last = newest.get(&series.key).copied().or_else(history).unwrap();
            let every = series.source.expected_every_seconds.unwrap();
            let missed = now.seconds_since(last) / f64::from(every);
            let silent = series.key.starts_with("kiln/");
            assert_eq!(
                silent,
                missed > 3.0,
                "{} after {hours} h: {missed}",
                series.key
            );
        }
    }
}

#[test]
fn the_calendar_explains_what_its_days_show() {
    for company in some_companies() {
        let entries = company.entries();
        assert_eq!(entries.len(), 3);
        for entry in entries {
            assert!(entry.first <= entry.last, "{entry:?}");
            let end = entry.last.plus(Instant::DAY);
            for key in &entry.touches {
                let history = company.history(key);
                assert!(!history.is_empty(), "{key}");
                let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
                let (within, outside): (Vec<_>, Vec<_>) = history
                    .into_iter()
                    .partition(|(at, _)| *at > entry.first && *at <= end);
                if within.is_empty() {
                    assert!(entry.first > company.anchor(), "{entry:?}");
                    continue;
                }
                let [within, outside] = [within, outside]
                    .map(|part| mean(part.into_iter().map(|(_, value)| value).collect()));
                let explained = if entry.kind == EntryKind::Closure {
                    within < 0.01 * outside
                } else {
                    within > 1.3 * outside
                };
                assert!(explained, "{key}: {within} beside {outside}");
            }
        }
    }
}

#[test]
fn a_long_downtime_is_filled_in_and_bounded() {
    let now = Instant::from_seconds(1_795_150_000);
    let company = Company::new(now, Company::SEED);
    let filled = company.tick(now, now.plus(2 * Instant::DAY));
    let cpu = filled.iter().filter(|s| s.key == "web-1/cpu").count();
    assert!((576..=578).contains(&cpu), "{cpu}");
    let decades = company.tick(now, now.plus(20_000 * Instant::DAY));
    assert!(decades.len() < 500_000, "{}", decades.len());
}

#[test]
fn keys_titles_and_labels_tell_series_apart() {
    let company = Company::new(Instant::from_seconds(1_795_150_000), Company::SEED);
    let series = company.series();
    let distinct = |words: Vec<String>| words.into_iter().collect::<BTreeSet<_>>().len();
    assert_eq!(
        distinct(series.iter().map(|s| s.key.clone()).collect()),
        series.len()
    );
    assert_eq!(
        distinct(series.iter().map(|s| s.title.clone()).collect()),
        series.len()
    );
    let identity = |s: &DemoSeries| format!("{} {:?}", s.name, s.labels);
    assert_eq!(
        distinct(series.iter().map(identity).collect()),
        series.len()
    );
    assert!(series.iter().all(|s| s.labels.is_sorted()));
    let sources: BTreeSet<_> = company.sources().into_iter().map(|s| s.key).collect();
    assert_eq!(sources.len(), company.sources().len());
    assert!(series.iter().all(|s| sources.contains(&s.source.key)));
    for story in company.stories() {
        assert!(series.iter().any(|s| s.key == story.key), "{}", story.key);
    }
    let cash = series.iter().find(|s| s.key == "cash").unwrap();
    assert_eq!(cash.limit.unwrap().direction, Direction::Falling);
    assert!(company.history("nothing").is_empty());
}

#[test]
fn the_company_is_small_and_quick_enough_to_load_in_seconds() {
    let begun = std::time::Instant::now();
    let company = Company::new(Instant::from_seconds(1_795_150_000), Company::SEED);
    let built = begun.elapsed();
    let series = company.series();
    let samples: usize = series.iter().map(|s| company.history(&s.key).len()).sum();
    let all = begun.elapsed();
    println!(
        "{} series, {samples} samples: built in {built:?}, all in {all:?}",
        series.len()
    );
    assert!((100_000..150_000).contains(&samples), "{samples}");
    assert!(all < Duration::from_secs(5), "{all:?}");
}
