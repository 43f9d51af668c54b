//! The company's calendar: whose public holidays count, and promotions and closures entered by hand.

mod entry;

use api::EntryKind;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Column, Empty, Field, Glyph, PageHead, Select,
    SelectOption, Skeleton, Table, Tone,
};

pub use entry::EntryPage;

use crate::awaited::awaited;
use crate::problem::{FormProblem, Problem, of_field, tell};
use crate::rpc;
use crate::told::calendar::{Row, Shown};
use crate::wire;

/// The calendar.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_calendar() -> rpc::Answer<Shown> {
    let (services, caller) = rpc::ctx()?;
    let calendar = services.calendars.calendar(&caller).await?;
    let me = services.accounts.me(&caller).await?;
    let may_write = me
        .role
        .permissions()
        .contains(&api::Permission::MonitoringWrite);
    Ok(crate::told::calendar::shown(calendar, may_write))
}

/// Says whose public holidays count; nobody's where the region is empty.
#[server(output = Postcard)]
pub async fn set_holidays(region: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let region = (!region.is_empty()).then_some(region);
    Ok(services.calendars.set_holidays(&caller, region).await?)
}

/// Adds an entry, or changes the one that `id` names, and goes to the calendar.
#[server(output = Postcard)]
pub async fn save_entry(
    #[server(default)] id: String,
    name: String,
    kind: EntryKind,
    first: String,
    last: String,
    touches: String,
    #[server(default)] series: Vec<String>,
) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let touches = match touches.as_str() {
        "" => return Err(api::Error::field("touches", "Choose which series it touches.").into()),
        "all" => api::Touches::All,
        "series" => api::Touches::Series(series.into_iter().map(api::SeriesId).collect()),
        source => api::Touches::Source(api::SourceId(source.to_owned())),
    };
    let last = if last.trim().is_empty() {
        first.clone()
    } else {
        last
    };
    let change = api::CalendarChange {
        name,
        kind,
        first,
        last,
        touches,
    };
    if id.is_empty() {
        services.calendars.add_entry(&caller, change).await?;
    } else {
        let id = api::CalendarEntryId(id);
        services.calendars.edit_entry(&caller, &id, change).await?;
    }
    rpc::redirect("/calendar");
    Ok(())
}

/// Removes an entry.
#[server(output = Postcard)]
pub async fn remove_entry(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let id = api::CalendarEntryId(id);
    Ok(services.calendars.remove_entry(&caller, &id).await?)
}

/// The calendar's page.
#[component]
pub fn CalendarPage() -> impl IntoView {
    let holidays = ServerAction::<SetHolidays>::new();
    let remove = ServerAction::<RemoveEntry>::new();
    let again = ServerAction::<SaveEntry>::new();
    let calendar = wire::load(
        move || {
            (
                holidays.version().get(),
                remove.version().get(),
                again.version().get(),
            )
        },
        |_| load_calendar(),
    );
    tell(holidays.value(), "Saved: forecasts are fitted anew with it");
    tell_of_removal(remove, again, calendar);
    view! {
        <Title text="Calendar"/>
        <PageHead
            title="Calendar"
            lede="Days that forecasts know beforehand: what they did before is expected when they come again."
        />
        <FormProblem answer=remove.value()/>
        <Transition fallback=|| view! { <Card><Skeleton lines=8/></Card> }>
            {awaited(move || async move {
                match calendar.await {
                    Ok(shown) => body(shown, holidays, remove).into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Says that an entry was removed, and offers to make it again.
fn tell_of_removal(
    remove: ServerAction<RemoveEntry>,
    again: ServerAction<SaveEntry>,
    calendar: wire::Loaded<Shown>,
) {
    let toasts = ui::use_toasts();
    let last = StoredValue::new(None::<SaveEntry>);
    Effect::new(move || {
        let Some(asked) = remove.input().get() else {
            return;
        };
        let shown = calendar.get_untracked().and_then(Result::ok);
        let rows = shown.map(|shown| shown.rows).unwrap_or_default();
        let row = rows.into_iter().find(|row| row.typed.id == asked.id);
        last.set_value(row.map(|row| SaveEntry {
            id: String::new(),
            name: row.typed.name,
            kind: entry::kind_of(&row.typed.kind),
            first: row.typed.first,
            last: row.typed.last,
            touches: row.typed.touches,
            series: row.typed.series,
        }));
    });
    Effect::new(move || {
        if !matches!(remove.value().get(), Some(Ok(()))) {
            return;
        }
        if let Some(removed) = last.get_value() {
            let undo = Callback::new(move |()| {
                again.dispatch(removed.clone());
            });
            toasts.undoable("Removed: forecasts are fitted anew without it", undo);
        }
    });
}

fn body(
    shown: Shown,
    holidays: ServerAction<SetHolidays>,
    remove: ServerAction<RemoveEntry>,
) -> impl IntoView {
    let may_write = shown.may_write;
    let more = may_write && !shown.rows.is_empty();
    let entries = if shown.rows.is_empty() {
        let add = may_write.then(|| {
            view! { <ButtonLink href="/calendar/entry">"Add a promotion"</ButtonLink> }
        });
        view! {
            <Empty
                title="Nothing is entered yet"
                text="Enter past promotions and closures too: what they did is how the next ones are foreseen."
                icon=Glyph::Calendar
            >
                {add}
            </Empty>
        }
        .into_any()
    } else {
        let columns = vec![
            Column::text("Name"),
            Column::text("What"),
            Column::text("Days"),
            Column::text("Touches"),
            Column::actions("Change"),
        ];
        let rows = shown.rows.into_iter();
        view! {
            <Table caption="Promotions and closures" columns>
                {rows.map(|row| line(row, remove, may_write)).collect_view()}
            </Table>
        }
        .into_any()
    };
    let (region, coming) = (shown.region, shown.coming);
    let regions = shown.regions;
    view! {
        <Card title="Public holidays" note="of daily and weekly series; days are those of UTC">
            {regions_form(region, regions, coming, holidays, may_write)}
        </Card>
        <Card
            title="Promotions and closures"
            note="entered by hand"
            flush=true
            actions=move || more.then(|| view! { <ButtonLink href="/calendar/entry" icon=Glyph::Plus small=true>"Add a promotion"</ButtonLink> })
        >
            {entries}
        </Card>
    }
}

fn regions_form(
    region: String,
    regions: Vec<(String, String)>,
    coming: Vec<(String, String)>,
    action: ServerAction<SetHolidays>,
    may_write: bool,
) -> impl IntoView {
    let name = regions.iter().find(|(code, _)| *code == region);
    let name = name.map(|(_, name)| name.clone());
    let mut options = vec![SelectOption::new("", "None: public holidays do not count")];
    options.extend(
        regions
            .into_iter()
            .map(|(code, name)| SelectOption::new(code, name)),
    );
    let form = may_write.then(|| {
        let error = of_field(action.value(), "region");
        view! {
            <ActionForm action=action attr:class="row-form">
                <Field id="region" label="Country or region" error=error>
                    <Select name="region" options=options value=region/>
                </Field>
                <Button kind=ButtonKind::Primary busy=action.pending()>"Save"</Button>
            </ActionForm>
        }
    });
    let words = match name {
        None => {
            "No public holidays count: a day of rest looks like any other to a forecast.".to_owned()
        }
        Some(name) => format!("Those of {name}. The next:"),
    };
    let days = coming.into_iter().map(|(day, name)| {
        view! { <li><span class="num">{day}</span>" "<span class="quiet">{name}</span></li> }
    });
    view! {
        {form}
        <p>{words}</p>
        <ul class="name-list">{days.collect_view()}</ul>
    }
}

fn line(row: Row, remove: ServerAction<RemoveEntry>, may_write: bool) -> impl IntoView {
    let tone = match row.when.as_str() {
        "now" => Tone::Accent,
        "ahead" => Tone::Good,
        _ => Tone::Neutral,
    };
    let typed = row.typed;
    let edit = format!("/calendar/entry?id={}", typed.id);
    let (change, removal) = (
        format!("Change {}", typed.name),
        format!("Remove {}", typed.name),
    );
    view! {
        <tr>
            <td data-label="Name">{typed.name}</td>
            <td data-label="What">{row.kind}</td>
            <td data-label="Days">{row.days} " " <Badge tone label=row.when/></td>
            <td data-label="Touches">{row.touches}</td>
            <td data-label="">
                {may_write
                    .then(|| {
                        view! {
                            <ActionForm action=remove attr:class="row-actions">
                                <input type="hidden" name="id" value=typed.id/>
                                <ButtonLink href=edit kind=ButtonKind::Quiet small=true attr:aria-label=change>"Change"</ButtonLink>
                                <Button kind=ButtonKind::Danger small=true attr:aria-label=removal>"Remove"</Button>
                            </ActionForm>
                        }
                    })}
            </td>
        </tr>
    }
}
