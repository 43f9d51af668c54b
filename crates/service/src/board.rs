//! Boards: ready-made panels over the metrics of widespread exporters.

mod known;

use api::{
    Board, BoardChoice, BoardKind, Boards, Caller, Error, MetricsQuestion, Panel, Permission,
    Range, Result, Stretch,
};
use async_trait::async_trait;
use futures::StreamExt as _;
use serde_json::Value;

use crate::Hub;
use crate::guard::require;
use crate::metrics::step_ms;
use known::{Known, marker, panels};

/// How long ago an instance may have sent its last metric and still have a board: who looks for what
/// went wrong with one that is gone finds it.
const LATELY_MS: i64 = 86_400_000;
/// Over how long it is counted how often an instance sends, in seconds: the longer one for those that
/// send hardly ever.
const COUNTED_SECONDS: [i32; 2] = [300, 1_800];
/// How often it is taken to send where that is not known, in seconds: Prometheus' default.
const USUAL_INTERVAL: f64 = 60.0;
/// How many panels are asked for at once.
const AT_ONCE: usize = 2;

#[async_trait]
impl Boards for Hub {
    async fn boards(&self, caller: &Caller) -> Result<Vec<BoardChoice>> {
        require(caller, Permission::MonitoringRead)?;
        let mut found = Vec::new();
        let since_ms = self.now_ms() - LATELY_MS;
        for kind in BoardKind::ALL {
            let instances = self.board_instances(caller, kind, since_ms).await?;
            if !instances.is_empty() {
                found.push(BoardChoice { kind, instances });
            }
        }
        Ok(found)
    }

    async fn board(
        &self,
        caller: &Caller,
        kind: &str,
        instance: Option<&str>,
        range: Range,
    ) -> Result<Board> {
        require(caller, Permission::MonitoringRead)?;
        let none = || Error::not_found("board");
        let kind = BoardKind::of_word(kind).ok_or_else(none)?;
        let since_ms = (self.now_ms() - LATELY_MS).min(range.from.0.div_euclid(1_000));
        let instances = self.board_instances(caller, kind, since_ms).await?;
        let mut known = instances.iter();
        let instance = match instance {
            Some(wanted) => known.find(|one| *one == wanted),
            None => known.next(),
        };
        let instance = instance.ok_or_else(none)?.clone();
        let interval = self
            .interval_seconds(caller, kind, &instance, &range)
            .await?;
        let window = window_seconds(&range, interval);
        let mut asked = Vec::new();
        for known in panels(kind) {
            let expression = written(known, &instance, window);
            asked.push(self.panel(known, expression, range));
        }
        let panels = futures::stream::iter(asked)
            .buffered(AT_ONCE)
            .collect()
            .await;
        Ok(Board {
            kind,
            instance,
            instances,
            panels,
        })
    }
}

impl Hub {
    async fn panel(&self, known: &Known, expression: String, range: Range) -> Panel {
        let drawn = self.draw(&expression, range).await;
        let (curves, problem) = match drawn {
            Ok(curves) => (Some(curves), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Panel {
            title: known.title.to_owned(),
            unit: known.unit.to_owned(),
            expression,
            curves,
            problem,
        }
    }

    /// The instances that sent a board's metrics since then.
    async fn board_instances(
        &self,
        caller: &Caller,
        kind: BoardKind,
        since_ms: i64,
    ) -> Result<Vec<String>> {
        let question = MetricsQuestion::LabelValues {
            name: "instance".to_owned(),
            matches: vec![marker(kind).to_owned()],
            within: Stretch {
                from_ms: Some(since_ms),
                to_ms: None,
            },
        };
        let answer = self.answer(caller, question).await?;
        let answer = answer.map_err(|_| unreadable())?;
        serde_json::from_str(&answer).map_err(|_| unreadable())
    }

    /// How often an instance sends, in seconds, towards the end of a range.
    async fn interval_seconds(
        &self,
        caller: &Caller,
        kind: BoardKind,
        instance: &str,
        range: &Range,
    ) -> Result<f64> {
        let (marker, of) = (marker(kind), matcher(instance));
        let at_ms = Some(range.to.0.div_euclid(1_000).min(self.now_ms()));
        for seconds in COUNTED_SECONDS {
            let query = format!("max(count_over_time({marker}{{{of}}}[{seconds}s]))");
            let answer = self.answer(caller, MetricsQuestion::Instant { query, at_ms });
            let answer = answer.await?.map_err(|_| unreadable())?;
            let answer: Value = serde_json::from_str(&answer).map_err(|_| unreadable())?;
            let count = answer["result"][0]["value"][1].as_str();
            let count = count.and_then(|count| count.parse::<f64>().ok());
            // Fewer do not tell.
            if let Some(count) = count.filter(|count| *count >= 3.0) {
                return Ok(f64::from(seconds) / count);
            }
        }
        Ok(USUAL_INTERVAL)
    }
}

fn unreadable() -> Error {
    Error::Unavailable {
        message: "The metrics could not be read. Try again in a moment.".into(),
    }
}

/// A window in which there are always two samples of what is sent at that interval, in seconds, even where
/// one was missed, and which leaves none out between two steps of the chart.
fn window_seconds(range: &Range, interval: f64) -> i64 {
    let length_ms = (range.to.0 - range.from.0).div_euclid(1_000);
    let step = step_ms(length_ms) as f64 / 1_000.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and PromQL refuses what is too long"
    )]
    let window = (step + interval).max(4.0 * interval).ceil() as i64;
    window.max(1)
}

/// A panel's expression for an instance.
fn written(known: &Known, instance: &str, window: i64) -> String {
    let text = known.expression.replace("$w", &format!("{window}s"));
    text.replace("$of", &matcher(instance))
}

/// What picks an instance, as PromQL quotes it ("Literals").
fn matcher(instance: &str) -> String {
    let quoted = instance
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("instance=\"{quoted}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Instant;

    #[test]
    fn a_window_has_two_samples_and_leaves_no_step_out() {
        let range = |seconds: i64| Range {
            from: Instant(0),
            to: Instant::from_seconds(seconds),
        };
        for (seconds, interval, expected) in [
            (900, 15.0, 60),
            (900, 300.0, 1_200),
            (86_400, 15.0, 315),
            (30 * 86_400, 15.0, 21_615),
            (13 * 86_400, 60.0, 21_660),
            (0, 0.1, 2),
        ] {
            assert_eq!(
                window_seconds(&range(seconds), interval),
                expected,
                "{seconds} {interval}"
            );
        }
    }

    #[test]
    fn what_an_instance_is_called_cannot_end_its_quotes() {
        assert_eq!(matcher("a\\\"}\n"), "instance=\"a\\\\\\\"}\\n\"");
    }
}
