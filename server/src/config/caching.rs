//! Settings of the caches: how long answers are kept, and in how much memory.

#![expect(clippy::struct_field_names, reason = "a field's name is the flag's")]

use std::time::Duration;

use clap::Args;
use service::CacheSettings;

use super::{BadSetting, Settings};

/// Settings of the caches.
#[derive(Clone, Debug, Args)]
pub(crate) struct Caching {
    /// Seconds for which an answer to a question to the metrics is kept, where it is about the past or
    /// names what is there; 0 keeps none.
    #[arg(long, env = "MILLRACE_CACHE_METRICS_SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(0..=86_400), global = true)]
    pub(crate) cache_metrics_seconds: u32,
    /// Seconds for which lists of what is unusual are kept; 0 keeps none.
    #[arg(long, env = "MILLRACE_CACHE_ALERTS_SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(0..=86_400), global = true)]
    pub(crate) cache_alerts_seconds: u32,
    /// Seconds for which it is kept what engines computed of scores and models; 0 keeps none.
    #[arg(long, env = "MILLRACE_CACHE_MODELS_SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(0..=86_400), global = true)]
    pub(crate) cache_models_seconds: u32,
    /// The most memory of each of these three, in MiB.
    #[arg(long, env = "MILLRACE_CACHE_MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536), global = true)]
    pub(crate) cache_mib: u32,
}

impl Settings {
    /// How long answers are kept, and where.
    pub(crate) fn caches(&self) -> Result<CacheSettings, BadSetting> {
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        Ok(CacheSettings {
            metrics: seconds(self.caching.cache_metrics_seconds),
            alerts: seconds(self.caching.cache_alerts_seconds),
            models: seconds(self.caching.cache_models_seconds),
            most_bytes: u64::from(self.caching.cache_mib) << 20,
            redis: self.redis()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;

    #[test]
    fn lifetimes_are_those_of_the_plan_unless_said() {
        let known = parse(&["millrace"]).caches().unwrap();
        let plan = CacheSettings::default();
        assert_eq!(
            (known.metrics, known.alerts, known.models, known.most_bytes),
            (plan.metrics, plan.alerts, plan.models, plan.most_bytes)
        );
        let off = parse(&["millrace", "--cache-metrics-seconds", "0"]);
        assert!(off.caches().unwrap().metrics.is_zero());
    }
}
