//! How findings are found, as whoever runs the server says.

use std::time::Duration;

/// From which score on a point is a finding where nobody has said otherwise of its series, and for how long a look at
/// one series may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FindingSettings {
    /// The score, [`anomaly::LOWEST_THRESHOLD`] to [`anomaly::HIGHEST_THRESHOLD`].
    pub threshold: f64,
    /// What takes longer is given up.
    pub budget: Duration,
}

impl Default for FindingSettings {
    fn default() -> Self {
        Self {
            threshold: anomaly::THRESHOLD,
            budget: Duration::from_secs(30),
        }
    }
}
