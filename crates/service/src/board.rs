//! Boards: ready-made panels over the metrics of widespread exporters.

mod known;

use api::{
    Board, BoardChoice, BoardKind, Boards, Caller, Error, MetricsQuestion, Panel, Permission,
    Range, Result, Stretch,
};
use async_trait::async_trait;

use crate::Hub;
use crate::guard::require;
use known::{Known, marker, panels};

/// How long ago an instance may have sent its last metric and still have a board.
const LATELY_MS: i64 = 3_600_000;
/// The least that a rate looks back: two samples of a target that is asked each minute.
const LEAST_WINDOW_SECONDS: i64 = 120;
/// How many steps of a chart of ours there are at least, see `metrics::curves`.
const STEPS: i64 = 150;

#[async_trait]
impl Boards for Hub {
    async fn boards(&self, caller: &Caller) -> Result<Vec<BoardChoice>> {
        require(caller, Permission::MonitoringRead)?;
        let mut found = Vec::new();
        for kind in BoardKind::ALL {
            let instances = self.board_instances(caller, kind).await?;
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
        instance: &str,
        range: Range,
    ) -> Result<Board> {
        require(caller, Permission::MonitoringRead)?;
        let none = || Error::not_found("board");
        let kind = BoardKind::of_word(kind).ok_or_else(none)?;
        let known = self.board_instances(caller, kind).await?;
        if !known.iter().any(|one| one == instance) {
            return Err(none());
        }
        let window = window_seconds(&range);
        let asked = panels(kind).iter().map(|known| async move {
            let expression = written(known, instance, window);
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
        });
        Ok(Board {
            kind,
            instance: instance.to_owned(),
            panels: futures::future::join_all(asked).await,
        })
    }
}

impl Hub {
    /// The instances that sent a board's metrics lately.
    async fn board_instances(&self, caller: &Caller, kind: BoardKind) -> Result<Vec<String>> {
        let from_ms = self.now_ms() - LATELY_MS;
        let question = MetricsQuestion::LabelValues {
            name: "instance".to_owned(),
            matches: vec![marker(kind).to_owned()],
            within: Stretch {
                from_ms: Some(from_ms),
                to_ms: None,
            },
        };
        let unreadable = || Error::Unavailable {
            message: "The metrics could not be read. Try again in a moment.".into(),
        };
        let answer = self.answer(caller, question).await?;
        let answer = answer.map_err(|_| unreadable())?;
        serde_json::from_str(&answer).map_err(|_| unreadable())
    }
}

/// A window in which there are two samples, and which leaves none out between two steps of the chart.
fn window_seconds(range: &Range) -> i64 {
    let seconds = (range.to.0 - range.from.0).div_euclid(api::Instant::SECOND);
    (seconds / STEPS).max(LEAST_WINDOW_SECONDS)
}

/// A panel's expression for an instance.
fn written(known: &Known, instance: &str, window: i64) -> String {
    // As PromQL quotes it ("Literals").
    let quoted = instance
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    let of = format!("instance=\"{quoted}\"");
    let text = known.expression.replace("$w", &format!("{window}s"));
    text.replace("$of", &of)
}
