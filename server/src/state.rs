//! What every handler can reach.

use std::path::PathBuf;
use std::sync::Arc;

use api::{Clock, Services};
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusHandle;
use service::Hub;
use tokio_util::sync::CancellationToken;

use crate::guard::Guard;

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct App {
    /// Every operation.
    pub(crate) services: Services,
    /// The news for open pages, and whether the parts that are needed answer.
    pub(crate) hub: Arc<Hub>,
    /// What time it is.
    pub(crate) clock: Arc<dyn Clock>,
    /// Our own numbers.
    pub(crate) metrics: PrometheusHandle,
    /// The site's settings.
    pub(crate) leptos: LeptosOptions,
    /// Where the site's files lie.
    pub(crate) site_root: PathBuf,
    /// Whether cookies may travel over encrypted connections only.
    pub(crate) secure_cookies: bool,
    /// The address that people open, without a slash at the end.
    pub(crate) public: String,
    /// What stands between the network and the handlers.
    pub(crate) guard: Arc<Guard>,
    /// Cancelled when the server stops.
    pub(crate) stopping: CancellationToken,
}

impl FromRef<App> for LeptosOptions {
    fn from_ref(app: &App) -> Self {
        app.leptos.clone()
    }
}
