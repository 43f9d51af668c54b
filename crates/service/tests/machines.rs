//! Machines through the operations: well where nothing is wrong, worse at a limit and in silence, unknown
//! where nothing came in.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

use std::sync::Arc;

use api::{
    Aggregation, Ailment, Caller, Direction, Domain, Instant, Limit, LimitChange, Machine,
    MachineHealth, SeriesFilter, Unit,
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
