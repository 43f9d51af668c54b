//! Marks, numbers, news, and what stands where there is nothing.

use super::{NOW, TONES};
use crate::badge::{Badge, Kbd, Tone};
use crate::button::{Button, ButtonKind, ButtonLink};
use crate::icon::Glyph;
use crate::live::{Live, LiveMark};
use crate::page::{Card, Empty, Notice, Progress, Segment, Skeleton, Tabs};
use crate::table::{Column, Table};
use crate::text::{Money, Number};
use crate::time::{When, WhenForm};
use crate::toast::{Toast, ToastAction, ToastCard};
use leptos::prelude::*;

/// Words in their states.
#[component]
pub fn WordsGallery() -> impl IntoView {
    let parts = vec![
        Segment::new("Overview", "#overview", true),
        Segment::new("Forecast", "#forecast", false),
        Segment::new("History", "#history", false),
    ];
    view! {
        <Tabs label="About SKU-7" segments=Signal::stored(parts)/>
        <Buttons/>
        <Card title="Sources" note="4 of 4" flush=true>
            <Rows/>
        </Card>
        <Card title="States">
            <p class="row-form">
                {TONES.map(|(tone, label)| view! { <Badge tone=tone label=label/> }).into_iter().collect_view()}
                <Kbd label="Ctrl K"/>
                <LiveMark state=Live::Connecting/>
                <LiveMark state=Live::Live/>
                <LiveMark state=Live::Stale { since: NOW }/>
                <LiveMark state=Live::Off/>
            </p>
        </Card>
        <Notices/>
        <Card title="Series">
            <Empty
                title="No series yet"
                text="They appear as data comes in: a file, a scrape target, samples over HTTP."
                icon=Glyph::Chart
            >
                <ButtonLink href="/welcome" kind=ButtonKind::Primary icon=Glyph::Plus>
                    "Add data"
                </ButtonLink>
            </Empty>
        </Card>
        <Card title="Machines" note="being read">
            <Skeleton lines=4/>
        </Card>
    }
}

#[component]
fn Buttons() -> impl IntoView {
    view! {
        <Card title="Buttons">
            <div class="row-form">
                <Button kind=ButtonKind::Primary icon=Glyph::Plus>"Add data"</Button>
                <Button icon=Glyph::Download>"CSV"</Button>
                <Button kind=ButtonKind::Quiet icon=Glyph::Refresh>"Read again"</Button>
                <Button kind=ButtonKind::Danger icon=Glyph::Trash>"Delete SKU-7"</Button>
                <Button disabled=true>"Approve"</Button>
                <Button kind=ButtonKind::Primary busy=true>"Saving"</Button>
                <Button small=true>"Plan"</Button>
                <Button kind=ButtonKind::Quiet icon=Glyph::Copy label="Copy"/>
                <ButtonLink href="/" icon=Glyph::Right>"See the Runway"</ButtonLink>
            </div>
        </Card>
    }
}

#[component]
fn Rows() -> impl IntoView {
    let columns = vec![
        Column::text("Name").sortable("?sort=-name", Some(true)),
        Column::text("State"),
        Column::text("Last news"),
        Column::number("Samples", "per s").sortable("?sort=rate", None),
        Column::number("Worth", "€"),
        Column::actions("Actions"),
    ];
    let rows = [
        ("this host", Tone::Good, "fresh", Some(12.4), 0),
        (
            "Shop export 2026-11.csv",
            Tone::Neutral,
            "imported",
            None,
            1_824_000,
        ),
        (
            "node-exporter on db-1",
            Tone::Warning,
            "silent",
            Some(0.0),
            -5_000,
        ),
        (
            "Samples over HTTP",
            Tone::Alert,
            "refused",
            Some(1_234.5),
            124_050,
        ),
    ];
    view! {
        <Table caption="Sources" columns=columns>
            {rows
                .into_iter()
                .map(|(name, tone, word, rate, worth)| {
                    view! {
                        <tr>
                            <td data-label="Name"><a href="/sources/1">{name}</a></td>
                            <td data-label="State"><Badge tone=tone label=word/></td>
                            <td data-label="Last news">
                                <When
                                    at=NOW - 180_000_000
                                    form=WhenForm::Relative
                                    now=Signal::stored(NOW)
                                />
                            </td>
                            <td class="num" data-label="Samples"><Number value=rate/></td>
                            <td class="num" data-label="Worth">
                                <Money minor=worth currency="EUR" short=true/>
                            </td>
                            <td class="num">
                                <Button kind=ButtonKind::Quiet small=true icon=Glyph::More label=format!("More about {name}")/>
                            </td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}

#[component]
fn Notices() -> impl IntoView {
    let toast = |tone, text: &str, action| Toast {
        tone,
        text: text.to_owned(),
        action,
    };
    let close = Callback::new(|()| ());
    let undo = Some(ToastAction {
        label: "Undo".to_owned(),
        run: close,
    });
    view! {
        <Card title="News">
            <div class="stack">
                <Notice
                    title="The forecast could not be read"
                    means="The store did not answer within 5 seconds. Nothing was changed."
                    todo="Try again; if it stays, quote the request to whoever runs this server."
                    request_id=Some("01931e2b-7a60-7c31".to_owned())
                >
                    <Button icon=Glyph::Refresh>"Try again"</Button>
                </Notice>
                <Notice
                    tone=Tone::Warning
                    title="12 rows could not be read"
                    means="The date in column 3 is not a date."
                />
                <Notice tone=Tone::Good title="You are signed out"/>
                <Notice tone=Tone::Neutral title="No forecast" means="Unknown: not enough history yet (9 of 24 points)."/>
                <ToastCard toast=toast(Tone::Good, "Limit removed", undo) close=close/>
                <ToastCard toast=toast(Tone::Alert, "The limit could not be saved", None) close=close/>
                <Progress
                    label="Reading orders.csv"
                    done=Some(0.42)
                    detail="420 000 of 1 000 000 rows"
                />
                <Progress label="Looking at the file" done=None/>
            </div>
        </Card>
    }
}
