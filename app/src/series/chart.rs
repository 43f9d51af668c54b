//! A series and its forecast as the numbers of a chart, which moves as samples come in.

use api::{Forecast, ForecastPoint, Instant, Point, Range, Series};
use ui::{BAND_80, BAND_95, ChartPoint, Numbers, Points};

use crate::trees::{FUTURE, HISTORY, ms};

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// The series: its unit, colour and limit.
    pub series: Series,
    /// What was seen, oldest first.
    pub points: Vec<Point>,
    /// What is foreseen, if it is.
    pub forecast: Option<Forecast>,
    /// The stretch of time that was asked for.
    pub range: Range,
}

impl Drawn {
    /// Where the time axis ends: the forecast may take as much room as the history shown.
    fn end(&self) -> Instant {
        let shown = self.range.to.0.saturating_sub(self.range.from.0);
        let most = self.range.to.plus(shown);
        match self.forecast.as_ref().and_then(|f| f.points.last()) {
            Some(last) if last.at > self.range.to => last.at.min(most),
            _ => self.range.to,
        }
    }

    fn future(&self) -> impl Iterator<Item = &ForecastPoint> {
        let end = self.end();
        self.forecast
            .iter()
            .flat_map(|f| &f.points)
            .filter(move |p| p.at <= end)
    }

    /// The same as plain rows, for the drawing before JavaScript and for the table.
    pub fn rows(&self) -> Vec<ChartPoint> {
        let seen = self.points.iter().map(|p| ChartPoint {
            at: p.at.0,
            value: p.value,
            forecast: None,
            band_80: None,
            band_95: None,
        });
        let future = self.future().map(|p| ChartPoint {
            at: p.at.0,
            value: None,
            forecast: Some(p.point),
            band_80: Some((p.lo80, p.hi80)),
            band_95: Some((p.lo95, p.hi95)),
        });
        seen.chain(future).collect()
    }

    /// What the option tree leaves out.
    pub fn numbers(&self) -> Numbers {
        let seen = self.points.iter().map(|p| (ms(p.at), p.value));
        let mut lines = vec![Points::new(HISTORY, seen)];
        if self.forecast.is_some() {
            let line = |id: &str, value: fn(&ForecastPoint) -> f64| {
                Points::new(id, self.future().map(|p| (ms(p.at), Some(value(p)))))
            };
            lines.push(line(BAND_95.0, |p| p.lo95));
            lines.push(line(BAND_95.1, |p| p.hi95 - p.lo95));
            lines.push(line(BAND_80.0, |p| p.lo80));
            lines.push(line(BAND_80.1, |p| p.hi80 - p.lo80));
            lines.push(line(FUTURE, |p| p.point));
        }
        Numbers {
            span: Some((ms(self.range.from), ms(self.end()))),
            lines,
        }
    }
}
