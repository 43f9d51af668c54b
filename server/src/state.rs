//! What every handler can reach.

use std::path::PathBuf;
use std::sync::Arc;

use api::{Clock, Services};
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusHandle;
use service::Bus;
use tokio_util::sync::CancellationToken;

/// What every handler can reach.
#[derive(Clone)]
pub struct App {
    /// Every operation.
    pub services: Services,
    /// What is told to open pages.
    pub bus: Bus,
    /// Whether the parts that are needed answer.
    pub health: Arc<dyn service::Health>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Our own numbers.
    pub metrics: PrometheusHandle,
    /// The site's settings.
    pub leptos: LeptosOptions,
    /// Where the site's files lie.
    pub site_root: PathBuf,
    /// Whether cookies may travel over encrypted connections only.
    pub secure_cookies: bool,
    /// Cancelled when the server stops.
    pub stopping: CancellationToken,
}

impl FromRef<App> for LeptosOptions {
    fn from_ref(app: &App) -> Self {
        app.leptos.clone()
    }
}
