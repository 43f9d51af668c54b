//! A series and its forecast as an option tree: a pure function, so that tests can look at it.

use api::{Direction, Forecast, Instant, Point, Range, Series};
use charming::Chart;
use charming::element::{
    AreaStyle, Label, LabelPosition, LineStyle, LineStyleType, MarkLine, MarkLineData,
    MarkLineVariant, Symbol,
};
use charming::series::Line;
use ui::{BAND_80, BAND_95, ChartPoint};

use crate::chart::{over_time, pair};

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

    fn future(&self) -> impl Iterator<Item = &api::ForecastPoint> {
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

    /// The option tree.
    pub fn option(&self) -> Chart {
        let colour = ui::series_colour(self.series.id.as_str());
        let mut line = Line::new()
            .id("history")
            .name(self.series.title.as_str())
            .show_symbol(false)
            .line_style(LineStyle::new().color(colour).width(1.5))
            .data(self.points.iter().map(|p| pair(p.at, p.value)).collect());
        if let Some(limit) = self.series.limit {
            let words = match limit.direction {
                Direction::Falling => "runs out",
                Direction::Rising => "breaks",
            };
            line = line.mark_line(limit_line(limit.value, words));
        }
        let mut chart = over_time(self.range.from, self.end()).series(line);
        if self.forecast.is_some() {
            chart = self.with_future(chart, colour);
        }
        chart
    }

    fn with_future(&self, chart: Chart, colour: &str) -> Chart {
        let points: Vec<_> = self.future().collect();
        let dashed = Line::new()
            .id("forecast")
            .name("Forecast")
            .show_symbol(false)
            .line_style(
                LineStyle::new()
                    .color(colour)
                    .width(1.5)
                    .type_(LineStyleType::Dashed),
            )
            .data(points.iter().map(|p| pair(p.at, Some(p.point))).collect());
        let wide: Vec<_> = points.iter().map(|p| (p.at, p.lo95, p.hi95)).collect();
        let narrow: Vec<_> = points.iter().map(|p| (p.at, p.lo80, p.hi80)).collect();
        let [low95, span95] = band(BAND_95, &wide, colour, 0.12);
        let [low80, span80] = band(BAND_80, &narrow, colour, 0.2);
        chart
            .series(low95)
            .series(span95)
            .series(low80)
            .series(span80)
            .series(dashed)
    }
}

/// ECharts draws a band as an invisible line with an area stacked on it.
fn band(ids: (&str, &str), ends: &[(Instant, f64, f64)], colour: &str, opacity: f64) -> [Line; 2] {
    let invisible = || LineStyle::new().opacity(0);
    let low = Line::new()
        .id(ids.0)
        .name(ids.0)
        .stack(ids.0)
        .show_symbol(false)
        .line_style(invisible())
        .data(
            ends.iter()
                .map(|(at, low, _)| pair(*at, Some(*low)))
                .collect(),
        );
    let span = Line::new()
        .id(ids.1)
        .name(ids.1)
        .stack(ids.0)
        .show_symbol(false)
        .line_style(invisible())
        .area_style(AreaStyle::new().color(colour).opacity(opacity))
        .data(
            ends.iter()
                .map(|(at, low, high)| pair(*at, Some(high - low)))
                .collect(),
        );
    [low, span]
}

fn limit_line(value: f64, words: &str) -> MarkLine {
    MarkLine::new()
        .symbol(vec![Symbol::None, Symbol::None])
        .label(
            Label::new()
                .position(LabelPosition::InsideEndTop)
                .formatter(words)
                .color("var(--alert)"),
        )
        .line_style(
            LineStyle::new()
                .color("var(--alert)")
                .type_(LineStyleType::Dashed),
        )
        .data(vec![MarkLineVariant::Simple(
            MarkLineData::new().y_axis(value),
        )])
}
