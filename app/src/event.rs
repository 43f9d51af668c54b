//! Events that other systems sent, on the sources page.

use api::{Occurrence, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use ui::{Badge, Card, Column, Empty, Skeleton, Table, Tone, When};

use crate::awaited::awaited;
use crate::live;
use crate::offer::MakeKey;
use crate::problem::Problem;
use crate::rpc;
use crate::wire;

/// The newest events.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_events() -> rpc::Answer<Vec<Occurrence>> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.events.recent(&caller).await?)
}

/// What lasts, and what was.
#[component]
pub fn Events() -> impl IntoView {
    let stream = live::live();
    let events = wire::load(move || stream.version(Topic::Sources), |_| list_events());
    view! {
        <Card title="Events" note="alerts that Alertmanager sent" flush=true>
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match events.await {
                        Ok(events) if events.is_empty() => {
                            view! {
                                <Empty
                                    title="No events yet"
                                    text="Point Alertmanager's webhook at /api/v1/alertmanager; a new key comes with the lines to paste."
                                >
                                    <MakeKey/>
                                </Empty>
                            }
                                .into_any()
                        }
                        Ok(events) => {
                            let columns = ["Event", "State", "Began", "Ended", "From"].map(Column::text).to_vec();
                            view! {
                                <Table caption="Events" columns>
                                    {events.into_iter().map(event_row).collect_view()}
                                </Table>
                            }
                                .into_any()
                        }
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
    }
}

fn event_row(event: Occurrence) -> impl IntoView {
    let told = ["summary", "description", "message"]
        .into_iter()
        .find_map(|wanted| event.annotations.iter().find(|(name, _)| name == wanted))
        .map(|(_, text)| text.clone());
    let name = if event.name.is_empty() {
        "Alert without a name".to_owned()
    } else {
        event.name
    };
    // The sender's word: anything else would be a link that runs a script.
    let safe = ["http://", "https://"]
        .iter()
        .any(|scheme| event.generator_url.starts_with(scheme));
    let about: Vec<String> = event
        .labels
        .iter()
        .filter(|(name, _)| name != "alertname")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let (tone, word) = if event.firing {
        (Tone::Alert, "firing")
    } else {
        (Tone::Good, "over")
    };
    view! {
        <tr>
            <td data-label="Event">
                {if safe {
                    view! { <a href=event.generator_url rel="noreferrer external">{name}</a> }.into_any()
                } else {
                    name.into_any()
                }}
                {told.map(|told| view! { <span class="sub">{told}</span> })}
                <span class="sub quiet">{about.join(", ")}</span>
            </td>
            <td data-label="State"><Badge tone label=word/></td>
            <td data-label="Began"><When at=event.starts_at.0/></td>
            <td data-label="Ended">
                {match event.ends_at {
                    Some(at) => view! { <When at=at.0/> }.into_any(),
                    None => view! { <span class="quiet">"lasts"</span> }.into_any(),
                }}
            </td>
            <td data-label="From">{event.source_name}</td>
        </tr>
    }
}
