//! A hub with a store of metrics and a clock that tests set.

use std::sync::Arc;

use api::{
    Caller, Finding, FindingFilter, Forecast, ForecastState, Instant, KeyId, Push, PushProtocol,
    Scope, SeriesId, Services, Who,
};
use fakes::FixedClock;
use service::{Bus, Hub, Settings};
use store::metrics::ChunkStore;
use store::{DatabaseUrl, Store};

/// When it is, in seconds.
pub(crate) const NOW_S: i64 = 1_780_000_000;

pub(crate) struct Home {
    _folder: tempfile::TempDir,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) services: Services,
}

pub(crate) async fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path())
        .await
        .unwrap();
    let clock = Arc::new(FixedClock::new(Instant::from_seconds(NOW_S)));
    let metrics = ChunkStore::open_sqlite(folder.path()).await.unwrap();
    let settings = Settings {
        metrics: Some(Arc::new(metrics)),
        ..Settings::alone(folder.path().join("uploads"))
    };
    let hub = Hub::new(store, clock.clone(), Bus::new(1), settings);
    Home {
        _folder: folder,
        clock,
        services: hub.services(),
    }
}

pub(crate) fn key(name: &str) -> Caller {
    Caller {
        who: Who::Key {
            id: KeyId(name.into()),
            name: name.into(),
            scopes: vec![Scope::INGEST, Scope::QUERY],
            rate: None,
        },
        ..Caller::system("test")
    }
}

/// Lines of Influx' protocol, with times in seconds.
pub(crate) fn influx(lines: &str) -> Push {
    Push {
        protocol: PushProtocol::Influx,
        content_type: None,
        content_encoding: None,
        precision: Some("s".into()),
        body: lines.into(),
    }
}

/// The forecast of a series, which there is.
/// The newest findings, those too that chance may have brought.
pub(crate) async fn all_findings(services: &Services, caller: &Caller) -> Vec<Finding> {
    let all = FindingFilter {
        domain: None,
        with_chance: true,
    };
    services
        .findings
        .newest(caller, all)
        .await
        .unwrap()
        .findings
}

pub(crate) async fn forecast(services: &Services, caller: &Caller, id: &SeriesId) -> Box<Forecast> {
    match services.forecasts.get(caller, id).await.unwrap() {
        ForecastState::Ready { forecast } => forecast,
        other @ ForecastState::Unknown { .. } => panic!("{other:?}"),
    }
}

impl Home {
    /// Sends lines of Influx' protocol with that key; answers the status.
    pub(crate) async fn push(&self, name: &str, lines: &str) -> u16 {
        let answer = self.services.metrics.push(&key(name), influx(lines)).await;
        answer.unwrap().status
    }
}
