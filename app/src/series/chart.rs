//! A series and its forecast as the numbers of a chart, which moves as samples come in.

use api::{ForecastPoint, Instant, Point, Range, Series};
use ui::{BAND_80, BAND_95, ChartPoint, Numbers, Points};

use crate::trees::{FUTURE, HISTORY, UNUSUAL, ms};

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// The series: its unit, colour and limit.
    pub series: Series,
    /// What was seen, oldest first.
    pub points: Vec<Point>,
    /// What is foreseen, a step each; empty where nothing is.
    pub foreseen: Vec<ForecastPoint>,
    /// Which of the points are findings, oldest first.
    pub unusual: Vec<Point>,
    /// The stretch of time that was asked for.
    pub range: Range,
}

/// The forecast may take as much room as the history shown.
pub fn shown_until(range: Range, foreseen: &[ForecastPoint]) -> Instant {
    let shown = range.to.0.saturating_sub(range.from.0);
    let most = range.to.plus(shown);
    match foreseen.last() {
        Some(last) if last.at > range.to => last.at.min(most),
        _ => range.to,
    }
}

impl Drawn {
    fn end(&self) -> Instant {
        shown_until(self.range, &self.foreseen)
    }

    /// Where time begins and ends, in microseconds.
    pub fn span(&self) -> (i64, i64) {
        (self.range.from.0, self.end().0)
    }

    fn future(&self) -> impl Iterator<Item = &ForecastPoint> {
        let end = self.end();
        self.foreseen.iter().filter(move |p| p.at <= end)
    }

    /// The same as plain rows, for the drawing before JavaScript and for the table.
    pub fn rows(&self) -> Vec<ChartPoint> {
        let seen = self.points.iter().map(|p| ChartPoint {
            at: p.at.0,
            value: p.value,
            forecast: None,
            band_80: None,
            band_95: None,
            unusual: self.unusual.iter().any(|mark| mark.at == p.at),
        });
        let future = self.future().map(|p| ChartPoint {
            at: p.at.0,
            value: None,
            forecast: Some(p.point),
            band_80: Some((p.lo80, p.hi80)),
            band_95: Some((p.lo95, p.hi95)),
            unusual: false,
        });
        seen.chain(future).collect()
    }

    /// What the option tree leaves out.
    pub fn numbers(&self) -> Numbers {
        let seen = self.points.iter().map(|p| (ms(p.at), p.value));
        let mut lines = vec![Points::new(HISTORY, seen)];
        if !self.foreseen.is_empty() {
            let line = |id: &str, value: fn(&ForecastPoint) -> f64| {
                Points::new(id, self.future().map(|p| (ms(p.at), Some(value(p)))))
            };
            lines.push(line(BAND_95.0, |p| p.lo95));
            lines.push(line(BAND_95.1, |p| p.hi95 - p.lo95));
            lines.push(line(BAND_80.0, |p| p.lo80));
            lines.push(line(BAND_80.1, |p| p.hi80 - p.lo80));
            lines.push(line(FUTURE, |p| p.point));
        }
        if !self.unusual.is_empty() {
            let marks = self.unusual.iter().map(|p| (ms(p.at), p.value));
            lines.push(Points::new(UNUSUAL, marks));
        }
        Numbers {
            span: Some((ms(self.range.from), ms(self.end()))),
            lines,
        }
    }
}
