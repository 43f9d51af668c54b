//! What charts over time have in common.

use api::Instant;
use charming::Chart;
use charming::component::{Axis, DataZoom, DataZoomType, Grid};
use charming::datatype::{CompositeValue, DataPoint};
use charming::element::AxisType;

/// An empty chart over a stretch of time: its axes, and zoom with the wheel.
pub fn over_time(from: Instant, to: Instant) -> Chart {
    Chart::new()
        .grid(
            Grid::new()
                .left(8)
                .right(16)
                .top(16)
                .bottom(8)
                .contain_label(true),
        )
        .x_axis(
            Axis::new()
                .type_(AxisType::Time)
                .min(CompositeValue::from(ms(from)))
                .max(CompositeValue::from(ms(to))),
        )
        .y_axis(Axis::new().type_(AxisType::Value).scale(true))
        .data_zoom(DataZoom::new().type_(DataZoomType::Inside))
}

/// ECharts counts in milliseconds.
const fn ms(at: Instant) -> i64 {
    at.0.div_euclid(1000)
}

/// A point as ECharts takes it.
pub fn pair(at: Instant, value: Option<f64>) -> DataPoint {
    DataPoint::from(vec![
        CompositeValue::from(ms(at)),
        CompositeValue::from(value),
    ])
}
