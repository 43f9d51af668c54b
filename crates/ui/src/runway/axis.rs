//! The shared time axis: from now to 26 weeks, so that 6 hours and 9 weeks both read well.

use leptos::prelude::*;

const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;
const WEEK: f64 = 7.0 * DAY;

/// The right edge: beyond it everything is "later".
pub(crate) const HORIZON: f64 = 26.0 * WEEK;
/// Where the axis turns from even to logarithmic. With two hours, a day stands at a third, a week
/// at a little over half, four weeks at three quarters.
const BEND: f64 = 2.0 * HOUR;

/// A mark on the axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tick {
    /// Seconds from now.
    pub seconds: f64,
    /// Its words.
    pub label: &'static str,
    /// How wide the axis must be for its words.
    pub room: Room,
}

/// From which width of the axis on a mark has its words; the widths stand in `style/runway.css`,
/// since the server does not know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Any: it always has them.
    Any,
    /// More than the narrowest.
    Wide,
    /// The most.
    Widest,
}

const fn tick(seconds: f64, label: &'static str, room: Room) -> Tick {
    Tick {
        seconds,
        label,
        room,
    }
}

/// The marks, from now on. The hour has no words, which would touch those of now; the right edge
/// has no mark: it is no instant but the end of the view.
pub const AXIS_TICKS: [Tick; 9] = [
    tick(0.0, "now", Room::Any),
    tick(HOUR, "", Room::Widest),
    tick(6.0 * HOUR, "6 h", Room::Any),
    tick(DAY, "1 d", Room::Any),
    tick(3.0 * DAY, "3 d", Room::Widest),
    tick(WEEK, "1 wk", Room::Any),
    tick(2.0 * WEEK, "2 wk", Room::Widest),
    tick(4.0 * WEEK, "4 wk", Room::Any),
    tick(9.0 * WEEK, "9 wk", Room::Wide),
];

/// Where an instant stands on the axis: 0 is now and everything before, 1 is 26 weeks and
/// everything after. Something that is no number stands at the end: it is not known to come.
pub fn axis_position(seconds_from_now: f64) -> f64 {
    if seconds_from_now.is_nan() {
        return 1.0;
    }
    let seconds = seconds_from_now.clamp(0.0, HORIZON);
    (seconds / BEND).ln_1p() / (HORIZON / BEND).ln_1p()
}

/// A share of a width as SVG takes it.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// The axis' words; stands above the list and stays there.
#[component]
pub fn RunwayAxis() -> impl IntoView {
    view! {
        <svg class="runway-axis" role="img" aria-label="Time from now to 26 weeks, logarithmic">
            {AXIS_TICKS
                .into_iter()
                .map(|tick| {
                    let x = percent(axis_position(tick.seconds));
                    let class = match tick.room {
                        Room::Any => "tick",
                        Room::Wide => "tick tick-wide",
                        Room::Widest => "tick tick-widest",
                    };
                    let anchor = if tick.seconds > 0.0 { "middle" } else { "start" };
                    view! {
                        <g class=class>
                            <text x=x.clone() y="13" text-anchor=anchor>
                                {tick.label}
                            </text>
                            <line x1=x.clone() x2=x y1="18" y2="24"></line>
                        </g>
                    }
                })
                .collect_view()}
        </svg>
    }
}

/// The axis' lines behind one strip. They reach over its edge, so that together they run down the
/// whole list; the strip's place cuts them off.
#[component]
pub(super) fn StripGrid() -> impl IntoView {
    AXIS_TICKS
        .into_iter()
        .map(|tick| {
            let x = percent(axis_position(tick.seconds));
            let class = if tick.seconds > 0.0 {
                "strip-grid"
            } else {
                "strip-now"
            };
            view! { <line class=class x1=x.clone() x2=x y1="-60" y2="90"></line> }
        })
        .collect_view()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_runs_from_now_to_26_weeks() {
        assert!(axis_position(0.0).abs() < 1e-12);
        assert!((axis_position(HORIZON) - 1.0).abs() < 1e-12);
        assert!(axis_position(-5.0).abs() < 1e-12);
        assert!((axis_position(f64::INFINITY) - 1.0).abs() < 1e-12);
        assert!((axis_position(f64::NAN) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn later_never_stands_further_left() {
        let positions: Vec<_> = (0..5_000)
            .map(|hour| axis_position(f64::from(hour) * HOUR))
            .collect();
        assert!(positions.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn six_hours_and_nine_weeks_both_read_well() {
        assert!(axis_position(6.0 * HOUR) > 0.15);
        assert!(axis_position(9.0 * WEEK) < 0.9);
        // Words are up to 26 px wide; `style/runway.css` says from which widths they stand.
        let nearest = |width: f64, shown: fn(Room) -> bool| {
            let shown: Vec<_> = AXIS_TICKS
                .iter()
                .filter(|tick| !tick.label.is_empty() && shown(tick.room))
                .map(|tick| width * axis_position(tick.seconds))
                .collect();
            let apart = shown.windows(2).map(|pair| pair[1] - pair[0]);
            apart.fold(f64::INFINITY, f64::min)
        };
        assert!(nearest(13.0 * 16.0, |room| room == Room::Any) > 30.0);
        assert!(nearest(22.0 * 16.0, |room| room != Room::Widest) > 34.0);
        assert!(nearest(26.0 * 16.0, |_| true) > 34.0);
    }
}
