//! Machines through the operations: well where nothing is wrong, worse at a limit, in silence and where series
//! are unusual together, unknown where nothing came in.

use std::sync::Arc;

use api::{
    Aggregation, Ailment, Caller, Direction, Domain, Instant, Limit, LimitChange, Machine,
    MachineHealth, SeriesFilter, Together, Unit, WhyUnknown,
};
use fakes::FixedClock;
use service::{Bus, HostMetric, HostReading, HostRecorder, Hub, Settings};
use store::{DatabaseUrl, Store};

const NOW: i64 = 1_780_000_000;

struct Home {
    _folder: tempfile::TempDir,
    clock: Arc<FixedClock>,
    hub: Arc<Hub>,
    caller: Caller,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::new(Instant::from_seconds(NOW)));
        let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path()).await;
        let settings = Settings::alone(folder.path().join("uploads"));
        Self {
            hub: Hub::new(store.unwrap(), clock.clone(), Bus::new(1), settings),
            clock,
            caller: Caller::system("test"),
            _folder: folder,
        }
    }

    /// One reading of a disk of that host.
    async fn read(&self, host: &str, value: f64) {
        let mut recorder = HostRecorder::new(self.hub.clone(), host, 10);
        let metric = HostMetric {
            name: "disk_used_percent".into(),
            title: format!("/var on {host}"),
            labels: vec![("mount".into(), "/var".into())],
            unit: Unit::Percent,
            aggregation: Aggregation::Last,
            domain: Domain::Machine,
            non_negative: true,
            limit: None,
        };
        let reading = HostReading { metric, value };
        recorder.record(&self.caller, vec![reading]).await.unwrap();
    }

    async fn limit(&self, host: &str, value: f64) {
        let services = self.hub.services();
        let filter = SeriesFilter {
            text: host.into(),
            ..SeriesFilter::default()
        };
        let page = services.series.list(&self.caller, filter).await.unwrap();
        let limit = Some(Limit {
            value,
            direction: Direction::Rising,
        });
        let change = LimitChange { limit };
        let set = services
            .series
            .set_limit(&self.caller, &page.series[0].id, change);
        set.await.unwrap();
    }

    async fn machines(&self) -> Vec<Machine> {
        let services = self.hub.services();
        let list = services.machines.machines(&self.caller).await;
        list.unwrap().machines
    }
}

fn scored(machine: &Machine) -> (f64, Vec<Ailment>) {
    match &machine.health {
        MachineHealth::Scored { score, deductions } => {
            let taken: f64 = deductions.iter().map(|one| one.points).sum();
            assert!((score + taken - 100.0).abs() < 1e-9, "{deductions:?}");
            (*score, deductions.iter().map(|one| one.ailment).collect())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_worst_comes_first_and_says_what_takes_points_away() {
    let home = Home::new().await;
    assert!(home.machines().await.is_empty());
    home.read("well", 10.0).await;
    home.read("full", 97.0).await;
    home.limit("full", 95.0).await;
    let machines = home.machines().await;
    let names: Vec<_> = machines.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["full", "well"]);
    let (score, why) = scored(&machines[0]);
    assert!((score - 30.0).abs() < 1e-9, "{score}");
    assert_eq!(why, [Ailment::AtLimit]);
    let (score, why) = scored(&machines[1]);
    assert!((score - 100.0).abs() < 1e-9 && why.is_empty(), "{why:?}");
}

#[tokio::test]
async fn a_machine_that_fell_silent_is_not_well() {
    let home = Home::new().await;
    home.read("gone", 10.0).await;
    home.clock.set(Instant::from_seconds(NOW + 600));
    home.read("here", 10.0).await;
    let machines = home.machines().await;
    assert_eq!(machines[0].name, "gone");
    let (score, why) = scored(&machines[0]);
    assert!(score < 50.0, "{score}");
    let since = Instant::from_seconds(NOW);
    assert_eq!(why, [Ailment::Silent { series: 1, since }]);
    assert!((scored(&machines[1]).0 - 100.0).abs() < 1e-9);
}

/// What goes up and down with the load of a host, and how far.
const FOLLOW: [(&str, f64); 4] = [
    ("cpu", 20.0),
    ("memory", 10.0),
    ("reads", 5.0),
    ("network", 300.0),
];

impl Home {
    /// A host by the minute, of whose numbers the first `count` are there. From minute `parts` on its memory
    /// goes the other way; each number was as high and as low many times before.
    async fn watch(&self, count: usize, minutes: i64, parts: i64) {
        let mut recorder = HostRecorder::new(self.hub.clone(), "db-1", 60);
        for minute in 0..minutes {
            self.clock.set(Instant::from_seconds(NOW + 60 * minute));
            let restless = |by: i64| (minute * by % 101) as f64 / 50.0 - 1.0;
            let parted = minute >= parts;
            let load = if parted { 0.8 } else { restless(7_919) };
            let readings = FOLLOW.iter().zip([13, 29, 31, 37]).take(count);
            let readings = readings.map(|(&(name, size), by)| {
                let away = if parted && name == "memory" {
                    -1.0
                } else {
                    1.0
                };
                let metric = HostMetric {
                    name: name.into(),
                    title: format!("{name} on db-1"),
                    labels: Vec::new(),
                    unit: Unit::None,
                    aggregation: Aggregation::Mean,
                    domain: Domain::Machine,
                    non_negative: true,
                    limit: None,
                };
                let value = 400.0 + size * (away * load + 0.02 * restless(by));
                HostReading { metric, value }
            });
            let readings = readings.collect();
            recorder.record(&self.caller, readings).await.unwrap();
        }
    }

    /// The only machine, looked at.
    async fn looked_at(&self) -> Machine {
        let services = self.hub.services();
        let looked = services.machines.scan_due(&self.caller).await;
        assert_eq!(looked.unwrap(), 1);
        // It was looked at just now.
        let again = services.machines.scan_due(&self.caller).await;
        assert_eq!(again.unwrap(), 0);
        let mut machines = self.machines().await;
        machines.pop().unwrap()
    }
}

#[tokio::test]
async fn series_that_part_are_unusual_together_and_take_points_away() {
    let home = Home::new().await;
    home.watch(4, 270, 260).await;
    let pending = Together::Unknown {
        why: WhyUnknown::Pending,
    };
    assert_eq!(home.machines().await[0].together, pending);
    let machine = home.looked_at().await;
    let Together::Unusual {
        series,
        since: began,
        shares,
        ..
    } = &machine.together
    else {
        panic!("{machine:?}")
    };
    assert_eq!((*series, shares[0].title.as_str()), (4, "memory on db-1"));
    assert!(shares[0].share > 0.3, "{shares:?}");
    let minutes = began.seconds_since(Instant::from_seconds(NOW)) / 60.0;
    assert!((257.0..=260.0).contains(&minutes), "{minutes}");
    let (score, why) = scored(&machine);
    assert_eq!(why, [Ailment::Together { since: *began }]);
    assert!((70.0..80.0).contains(&score), "{score}");
}

#[tokio::test]
async fn series_that_go_along_are_usual_and_an_old_look_is_none() {
    let home = Home::new().await;
    home.watch(4, 270, 999).await;
    let machine = home.looked_at().await;
    let usual = |together: &Together| matches!(together, Together::Usual { series: 4, .. });
    assert!(usual(&machine.together), "{machine:?}");
    assert!((scored(&machine).0 - 100.0).abs() < 1e-9);
    let later = Instant::from_seconds(NOW + 4 * 3_600 + 3 * 3_600);
    home.clock.set(later);
    let machines = home.machines().await;
    let unknown = |together: &Together| {
        let Together::Unknown { why } = together else {
            return false;
        };
        matches!(why, WhyUnknown::OutOfDate { .. })
    };
    assert!(unknown(&machines[0].together), "{machines:?}");
}

#[tokio::test]
async fn too_little_in_common_is_unknown_and_not_usual() {
    let short = Home::new().await;
    short.watch(4, 60, 999).await;
    let together = short.looked_at().await.together;
    let Together::Unknown {
        why: WhyUnknown::NotEnough { have, need },
    } = together
    else {
        panic!("{together:?}")
    };
    assert!(have < 60 && need == 200, "{have} of {need}");
    let few = Home::new().await;
    few.watch(2, 5, 999).await;
    let together = few.looked_at().await.together;
    assert_eq!(together, Together::TooFew { have: 2, need: 3 });
}
