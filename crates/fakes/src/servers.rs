//! The servers, and the shop's certificate.

use api::Instant;

use crate::calendar::Days;
use crate::chance::Chance;
use crate::track::{DemoSeries, DemoSource, Rhythm, Track};
use crate::workshop::{day_wave, hour_of, hundredths};

/// /var on db-1 is full so many days after the anchor.
const FULL_IN: f64 = 9.0;
/// Percent that its logs grow a day.
const LOGS_A_DAY: f64 = 1.3;
/// A release has left its debug log on since so many days before the anchor: hours, and /var fills.
const LOG_SINCE: f64 = -3.5 / 24.0;
/// Percent that this log grows a day.
const LOG_A_DAY: f64 = 6.0 * 24.0;
/// How full that disk is without it.
const LOG_ON: f64 = 36.0;
/// The shop's certificate ends so many days after the anchor.
const CERTIFICATE_ENDS: f64 = 23.0;
/// A report runs away on this server, so many days after the anchor, for so long.
const RUNAWAY: (&str, f64, f64) = ("web-2", -0.2, 0.5 / 24.0);
/// For how many days one is issued.
const CERTIFICATE_LASTS: f64 = 90.0;

/// A server: how busy it is, in percent, and how much of its network's 10 MB/s it uses.
struct Server {
    host: &'static str,
    cpu: f64,
    memory: f64,
    network: f64,
    /// Works at night, when the others rest.
    nightly: bool,
    root: Disk,
    var: Disk,
}

/// How full a disk is, and how much fuller it gets each day, in percent.
#[derive(Clone, Copy)]
enum Disk {
    /// About so full, and stays so.
    Steady(f64),
    /// So full at the anchor, and growing by so much a day.
    Grows(f64, f64),
    /// The story of days.
    Fills,
    /// The story of hours.
    Races,
}

const SERVERS: [Server; 4] = [
    Server {
        host: "web-1",
        cpu: 34.0,
        memory: 58.0,
        network: 0.42,
        nightly: false,
        root: Disk::Steady(41.0),
        var: Disk::Races,
    },
    Server {
        host: "web-2",
        cpu: 31.0,
        memory: 55.0,
        network: 0.38,
        nightly: false,
        root: Disk::Steady(39.0),
        var: Disk::Steady(34.0),
    },
    Server {
        host: "db-1",
        cpu: 46.0,
        memory: 71.0,
        network: 0.25,
        nightly: false,
        root: Disk::Steady(52.0),
        var: Disk::Fills,
    },
    Server {
        host: "backup-1",
        cpu: 12.0,
        memory: 33.0,
        network: 0.30,
        nightly: true,
        // Full in seven weeks: far enough not to be urgent, near enough to be seen.
        root: Disk::Grows(83.0, 0.35),
        var: Disk::Steady(22.0),
    },
];

/// Five series of each server, and the certificate.
pub(crate) fn tracks(days: Days, chance: Chance) -> Vec<Track> {
    let source = DemoSource::new("servers", "servers", 60);
    let mut tracks: Vec<Track> = SERVERS
        .iter()
        .flat_map(|server| {
            let chance = chance.of(server.host);
            [
                cpu(server, &source, days, chance.of("cpu")),
                memory(server, &source, days, chance.of("memory")),
                network(server, &source, days, chance.of("network")),
                disk(server, "/", server.root, &source, days, chance.of("/")),
                disk(server, "/var", server.var, &source, days, chance.of("/var")),
            ]
        })
        .collect();
    tracks.push(certificate(days));
    tracks
}

fn of_host(source: &DemoSource, host: &str, what: &str, name: &str, title: &str) -> DemoSeries {
    DemoSeries::new(source, format!("{host}/{what}"), name, title)
        .label("host", host)
        .machine()
}

/// Every `step` since so many days ago; live every `live`.
fn sampled(days: Days, since: f64, step: i64, live: i64) -> Rhythm {
    Rhythm::Sampled {
        from: days.in_days(-since),
        step,
        live,
        until: None,
    }
}

/// How busy a server is compared with its mean: 1 on average.
fn load(nightly: bool, at: Instant) -> f64 {
    if nightly {
        // Two hours of work around two o'clock, with an hour to start and to end.
        let from_two = (hour_of(at) - 2.0).abs();
        0.5 + 4.0 * (2.0 - from_two).clamp(0.0, 1.0)
    } else {
        1.0 + 0.45 * day_wave(at)
    }
}

fn cpu(server: &Server, source: &DemoSource, days: Days, chance: Chance) -> Track {
    let title = format!("{} CPU", server.host);
    let series = of_host(source, server.host, "cpu", "cpu_used_percent", &title)
        .unit("%")
        .jitters();
    let (mean, nightly) = (server.cpu, server.nightly);
    let (host, from, long) = RUNAWAY;
    let runs_away = server.host == host;
    let rhythm = sampled(days, 14.0, 5 * Instant::MINUTE, 0);
    Track::new(series, rhythm, move |at| {
        let noise = 0.10 * chance.wander(at, 5 * Instant::MINUTE);
        if runs_away && (from..from + long).contains(&days.days_to(at)) {
            return hundredths(97.0 + 10.0 * noise);
        }
        hundredths((mean * (load(nightly, at) + noise)).clamp(0.5, 100.0))
    })
}

fn memory(server: &Server, source: &DemoSource, days: Days, chance: Chance) -> Track {
    let title = format!("{} memory", server.host);
    let series = of_host(source, server.host, "memory", "memory_used_percent", &title)
        .unit("%")
        .jitters()
        .rising_to(95.0)
        .then("processes killed");
    let mean = server.memory;
    let rhythm = sampled(days, 60.0, Instant::HOUR, 15 * Instant::SECOND);
    Track::new(series, rhythm, move |at| {
        hundredths(mean + 1.5 * day_wave(at) + 0.8 * chance.wander(at, Instant::HOUR))
    })
}

fn network(server: &Server, source: &DemoSource, days: Days, chance: Chance) -> Track {
    let title = format!("{} network", server.host);
    let series = of_host(
        source,
        server.host,
        "network",
        "network_bytes_per_second",
        &title,
    )
    .unit("B/s")
    .jitters();
    let (mean, nightly) = (server.network * 10e6, server.nightly);
    let rhythm = sampled(days, 14.0, 15 * Instant::MINUTE, 0);
    Track::new(series, rhythm, move |at| {
        let noise = 0.12 * chance.wander(at, 15 * Instant::MINUTE);
        (mean * (load(nightly, at) + noise)).max(0.0).round()
    })
}

fn disk(
    server: &Server,
    mount: &str,
    disk: Disk,
    source: &DemoSource,
    days: Days,
    chance: Chance,
) -> Track {
    let what = if mount == "/" { "root" } else { "var" };
    let title = format!("{mount} on {}", server.host);
    let series = of_host(source, server.host, what, "disk_used_percent", &title)
        .label("mount", mount)
        .unit("%")
        .rising_to(100.0)
        .then(match server.host {
            "backup-1" => "no backups",
            "db-1" => "shop down",
            _ => "pages fail",
        });
    // What is told by hours has to be read more often than each of them.
    let step = match disk {
        Disk::Races => 15 * Instant::MINUTE,
        _ => Instant::HOUR,
    };
    let rhythm = sampled(days, 60.0, step, Instant::MINUTE);
    Track::new(series, rhythm, move |at| {
        // Files come and go by day.
        let wiggle = 0.12 * day_wave(at) + 0.06 * chance.wander(at, Instant::HOUR);
        let passed = days.days_to(at);
        let full = match disk {
            Disk::Steady(full) => full + 0.5 * chance.of("slow").wander(at, 2 * Instant::DAY),
            Disk::Grows(full, a_day) => full + a_day * passed,
            // Half a day after it is full, somebody deletes the old logs and limits new ones.
            Disk::Fills if passed > FULL_IN + 0.5 => 31.0,
            Disk::Fills => 100.0 - LOGS_A_DAY * (FULL_IN - passed),
            // Half a day after it began, somebody is called, switches it off and deletes it.
            Disk::Races if passed > LOG_SINCE + 0.5 => LOG_ON,
            Disk::Races => LOG_ON + LOG_A_DAY * (passed - LOG_SINCE).max(0.0),
        };
        hundredths((full + wiggle).clamp(0.0, 100.0))
    })
}

fn certificate(days: Days) -> Track {
    let source = DemoSource::new("certificates", "certificates", 21_600);
    let host = "shop.alder-and-oak.example";
    let series = DemoSeries::new(
        &source,
        "certificate/shop".to_owned(),
        "certificate_days_left",
        &format!("Certificate of {host}"),
    )
    .label("host", host)
    .machine()
    .unit("days")
    .falling_to(0.0)
    .then("shop unreachable");
    // Watched since it was issued: earlier ones were renewed in time and would only hide the line.
    let rhythm = sampled(
        days,
        CERTIFICATE_LASTS - CERTIFICATE_ENDS,
        6 * Instant::HOUR,
        Instant::HOUR,
    );
    Track::new(series, rhythm, move |at| {
        // Half a day after it has ended, somebody renews it, and then again each sixty days.
        let since_renewal = days.days_to(at) - CERTIFICATE_ENDS - 0.5;
        let left = if since_renewal > 0.0 {
            CERTIFICATE_LASTS - since_renewal.rem_euclid(60.0)
        } else {
            CERTIFICATE_ENDS - days.days_to(at)
        };
        hundredths(left.max(0.0))
    })
}
