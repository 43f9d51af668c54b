//! The chart of a series or its table, and what chooses the range.

use api::{Instant, Point};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use ui::{Chart, DataTable, Segment, Segmented, StaticChart};

use super::chart::Drawn;
use crate::live;
use crate::range::{self, Asked};
use crate::told::future::limit_words;

/// Which range is shown, and how.
pub fn ranges_view(own: &str, asked: &Asked, as_table: bool) -> impl IntoView + use<> {
    let view_word = if as_table { "&view=table" } else { "" };
    let ranges = range::segments(asked, |word| Some(format!("{own}?range={word}{view_word}")));
    let here = match asked {
        Asked::Last(word, _) => format!("{own}?range={word}"),
        Asked::Fixed(range) => format!(
            "{own}?from={}&to={}",
            range.from.0.div_euclid(Instant::SECOND),
            range.to.0.div_euclid(Instant::SECOND)
        ),
        Asked::Fitting => format!("{own}?range="),
    };
    let views = vec![
        Segment::new("Chart", here.clone(), !as_table),
        Segment::new("Table", format!("{here}&view=table"), as_table),
    ];
    view! {
        <div class="toolbar">
            <Segmented label="Time range" segments=Signal::stored(ranges)/>
            <Segmented label="Shown as" segments=Signal::stored(views)/>
        </div>
    }
}

/// The chart, or its table. New samples are drawn as they come in.
#[component]
pub fn Plot(
    drawn: Drawn,
    tree: String,
    moves: bool,
    as_table: bool,
    /// When something happened, in microseconds, and what; the tree has them too.
    marks: Vec<(i64, String)>,
) -> impl IntoView {
    let stream = live::live();
    let navigate = use_navigate();
    let unit = drawn.series.unit.word().to_owned();
    let label = format!("{} over time", drawn.series.title);
    let own = format!("/series/{}", drawn.series.id);
    let rows = drawn.rows();
    if as_table {
        return view! { <DataTable points=rows unit=unit caption=label/> }.into_any();
    }
    let limit = drawn.series.limit.map(|l| (l.value, limit_words(l, &unit)));
    let span = drawn.span();
    let id = drawn.series.id.clone();
    let now_drawn = RwSignal::new(drawn);
    Effect::new(move || {
        let batch = stream.points.get();
        let new: Vec<_> = batch
            .iter()
            .filter(|p| p.series == id)
            .map(|p| (p.at, p.value))
            .collect();
        if moves && !new.is_empty() {
            now_drawn.update(|drawn| append(drawn, &new));
        }
    });
    let numbers = Signal::derive(move || now_drawn.read().numbers());
    // Seconds in the address: a link that somebody reads out should be short.
    let zoomed = Callback::new(move |(from, to): (f64, f64)| {
        let href = format!(
            "{own}?from={:.0}&to={:.0}",
            (from / 1000.0).floor(),
            (to / 1000.0).ceil()
        );
        navigate(
            &href,
            NavigateOptions {
                scroll: false,
                ..NavigateOptions::default()
            },
        );
    });
    view! {
        <Chart tree numbers label=label.clone() unit=unit.clone() on_zoom=zoomed tall=true>
            <StaticChart points=rows unit=unit label=label limit span marks/>
        </Chart>
    }
    .into_any()
}

/// Appends samples and lets the window move with them.
fn append(drawn: &mut Drawn, new: &[(Instant, f64)]) {
    for (at, value) in new {
        if drawn.points.last().is_none_or(|last| *at > last.at) {
            drawn.points.push(Point {
                at: *at,
                value: Some(*value),
            });
        }
    }
    let newest = drawn
        .points
        .last()
        .map_or(drawn.range.to, |p| p.at.plus(Instant::SECOND));
    if newest > drawn.range.to {
        let shift = newest.0 - drawn.range.to.0;
        drawn.range.to = newest;
        drawn.range.from = drawn.range.from.plus(shift);
        let from = drawn.range.from;
        drawn.points.retain(|p| p.at >= from);
    }
}
