//! Recording rules through the operations: metrics become series that have a past, limits and states.

use std::fmt::Write as _;

use api::{
    Caller, Direction, Domain, Error, Instant, Limit, Range, RecordingChange, RecordingRule,
    RecordingState, Series, SeriesFilter, SourceId, Unit,
};

use crate::home::{Home, NOW_S, home};

const EVERY: i64 = 300;

fn system() -> Caller {
    Caller::system("test")
}

const fn over(value: f64) -> Limit {
    let direction = Direction::Rising;
    Limit { value, direction }
}

fn used() -> RecordingChange {
    RecordingChange {
        name: "Disk used".into(),
        expression: "100 * disk_used / disk_size".into(),
        every_seconds: 300,
        unit: Unit::Percent,
        domain: Domain::Machine,
        limit: Some(over(95.0)),
    }
}

impl Home {
    /// A disk of each host that fills by a thousandth each step, from so many steps ago to now.
    async fn fill(&self, hosts: &[&str], steps: i64) {
        let now = NOW_S.div_euclid(EVERY) * EVERY;
        let mut lines = String::new();
        for step in (0..=steps).rev() {
            let (at, used) = (now - step * EVERY, 500 - step);
            for host in hosts {
                // Writing to a string cannot fail.
                let _ = writeln!(lines, "disk,host={host} used={used},size=1000 {at}");
            }
        }
        assert_eq!(self.push("telegraf", &lines).await, 204);
    }

    async fn run(&self) -> u32 {
        let mut pieces = 0;
        loop {
            let done = self.services.recordings.run_due(&system()).await.unwrap();
            if done == 0 {
                return pieces;
            }
            pieces += done;
        }
    }

    async fn add(&self, change: RecordingChange) -> SourceId {
        let added = self.services.recordings.add(&system(), change).await;
        added.unwrap()
    }

    async fn edit(&self, id: &SourceId, change: RecordingChange) {
        let edited = self.services.recordings.edit(&system(), id, change).await;
        edited.unwrap();
    }

    async fn rule(&self) -> RecordingRule {
        let mut rules = self.services.recordings.list(&system()).await.unwrap();
        rules.remove(0)
    }

    async fn series(&self) -> Vec<Series> {
        let all = SeriesFilter {
            limit: 100,
            ..SeriesFilter::default()
        };
        let page = self.services.series.list(&system(), all).await.unwrap();
        page.series
    }

    async fn values(&self, series: &Series) -> Vec<f64> {
        let ever = Range {
            from: Instant(0),
            to: Instant(i64::MAX),
        };
        let caller = system();
        let points = self
            .services
            .series
            .points(&caller, &series.id, ever, 5_000);
        let points = points.await.unwrap().points;
        points.iter().filter_map(|point| point.value).collect()
    }
}

#[tokio::test]
async fn metrics_become_series_with_a_past_and_a_limit() {
    let home = home().await;
    home.fill(&["a", "b"], 200).await;
    let id = home.add(used()).await;
    // Thirty days of five minutes, in pieces of 500.
    assert_eq!(home.run().await, 18);
    let series = home.series().await;
    let titles: Vec<_> = series.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["Disk used · a", "Disk used · b"]);
    let first = &series[0];
    assert_eq!(
        (first.limit, &first.unit),
        (Some(over(95.0)), &Unit::Percent)
    );
    assert_eq!(first.source_id, id);
    let values = home.values(first).await;
    assert_eq!(values.first(), Some(&30.0));
    assert_eq!(values.last(), Some(&50.0));
    assert_eq!(values.len(), 201);
    assert_eq!(
        home.rule().await.state,
        RecordingState::Recorded { series: 2 }
    );

    home.clock.advance(2 * EVERY * Instant::SECOND);
    let at = NOW_S + EVERY;
    let lines = format!("disk,host=a used=600,size=1000 {at}\n");
    assert_eq!(home.push("telegraf", &lines).await, 204);
    assert_eq!(home.run().await, 1);
    let values = home.values(first).await;
    // Expressions look back five minutes: at the first instant the newest value was the old one.
    assert_eq!(&values[201..], [50.0, 60.0]);
    assert_eq!(home.run().await, 0);
}

#[tokio::test]
async fn a_rule_is_changed_left_alone_and_removed() {
    let home = home().await;
    home.fill(&["a"], 3).await;
    let id = home.add(used()).await;
    home.run().await;
    let title = home.series().await[0].title.clone();
    assert_eq!(title, "Disk used");
    let done = home.rule().await.done_until;
    home.edit(
        &id,
        RecordingChange {
            limit: Some(over(80.0)),
            ..used()
        },
    )
    .await;
    assert_eq!(home.series().await[0].limit, Some(over(80.0)));
    assert_eq!(home.rule().await.done_until, done);

    let recordings = &home.services.recordings;
    recordings.pause(&system(), &id, true).await.unwrap();
    home.clock.advance(10 * EVERY * Instant::SECOND);
    assert_eq!(home.run().await, 0);
    recordings.pause(&system(), &id, false).await.unwrap();
    assert_eq!(home.run().await, 1);

    let other = "100 - 100 * disk_used / disk_size";
    home.edit(
        &id,
        RecordingChange {
            expression: other.into(),
            ..used()
        },
    )
    .await;
    assert!(home.rule().await.done_until < done);
    home.run().await;
    let values = home.values(&home.series().await[0]).await;
    assert_eq!(values.first(), Some(&(100.0 - 49.7)));

    let removed = home
        .services
        .sources
        .remove(&system(), &id, "Disk used")
        .await;
    removed.unwrap();
    assert!(recordings.list(&system()).await.unwrap().is_empty());
    assert!(home.series().await.is_empty());
    let gone = recordings.edit(&system(), &id, used()).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn what_cannot_be_recorded_is_said_at_its_field() {
    let home = home().await;
    home.fill(&["a"], 1).await;
    let refused = async |change| {
        let added = home.services.recordings.add(&system(), change).await;
        match added {
            Err(Error::Invalid { fields, .. }) => fields[0].field.clone(),
            other => format!("{other:?}"),
        }
    };
    let expression = |text: &str| RecordingChange {
        expression: text.into(),
        ..used()
    };
    for text in ["", "sum(", "\"a text\"", "nope(up)"] {
        assert_eq!(refused(expression(text)).await, "expression", "{text}");
    }
    let name = " ".to_owned();
    assert_eq!(refused(RecordingChange { name, ..used() }).await, "name");
    let often = RecordingChange {
        every_seconds: 1,
        ..used()
    };
    assert_eq!(refused(often).await, "every");
    let unit = Unit::Count("x".repeat(41));
    assert_eq!(refused(RecordingChange { unit, ..used() }).await, "unit");
    assert_eq!(
        refused(RecordingChange {
            limit: Some(over(f64::NAN)),
            ..used()
        })
        .await,
        "value"
    );

    let lines: Vec<String> = (0..101)
        .map(|n| format!("many,n={n} v=1 {NOW_S}"))
        .collect();
    assert_eq!(home.push("telegraf", &lines.join("\n")).await, 204);
    assert_eq!(refused(expression("many_v")).await, "expression");
}

#[tokio::test]
async fn a_rule_that_fails_says_why_and_is_tried_again_later() {
    let home = home().await;
    home.fill(&["a"], 1).await;
    home.add(RecordingChange {
        expression: "many_v or disk_used".into(),
        ..used()
    })
    .await;
    home.run().await;
    let before = home.rule().await.done_until;
    let at = NOW_S + EVERY;
    let lines: Vec<String> = (0..101).map(|n| format!("many,n={n} v=1 {at}")).collect();
    home.clock.advance(EVERY * Instant::SECOND);
    assert_eq!(home.push("telegraf", &lines.join("\n")).await, 204);
    home.clock.advance(EVERY * Instant::SECOND);
    assert_eq!(home.run().await, 0);
    let rule = home.rule().await;
    let RecordingState::Failed { why } = &rule.state else {
        unreachable!("{:?}", rule.state)
    };
    assert!(why.contains("102 series"), "{why}");
    assert_eq!(rule.done_until, before);
    // In ever smaller pieces; the instant that is too much alone stays a gap, and it goes on.
    for _ in 0..8 {
        home.clock.advance(EVERY * Instant::SECOND);
        home.run().await;
    }
    let rule = home.rule().await;
    assert_eq!(rule.state, RecordingState::Recorded { series: 0 });
    assert!(rule.done_until > before);
}

#[tokio::test]
async fn ideas_come_with_their_metrics_and_go_when_they_are_recorded() {
    let home = home().await;
    let ideas = async || home.services.recordings.ideas(&system()).await.unwrap();
    assert!(ideas().await.is_empty());
    let lines = format!("process open_fds=5,max_fds=10 {NOW_S}");
    assert_eq!(home.push("telegraf", &lines).await, 204);
    let found = ideas().await;
    assert_eq!(found.len(), 1);
    let idea = found.into_iter().next().unwrap();
    home.add(RecordingChange {
        name: idea.name,
        expression: idea.expression,
        every_seconds: 60,
        unit: idea.unit,
        domain: Domain::Machine,
        limit: Some(idea.limit),
    })
    .await;
    assert!(ideas().await.is_empty());
}
