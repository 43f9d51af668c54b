//! How long metrics are kept and what they take on the disk: a card of the settings.

use api::{Circuit, DatabaseStorage, KeptSource, MetricStorage, Partition, PartitionHolds, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use ui::{
    Badge, Button, ButtonKind, Card, Column, Empty, Input, Skeleton, Table, Tone, number_text,
};

use crate::awaited::awaited;
use crate::live;
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::wire;

/// What is kept, for how long, and what it takes.
#[server(input = GetUrl, output = Postcard)]
pub async fn read_metric_storage() -> rpc::Answer<MetricStorage> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.metrics.storage(&caller).await?)
}

/// Says how long a source's metrics are kept; an empty field is for ever.
#[server(output = Postcard)]
pub async fn keep_metrics(
    id: String,
    raw_days: String,
    five_minutes_days: String,
    hour_days: String,
) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let keep = api::Keep::read(&raw_days, &five_minutes_days, &hour_days)?;
    Ok(services
        .metrics
        .keep(&caller, &api::SourceId(id), keep)
        .await?)
}

/// The card.
#[component]
pub fn Storage() -> impl IntoView {
    let stream = live::live();
    let keep = ServerAction::<KeepMetrics>::new();
    let storage = wire::load(
        move || (stream.version(Topic::Sources), keep.version().get()),
        |_| read_metric_storage(),
    );
    view! {
        <Card
            title="How long metrics are kept"
            note="Where Millrace keeps them itself: in days; an empty field is for ever. What is older goes within minutes and does not come back."
            flush=true
        >
            <FormProblem answer=keep.value()/>
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match storage.await {
                        Ok(MetricStorage::Engine { name, host, writing, asking }) => {
                            view! { <InAnEngine name host writing asking/> }.into_any()
                        }
                        Ok(MetricStorage::Database(storage)) if storage.sources.is_empty() => {
                            view! {
                                <Empty
                                    title="No metrics yet"
                                    text="They come with a key, by remote-write, OTLP or line protocol."
                                />
                            }
                                .into_any()
                        }
                        Ok(MetricStorage::Database(storage)) => {
                            view! { <StorageTable storage keep/> }.into_any()
                        }
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
    }
}

/// What can be said where somebody else keeps metrics.
#[component]
fn InAnEngine(name: String, host: String, writing: Circuit, asking: Circuit) -> impl IntoView {
    view! {
        <div class="facts card-lead">
            {circuit("Samples to it", writing)}
            {circuit("Questions to it", asking)}
        </div>
        <Empty
            title=format!("{name} at {host} keeps the metrics")
            text="How long, how finely and in how much room is set there; Millrace knows none of it. A source that is removed here keeps its samples there."
        />
    }
}

fn circuit(what: &'static str, circuit: Circuit) -> impl IntoView {
    let (tone, label, again) = match circuit {
        Circuit::Closed => (Tone::Good, "closed", None),
        Circuit::Open { again_seconds } => (
            Tone::Alert,
            "open",
            Some(format!(
                "It did not answer five times in a row. It is asked again in {again_seconds} s."
            )),
        ),
        Circuit::HalfOpen => (
            Tone::Warning,
            "half-open",
            Some("One request finds out whether it is back.".to_owned()),
        ),
    };
    view! {
        <div class="fact">
            <span class="fact-name">{what}</span>
            <span class="fact-value"><Badge tone label/></span>
            {again.map(|again| view! { <span class="sub">{again}</span> })}
        </div>
    }
}

#[component]
fn StorageTable(storage: DatabaseStorage, keep: ServerAction<KeepMetrics>) -> impl IntoView {
    let columns = vec![
        Column::text("Source"),
        Column::number("Series", ""),
        Column::number("Samples in", ""),
        Column::number("Samples", "days"),
        Column::number("5 min windows", "days"),
        Column::number("1 h windows", "days"),
        Column::actions("Keep"),
    ];
    let bytes = |bytes: u64| number_text(Some(bytes as f64), "bytes");
    let parts = [
        ("Samples", storage.raw_bytes),
        ("Windows of 5 minutes", storage.five_minutes_bytes),
        ("Windows of 1 hour", storage.hour_bytes),
        ("Not in chunks yet", storage.waiting_bytes),
        ("On the disk in all", storage.total_bytes),
    ];
    view! {
        <div class="facts card-lead">
            {parts
                .into_iter()
                .map(|(what, size)| {
                    view! {
                        <div class="fact">
                            <span class="fact-name">{what}</span>
                            <span class="fact-value">{bytes(size)}</span>
                        </div>
                    }
                })
                .collect_view()}
        </div>
        <Table caption="How long each source's metrics are kept" columns>
            {storage.sources.into_iter().map(|source| kept_row(source, keep)).collect_view()}
        </Table>
        {(!storage.partitions.is_empty()).then(|| view! { <Partitions partitions=storage.partitions/> })}
    }
}

/// The tables that are made and dropped as a whole, once somebody wants to see them.
#[component]
fn Partitions(partitions: Vec<Partition>) -> impl IntoView {
    let columns = vec![
        Column::text("Partition"),
        Column::text("Holds"),
        Column::text("From"),
        Column::text("To"),
        Column::number("Rows", ""),
        Column::number("Data", ""),
    ];
    view! {
        <details class="card-lead">
            <summary>{api::grouped(partitions.len() as u64)} " partitions"</summary>
            <Table caption="Partitions of the metrics, the newest first" columns>
                {partitions.into_iter().map(partition_row).collect_view()}
            </Table>
        </details>
    }
}

fn partition_row(one: Partition) -> impl IntoView {
    let holds = match one.holds {
        PartitionHolds::Samples => "samples",
        PartitionHolds::FiveMinutes => "windows of 5 min",
        PartitionHolds::Hours => "windows of 1 h",
    };
    let day = |at: Option<api::Instant>| match at {
        Some(at) => ui::utc_date_text(at.0),
        None => "what is in no other".to_owned(),
    };
    view! {
        <tr>
            <td data-label="Partition"><code>{one.name}</code></td>
            <td data-label="Holds">{holds}</td>
            <td data-label="From">{day(one.between.map(|range| range.from))}</td>
            <td data-label="To">{day(one.between.map(|range| range.to))}</td>
            <td class="num" data-label="Rows">{api::grouped(one.rows)}</td>
            <td class="num" data-label="Data">{number_text(Some(one.bytes as f64), "bytes")}</td>
        </tr>
    }
}

fn kept_row(source: KeptSource, keep: ServerAction<KeepMetrics>) -> impl IntoView {
    // A form cannot go around cells: they name it.
    let form = format!("keep-{}", source.id);
    let fields = [
        ("raw_days", "Samples, days", source.keep.raw_days),
        (
            "five_minutes_days",
            "5 min windows, days",
            source.keep.five_minutes_days,
        ),
        ("hour_days", "1 h windows, days", source.keep.hour_days),
    ];
    view! {
        <tr>
            <td data-label="Source">{source.name.clone()}</td>
            <td class="num" data-label="Series">{api::grouped(source.series)}</td>
            <td class="num" data-label="Samples in">{api::grouped(source.samples)}</td>
            {fields
                .into_iter()
                .map(|(field, title, days)| {
                    let label = format!("{title}, of {}", source.name);
                    let value = days.map(|days| days.to_string()).unwrap_or_default();
                    view! {
                        <td class="num" data-label=title>
                            <Input
                                name=field
                                label
                                value
                                placeholder="for ever"
                                attr:form=form.clone()
                                attr:inputmode="numeric"
                            />
                        </td>
                    }
                })
                .collect_view()}
            <td data-label="">
                <ActionForm action=keep attr:id=form.clone()>
                    <input type="hidden" name="id" value=source.id.0.clone()/>
                    <Button kind=ButtonKind::Quiet small=true>"Keep"</Button>
                </ActionForm>
            </td>
        </tr>
    }
}
