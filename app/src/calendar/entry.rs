//! The page on which a promotion or closure is entered and changed.

use api::EntryKind;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use ui::{
    Button, ButtonKind, ButtonLink, Card, Checkbox, Field, Input, PageHead, Select, SelectOption,
    Skeleton,
};

use super::SaveEntry;
use crate::awaited::awaited;
use crate::frame::SessionContext;
use crate::problem::{FormProblem, Problem, may_only_look, of_field};
use crate::rpc;
use crate::told::calendar::Form;
use crate::wire;

/// What the form needs: the entry that `id` names, or a new one that touches `series`.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_entry(id: String, series: String) -> rpc::Answer<Form> {
    let (services, caller) = rpc::ctx()?;
    let calendar = services.calendars.calendar(&caller).await?;
    let typed = if id.is_empty() {
        let chosen = !series.is_empty();
        crate::told::calendar::Typed {
            kind: "promotion".into(),
            first: calendar.today.clone(),
            last: calendar.today.clone(),
            touches: if chosen { "series" } else { "all" }.into(),
            series: if chosen { vec![series] } else { Vec::new() },
            ..Default::default()
        }
    } else {
        let kept = calendar.entries.into_iter().find(|entry| entry.id.0 == id);
        crate::told::calendar::typed(kept.ok_or_else(|| api::Error::not_found("calendar entry"))?)
    };
    let sources = services.sources.list(&caller).await?;
    let filter = api::SeriesFilter {
        limit: crate::told::calendar::LISTED,
        ..api::SeriesFilter::default()
    };
    let mut page = services.series.list(&caller, filter).await?;
    // What is chosen stands there, however many there are.
    for id in &typed.series {
        let id = api::SeriesId(id.clone());
        if !page.series.iter().any(|one| one.id == id)
            && let Ok(chosen) = services.series.get(&caller, &id).await
        {
            page.series.insert(0, chosen);
        }
    }
    Ok(crate::told::calendar::form(
        typed,
        sources,
        (page.series, page.total),
    ))
}

/// What an entry is, of its word; a promotion for any other.
pub fn kind_of(word: &str) -> EntryKind {
    match word {
        "closure" => EntryKind::Closure,
        "other" => EntryKind::Other,
        _ => EntryKind::Promotion,
    }
}

/// Adds an entry, or changes the one that the address names.
#[component]
pub fn EntryPage() -> impl IntoView {
    let query = use_query_map();
    let word = |name: &'static str| Memo::new(move |_| query.read().get(name).unwrap_or_default());
    let (id, series) = (word("id"), word("series"));
    let form = wire::load(
        move || (id.get(), series.get()),
        |(id, series)| load_entry(id, series),
    );
    let SessionContext(session) = expect_context();
    view! {
        <Title text="Promotion or closure"/>
        <PageHead
            title="Promotion or closure"
            lede="Days that are unlike others for a reason you know. Forecasts leave them out of what is usual and expect the same when they come again."
            actions=|| view! { <ButtonLink href="/calendar">"Back to the calendar"</ButtonLink> }
        />
        <Transition fallback=|| view! { <Card><Skeleton lines=8/></Card> }>
            {awaited(move || async move {
                let may_write = session.await.is_ok_and(|s| s.may_write);
                match form.await {
                    Ok(_) if !may_write => view! { <Problem failure=may_only_look()/> }.into_any(),
                    Ok(form) => view! { <EntryForm form/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn EntryForm(form: Form) -> impl IntoView {
    let save = ServerAction::<SaveEntry>::new();
    let error = move |field| of_field(save.value(), field);
    let Form {
        typed,
        sources,
        series,
        more,
    } = form;
    let is_new = typed.id.is_empty();
    let kinds = vec![
        SelectOption::new("promotion", "Promotion"),
        SelectOption::new("closure", "Closure"),
        SelectOption::new("other", "Other event"),
    ];
    let mut touches = vec![
        SelectOption::new("all", "Every series"),
        SelectOption::new("series", "The series chosen below"),
    ];
    touches.extend(
        sources
            .into_iter()
            .map(|(id, name)| SelectOption::new(id, format!("Every series of {name}"))),
    );
    view! {
        <FormProblem answer=save.value()/>
        <Card>
            <ActionForm action=save attr:class="stack">
                <input type="hidden" name="id" value=typed.id/>
                <div class="row-form">
                    <Field id="entry-name" label="Name" hint="What has the same name is expected to do the same." error=error("name")>
                        <Input name="name" value=typed.name required=true attr:maxlength="100"/>
                    </Field>
                    <Field id="entry-kind" label="It is a">
                        <Select name="kind" options=kinds value=typed.kind/>
                    </Field>
                </div>
                <div class="row-form">
                    <Field id="entry-first" label="First day" hint="Days are those of UTC." error=error("first")>
                        <Input name="first" r#type="date" value=typed.first required=true/>
                    </Field>
                    <Field id="entry-last" label="Last day" hint="Empty: one day." error=error("last")>
                        <Input name="last" r#type="date" value=typed.last/>
                    </Field>
                    <Field id="entry-touches" label="Touches" error=error("touches")>
                        <Select name="touches" options=touches value=typed.touches/>
                    </Field>
                </div>
                {chosen(series, &typed.series, more)}
                <div class="row-form">
                    <Button kind=ButtonKind::Primary busy=save.pending()>{if is_new { "Add it" } else { "Save" }}</Button>
                    <ButtonLink href="/calendar" kind=ButtonKind::Quiet>"Leave it as it is"</ButtonLink>
                </div>
            </ActionForm>
        </Card>
    }
}

/// The series that can be chosen one by one: a list that scrolls.
fn chosen(series: Vec<[String; 3]>, held: &[String], more: String) -> impl IntoView + use<> {
    // Numbered, as the form's lists are read.
    let boxes = series.into_iter().enumerate().map(|(number, [id, title, source])| {
        let checked = held.contains(&id);
        let name = format!("series[{number}]");
        view! { <Checkbox name=name value=id label=format!("{title} · {source}") checked=checked/> }
    });
    let boxes = boxes.collect_view();
    view! {
        <fieldset class="grant-area">
            <legend>"Series, where it touches those chosen"</legend>
            // A list that scrolls is reached by the keyboard through its boxes.
            <div class="choices">{boxes}</div>
            {(!more.is_empty()).then(|| view! { <p class="field-hint">{more}</p> })}
        </fieldset>
    }
}
