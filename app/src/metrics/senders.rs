//! What to paste into a sender, with the key in it.

use leptos::prelude::*;
use ui::{Card, Code};

use crate::frame::own_address;

/// Lines for the commonest senders.
#[component]
pub fn Senders(
    /// The key's secret.
    key: String,
    /// The address that the server is set up for.
    public: String,
) -> impl IntoView {
    let base = own_address(public);
    let blocks = [
        (
            "Prometheus, in prometheus.yml",
            prometheus as fn(&str, &str) -> String,
        ),
        ("OpenTelemetry collector", collector),
        ("Telegraf", telegraf),
        ("curl, in line protocol", curl),
        ("Alertmanager, for its alerts", alertmanager),
    ];
    view! {
        <Card title="Lines to paste" note="Each has the key in it: treat it as you treat a password.">
            <div class="stack">
                {blocks
                    .into_iter()
                    .map(|(title, write)| {
                        let key = key.clone();
                        let text = Signal::derive(move || base.with(|base| write(base, &key)));
                        view! {
                            <div class="sender">
                                <h3>{title}</h3>
                                <Code text label=title/>
                            </div>
                        }
                    })
                    .collect_view()}
            </div>
        </Card>
    }
}

fn prometheus(base: &str, key: &str) -> String {
    format!(
        "remote_write:\n  - url: {base}/prometheus/api/v1/write\n    authorization:\n      credentials: {key}"
    )
}

fn collector(base: &str, key: &str) -> String {
    format!(
        "exporters:\n  otlphttp/millrace:\n    metrics_endpoint: {base}/otlp/v1/metrics\n    headers:\n      authorization: Bearer {key}"
    )
}

fn telegraf(base: &str, key: &str) -> String {
    format!(
        "[[outputs.influxdb_v2]]\n  urls = [\"{base}/influx\"]\n  token = \"{key}\"\n  organization = \"any\"\n  bucket = \"any\""
    )
}

fn alertmanager(base: &str, key: &str) -> String {
    format!(
        "receivers:\n  - name: millrace\n    webhook_configs:\n      - url: {base}/api/v1/alertmanager\n        http_config:\n          authorization:\n            credentials: {key}"
    )
}

fn curl(base: &str, key: &str) -> String {
    format!(
        "curl -H 'Authorization: Bearer {key}' --data-binary 'weather,station=bonn temperature=21.5' \\\n  '{base}/influx/api/v2/write?precision=s'"
    )
}
