//! Settings of findings: from which score on, and how long a look may take.

use std::time::Duration;

use clap::Args;
use service::FindingSettings;

use super::Settings;

/// Settings of findings.
#[derive(Clone, Debug, Args)]
pub(crate) struct Finding {
    /// The score from which a point is a finding, 0.6 to 0.98, where nobody has set or said otherwise of its series.
    #[arg(long, env = "MILLRACE_FINDING_THRESHOLD", default_value_t = 0.8, value_parser = threshold, global = true)]
    pub(crate) finding_threshold: f64,
    /// Seconds after which a look at one series is given up.
    #[arg(long, env = "MILLRACE_FINDING_TIMEOUT_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600), global = true)]
    pub(crate) finding_timeout_seconds: u32,
}

/// A score that a threshold can be.
fn threshold(text: &str) -> Result<f64, String> {
    let read = text.trim().parse().ok();
    read.filter(|score| (0.6..=0.98).contains(score))
        .ok_or_else(|| "a score from 0.6 to 0.98, such as 0.8".to_owned())
}

impl Settings {
    /// How findings are found.
    pub(crate) fn findings(&self) -> FindingSettings {
        FindingSettings {
            threshold: self.finding.finding_threshold,
            budget: Duration::from_secs(u64::from(self.finding.finding_timeout_seconds)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;

    #[test]
    fn findings_begin_at_the_documented_score_unless_said() {
        assert_eq!(parse(&["millrace"]).findings(), FindingSettings::default());
        let wary = parse(&["millrace", "--finding-threshold", "0.9"]).findings();
        assert!((wary.threshold - 0.9).abs() < 1e-12);
        for wrong in ["0.5", "1", "high", "NaN"] {
            assert!(threshold(wrong).is_err(), "{wrong}");
        }
    }
}
