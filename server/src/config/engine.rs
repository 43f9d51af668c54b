//! The settings of an engine that keeps metrics, checked together.

use clap::ValueEnum;
use store::metrics::{EngineAddress, EngineAddressError, EngineKind};

use super::{BadSetting, Settings, read};
use crate::trust::Trust;

/// What keeps metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricsEngine {
    /// Prometheus, or what evaluates with its query engine, such as Mimir.
    Prometheus,
    /// VictoriaMetrics, a machine or a cluster.
    #[value(name = "victoriametrics")]
    VictoriaMetrics,
}

impl Settings {
    /// The engine that keeps metrics, and whose certificates are believed for it; none where the
    /// database keeps them.
    pub(crate) fn engine(&self) -> Result<Option<(EngineAddress, Trust)>, BadSetting> {
        let Some(url) = &self.metrics_url else {
            return self.engine_unused();
        };
        let kind = match self.metrics_engine {
            MetricsEngine::Prometheus => EngineKind::Prometheus,
            MetricsEngine::VictoriaMetrics => EngineKind::VictoriaMetrics,
        };
        let token = self
            .metrics_token_file
            .as_ref()
            .map(|file| read("MILLRACE_METRICS_TOKEN_FILE", file))
            .transpose()?;
        let bad = |name| {
            move |error: EngineAddressError| BadSetting {
                name: match error {
                    EngineAddressError::Token => "MILLRACE_METRICS_TOKEN_FILE",
                    _ => name,
                },
                problem: error.to_string(),
            }
        };
        let token = token.as_deref();
        // By itself first, so that a wrong one of the two is named.
        let alone = EngineAddress::new(kind, url, None, token);
        let mut address = alone.map_err(bad("MILLRACE_METRICS_URL"))?;
        if let Some(write) = &self.metrics_write_url {
            let both = EngineAddress::new(kind, url, Some(write), token);
            address = both.map_err(bad("MILLRACE_METRICS_WRITE_URL"))?;
        }
        let name = "MILLRACE_METRICS_CA_FILE";
        let trust = match &self.metrics_ca_file {
            Some(file) => Trust::Own(read(name, file)?),
            None => Trust::Public,
        };
        match trust.config() {
            Ok(_) => Ok(Some((address, trust))),
            Err(problem) => Err(BadSetting { name, problem }),
        }
    }

    /// A setting of an engine without an engine is a mistake that nobody would notice.
    fn engine_unused(&self) -> Result<Option<(EngineAddress, Trust)>, BadSetting> {
        let set = [
            (
                self.metrics_write_url.is_some(),
                "MILLRACE_METRICS_WRITE_URL",
            ),
            (
                self.metrics_token_file.is_some(),
                "MILLRACE_METRICS_TOKEN_FILE",
            ),
            (self.metrics_ca_file.is_some(), "MILLRACE_METRICS_CA_FILE"),
            (
                self.metrics_engine != MetricsEngine::Prometheus,
                "MILLRACE_METRICS_ENGINE",
            ),
        ];
        match set.into_iter().find(|(is_set, _)| *is_set) {
            None => Ok(None),
            Some((_, name)) => Err(BadSetting {
                name,
                problem: "it is set, and MILLRACE_METRICS_URL is not".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::parse;

    #[test]
    fn an_engine_is_checked_before_anything_starts() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (token, empty) = (file("token", "canary\n"), file("empty", "\n"));
        let all = [
            "--metrics-url",
            "http://vm:8428/prometheus",
            "--metrics-engine",
            "victoriametrics",
        ];
        let settings = parse(&[&["millrace", "--metrics-token-file", &token], &all[..]].concat());
        let (address, _) = settings.engine().unwrap().unwrap();
        assert_eq!(
            format!("{address:?}"),
            "EngineAddress(VictoriaMetrics at vm:8428)"
        );
        assert!(!format!("{settings:?}").contains("canary"));
        for (arguments, named) in [
            (
                &["--metrics-url", "prometheus:9090"][..],
                "MILLRACE_METRICS_URL: ",
            ),
            (
                &["--metrics-url", "http://m", "--metrics-write-url", "m"],
                "MILLRACE_METRICS_WRITE_URL: ",
            ),
            (
                &["--metrics-url", "http://m", "--metrics-token-file", &empty],
                "MILLRACE_METRICS_TOKEN_FILE: ",
            ),
            (
                &[
                    "--metrics-url",
                    "http://m",
                    "--metrics-token-file",
                    "/no/such/file",
                ],
                "MILLRACE_METRICS_TOKEN_FILE: ",
            ),
            (
                &["--metrics-url", "http://m", "--metrics-ca-file", &token],
                "MILLRACE_METRICS_CA_FILE: ",
            ),
            (
                &["--metrics-engine", "victoriametrics"],
                "MILLRACE_METRICS_ENGINE: ",
            ),
            (
                &["--metrics-token-file", &token],
                "MILLRACE_METRICS_TOKEN_FILE: ",
            ),
        ] {
            let settings = parse(&[&["millrace"], arguments].concat());
            let said = settings.check().unwrap_err().to_string();
            assert!(
                said.starts_with(named) && !said.contains("canary"),
                "{said}"
            );
        }
        let secret = "http://u:canary@m?x";
        let settings = parse(&["millrace", "--metrics-url", secret]);
        let said = settings.check().unwrap_err().to_string();
        assert!(!said.contains("canary") && !format!("{settings:?}").contains("canary"));
    }
}
