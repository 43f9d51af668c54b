//! What is planted in the demo company, for tests and for the tour.

use crate::cloud::BUDGET;
use crate::money::{CREDIT_LIMIT, LATE_PAYER};

/// Something that is planted in the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// The series that tells it.
    pub key: String,
    /// What ought to be found.
    pub kind: StoryKind,
    /// In a few words.
    pub title: String,
    /// What happened, in a sentence or two.
    pub text: String,
    /// Between how many days after the anchor a sane forecast puts the limit; only for
    /// [`StoryKind::Reaches`] and [`StoryKind::Races`].
    pub expected_days: Option<(f64, f64)>,
}

/// What ought to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoryKind {
    /// The limit will be reached.
    Reaches,
    /// The limit will be reached within hours, and nothing of it showed the day before.
    Races,
    /// The limit is reached already.
    Over,
    /// Nobody can say yet.
    NotEnoughHistory,
    /// Data is missing.
    Stale,
    /// Most days are zero, and that is no fault.
    Intermittent,
    /// It leaves its habits for a while, within the day before the anchor.
    Unusual,
}

impl Story {
    fn reaches(key: &str, title: &str, text: String, days: (f64, f64)) -> Self {
        Self {
            expected_days: Some(days),
            ..Self::other(key, StoryKind::Reaches, title, text)
        }
    }

    fn other(key: &str, kind: StoryKind, title: &str, text: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            kind,
            title: title.to_owned(),
            text: text.into(),
            expected_days: None,
        }
    }
}

/// All of them, the most urgent first.
pub(crate) fn stories() -> Vec<Story> {
    let mut all = vec![Story::other(
        "stock/SKU-23",
        StoryKind::Over,
        "SKU-23 Elm fruit bowl is out",
        "The last one was sold four days ago. The next batch is ready in twelve days.",
    )];
    all.push(Story {
        expected_days: Some((0.2, 0.4)),
        ..Story::other(
            "web-1/var",
            StoryKind::Races,
            "/var on web-1 is full in 7 hours",
            "The release of three and a half hours ago left its debug log on, and it grows by six percent of \
             the disk an hour.",
        )
    });
    all.extend(soon());
    all.extend(later());
    all.extend([
        Story::other(
            "stock/SKU-40",
            StoryKind::NotEnoughHistory,
            "SKU-40 Smoked-oak lamp is too new to say",
            "On sale for nine days. Nine points are too few for an honest forecast.",
        ),
        Story::other(
            "kiln/temperature",
            StoryKind::Stale,
            "The drying kiln fell silent",
            "Its gateway sent the last reading five hours before the demo was started.",
        ),
        Story::other(
            "orders/SKU-39",
            StoryKind::Intermittent,
            "SKU-39 Elm side table sells once in a while",
            "Most days nobody orders one, then somebody orders two to four.",
        ),
        Story::other(
            "web-2/cpu",
            StoryKind::Unusual,
            "A report ran away on web-2",
            "For half an hour, some hours before the demo was started, it took all that the processor has.",
        ),
    ]);
    all
}

fn soon() -> Vec<Story> {
    vec![
        Story::reaches(
            "stock/SKU-7",
            "SKU-7 Walnut tray runs out in 6 days",
            "The last batch of trays came in half a year ago, and the walnut for the next one has \
             not been delivered. They sell as ever."
                .to_owned(),
            (4.0, 9.0),
        ),
        Story::reaches(
            "db-1/var",
            "/var on db-1 is full in 9 days",
            "The audit log was switched on two months ago and is never rotated.".to_owned(),
            (7.0, 11.0),
        ),
        Story::reaches(
            "cloud/last-28-days",
            "The cloud bill goes over its budget in 12 days",
            format!(
                "The search cluster has grown a little each day for sixteen weeks. \
                 Four weeks may cost {BUDGET:.0} EUR."
            ),
            (8.0, 18.0),
        ),
        Story::reaches(
            "cnc-2/vibration",
            "CNC-2 shakes more each day",
            "A bearing wears out: vibration drifts up, with bursts of twenty minutes that come \
             more often. The spindle breaks near 7.1 mm/s, in about 12 days."
                .to_owned(),
            (8.0, 18.0),
        ),
        Story::reaches(
            "stock/SKU-14",
            "SKU-14 Cherry salad bowl runs out in 17 days",
            "The last batch came in half a year ago, and nobody ordered the cherry for another."
                .to_owned(),
            (12.0, 23.0),
        ),
    ]
}

fn later() -> Vec<Story> {
    vec![
        Story::reaches(
            "receivables/nordlicht",
            "Nordlicht Hotels reach their credit limit in about 3 weeks",
            format!(
                "{LATE_PAYER} have not paid an invoice for sixteen weeks. \
                 A new one is overdue each Thursday; the limit is {CREDIT_LIMIT:.0} EUR."
            ),
            (10.0, 26.0),
        ),
        Story::reaches(
            "certificate/shop",
            "The shop's certificate ends in 23 days",
            "It should have been renewed with 30 days left; the renewal failed.".to_owned(),
            (21.0, 25.0),
        ),
        Story::reaches(
            "stock/SKU-31",
            "SKU-31 Maple cheese board runs out in about 5 weeks",
            "The last batch came in half a year ago.".to_owned(),
            (25.0, 45.0),
        ),
        Story::reaches(
            "cash",
            "Cash is below zero in about 5 weeks",
            format!(
                "{LATE_PAYER}, a fifth of all income, stopped paying sixteen weeks ago. \
                 Wages go on each Friday."
            ),
            (25.0, 48.0),
        ),
    ]
}
