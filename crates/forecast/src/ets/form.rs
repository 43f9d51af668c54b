//! The forms of exponential smoothing, and what each has to estimate.

use crate::season::Together;

/// How a trend goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trend {
    None,
    Added,
    Damped,
}

/// One form: error, trend and season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(super) error: Together,
    pub(super) trend: Trend,
    /// `None` has no season.
    pub(super) season: Option<Together>,
}

impl Form {
    /// The admissible forms: no multiplied trend, which overshoots, and no added error with a multiplied season,
    /// whose variance is infinite (section 15.1 of the book). Multiplied parts need values above zero.
    pub(super) fn admissible(seasonal: bool, positive: bool) -> Vec<Self> {
        use Together::{Added, Multiplied};
        let pairs: &[(Together, Option<Together>)] = match (seasonal, positive) {
            (false, false) => &[(Added, None)],
            (false, true) => &[(Added, None), (Multiplied, None)],
            (true, false) => &[(Added, Some(Added))],
            (true, true) => &[
                (Added, Some(Added)),
                (Multiplied, Some(Added)),
                (Multiplied, Some(Multiplied)),
            ],
        };
        pairs
            .iter()
            .flat_map(|(error, season)| {
                [Trend::None, Trend::Added, Trend::Damped].map(|trend| Self {
                    error: *error,
                    trend,
                    season: *season,
                })
            })
            .collect()
    }

    /// How many numbers are estimated with `season` points in a season, the variance among them.
    pub(super) fn parameters(self, season: usize) -> f64 {
        let trend = match self.trend {
            Trend::None => 0,
            Trend::Added => 2,
            Trend::Damped => 3,
        };
        // One index of the first season follows from the others.
        let season = if self.season.is_some() { season } else { 0 };
        (3 + trend + season) as f64
    }
}
