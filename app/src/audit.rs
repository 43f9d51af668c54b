//! The audit log: who did what, filtered by the address, each entry with how it was and how it is.

use api::AuditAsked;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Empty, Field, Glyph, Input, PageHead, Select,
    SelectOption, Skeleton, Tone, When,
};

use crate::awaited::awaited;
use crate::problem::{FormProblem, Problem};
use crate::range::escape;
use crate::rpc;
use crate::told::audit::{Differs, Shown, Told};
use crate::wire;

/// Some of the entries that fit, older than the number `below`, where it is one.
#[server(input = GetUrl, output = Postcard)]
pub async fn read_audit(asked: AuditAsked, below: String) -> rpc::Answer<Shown> {
    let (services, caller) = rpc::ctx()?;
    let page = services
        .audit
        .entries(
            &caller,
            asked.filter()?,
            below.parse().ok(),
            crate::told::audit::SHOWN,
        )
        .await?;
    let days = services.audit.retention(&caller).await?;
    Ok(crate::told::audit::shown(&page, days))
}

/// Says how long entries are kept; an empty field is for ever.
#[server(output = Postcard)]
pub async fn keep_audit(days: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let days = rpc::whole("days", &days)?;
    Ok(services.audit.set_retention(&caller, days).await?)
}

/// The page.
#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_query_map();
    let keep = ServerAction::<KeepAudit>::new();
    let asked = Memo::new(move |_| {
        let said = |name: &str| query.read().get(name).unwrap_or_default();
        let asked = AuditAsked {
            actor: said("actor"),
            action: said("action"),
            object: said("object"),
            outcome: said("outcome"),
            from: said("from"),
            to: said("to"),
            q: said("q"),
        };
        (asked, said("below"))
    });
    let page = wire::load(
        move || (asked.get(), keep.version().get()),
        |((asked, below), _)| read_audit(asked, below),
    );
    view! {
        <Title text="Audit log"/>
        <PageHead
            title="Audit log"
            lede="Who did what, from where, and what was refused: each entry is chained to the one before it."
        />
        <Transition fallback=|| view! { <Card><Skeleton lines=10/></Card> }>
            {awaited(move || async move {
                let (said, below) = asked.get_untracked();
                match page.await {
                    Ok(shown) => {
                        let (days, actions) = (shown.days.clone(), shown.actions.clone());
                        view! {
                            <Filter said=said.clone() actions/>
                            <Entries shown said below/>
                            <Keep days keep/>
                        }
                            .into_any()
                    }
                    Err(failure) => {
                        let bad = matches!(failure.0, api::Error::Invalid { .. });
                        view! {
                            <Problem failure/>
                            {bad.then(|| view! { <Filter said actions=Vec::new()/> })}
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
    }
}

/// The address of this page, or of an export, with what was said.
fn address(path: &str, said: &AuditAsked) -> String {
    let pairs: Vec<String> = [
        ("q", &said.q),
        ("actor", &said.actor),
        ("action", &said.action),
        ("object", &said.object),
        ("outcome", &said.outcome),
        ("from", &said.from),
        ("to", &said.to),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| format!("{name}={}", escape(value)))
    .collect();
    if pairs.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", pairs.join("&"))
    }
}

#[component]
fn Filter(said: AuditAsked, actions: Vec<(String, String)>) -> impl IntoView {
    let csv = address("/audit/export.csv", &said);
    let jsonl = address("/audit/export.jsonl", &said);
    let filtered = said != AuditAsked::default();
    let AuditAsked {
        actor,
        action,
        object,
        outcome,
        from,
        to,
        q,
    } = said;
    let mut offered = vec![SelectOption::new("", "anything")];
    offered.extend(
        actions
            .into_iter()
            .map(|(value, label)| SelectOption::new(value, label)),
    );
    if !action.is_empty() && offered.iter().all(|option| option.value != action) {
        offered.push(SelectOption::new(action.clone(), action.clone()));
    }
    let outcomes = [
        ("", "any"),
        ("done", "done"),
        ("refused", "refused"),
        ("failed", "failed"),
    ]
    .map(|(value, label)| SelectOption::new(value, label))
    .to_vec();
    view! {
        <Card>
            <Form method="GET" action="/audit" attr:class="audit-filter" attr:role="search">
                <Field id="audit-q" label="Words">
                    <Input name="q" r#type="search" value=q placeholder="192.0.2.7 or a request's id"/>
                </Field>
                <Field id="audit-actor" label="Who">
                    <Input name="actor" value=actor placeholder="ada@example.org"/>
                </Field>
                <Field id="audit-action" label="Did">
                    <Select name="action" options=offered value=action/>
                </Field>
                <Field id="audit-object" label="To what">
                    <Input name="object" value=object placeholder="key, or a name"/>
                </Field>
                <Field id="audit-outcome" label="Outcome">
                    <Select name="outcome" options=outcomes value=outcome/>
                </Field>
                <Field id="audit-from" label="From, UTC">
                    <Input name="from" r#type="date" value=from/>
                </Field>
                <Field id="audit-to" label="To, UTC">
                    <Input name="to" r#type="date" value=to/>
                </Field>
                <div class="audit-buttons">
                    <Button kind=ButtonKind::Primary icon=Glyph::Search>"Find"</Button>
                    {filtered.then(|| view! { <ButtonLink href="/audit">"Show all"</ButtonLink> })}
                    <a class="btn btn-quiet" href=csv rel="external" download="">"Export CSV"</a>
                    <a class="btn btn-quiet" href=jsonl rel="external" download="">"Export JSONL"</a>
                </div>
            </Form>
        </Card>
    }
}

#[component]
fn Entries(shown: Shown, said: AuditAsked, below: String) -> impl IntoView {
    if shown.entries.is_empty() {
        return view! {
            <Empty
                title="Nothing fits"
                text="No entry that is kept has all of that. Take something away, or choose more days."
                icon=Glyph::Search
            >
                <ButtonLink href="/audit">"Show all"</ButtonLink>
            </Empty>
        }
        .into_any();
    }
    let newest = address("/audit", &said);
    let older = shown.older.map(|below| {
        let and = if newest.contains('?') { '&' } else { '?' };
        format!("{newest}{and}below={below}")
    });
    let earlier = !below.is_empty();
    view! {
        <Card flush=true>
            <ol class="audit-log" aria-label="Entries, the newest first">
                {shown.entries.into_iter().map(entry).collect_view()}
            </ol>
            <nav class="pager" aria-label="Pages">
                <span class="quiet num">{shown.range}</span>
                {earlier.then(|| view! { <ButtonLink href=newest>"Newest"</ButtonLink> })}
                {older.map(|href| view! { <ButtonLink href>"Older"</ButtonLink> })}
            </nav>
        </Card>
    }
    .into_any()
}

fn entry(told: Told) -> impl IntoView {
    let tone = match told.outcome.as_str() {
        "done" => Tone::Neutral,
        "refused" => Tone::Warning,
        _ => Tone::Alert,
    };
    view! {
        <li>
            <details class="audit-entry">
                <summary>
                    <span class="audit-at"><When at=told.at/></span>
                    <span class="audit-who">{told.who}</span>
                    <span class="audit-what"><code>{told.action}</code>" "{told.object}</span>
                    <span class="audit-outcome"><Badge tone label=told.outcome/></span>
                </summary>
                <div class="audit-more">
                    <Differences differs=told.differs/>
                    <dl class="audit-facts">
                        {told
                            .facts
                            .into_iter()
                            .map(|(name, value)| {
                                view! {
                                    <dt>{name}</dt>
                                    <dd>{value}</dd>
                                }
                            })
                            .collect_view()}
                    </dl>
                </div>
            </details>
        </li>
    }
}

#[component]
fn Differences(differs: Vec<Differs>) -> impl IntoView {
    (!differs.is_empty()).then(|| {
        view! {
            <table class="audit-differs">
                <caption class="sr-only">"What changed"</caption>
                <thead>
                    <tr>
                        <th scope="col">"What"</th>
                        <th scope="col">"Before"</th>
                        <th scope="col">"After"</th>
                    </tr>
                </thead>
                <tbody>
                    {differs
                        .into_iter()
                        .map(|differs| {
                            view! {
                                <tr>
                                    <th scope="row">{differs.what}</th>
                                    <td>{differs.before}</td>
                                    <td>{differs.after}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        }
    })
}

/// How long entries are kept.
#[component]
fn Keep(days: String, keep: ServerAction<KeepAudit>) -> impl IntoView {
    view! {
        <Card
            title="How long entries are kept"
            note="In days; an empty field is for ever. What is cut off is gone; an entry says up to where."
        >
            <FormProblem answer=keep.value()/>
            <ActionForm action=keep attr:class="row-form">
                <Field id="audit-days" label="Days">
                    <Input name="days" value=days placeholder="for ever" attr:inputmode="numeric"/>
                </Field>
                <Button busy=keep.pending()>"Keep"</Button>
            </ActionForm>
        </Card>
    }
}
