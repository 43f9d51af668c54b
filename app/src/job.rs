//! Work beside the pages: what waits, runs, was done, and failed.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{Button, Card, Column, Empty, Glyph, PageHead, Skeleton, Table, When};

use crate::awaited::awaited;
use crate::frame::SessionContext;
use crate::live;
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::told::job::{Line, Told};
use crate::wire;

/// The queue.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_queue() -> rpc::Answer<Told> {
    let (services, caller) = rpc::ctx()?;
    let queue = services.jobs.queue(&caller).await?;
    Ok(crate::told::job::told(&queue))
}

/// Tries again what was given up, or takes a job out of the queue.
#[server(output = Postcard)]
pub async fn change_job(id: String, retry: bool) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let id = api::JobId(id);
    if retry {
        services.jobs.retry(&caller, &id).await?;
    } else {
        services.jobs.cancel(&caller, &id).await?;
    }
    Ok(())
}

/// The page of the queue.
#[component]
pub fn JobsPage() -> impl IntoView {
    let stream = live::live();
    let change = ServerAction::<ChangeJob>::new();
    let queue = wire::load(
        move || (stream.version(Topic::Jobs), change.version().get()),
        |_| load_queue(),
    );
    let SessionContext(session) = expect_context();
    view! {
        <Title text="Jobs"/>
        <PageHead title="Jobs" lede="What is done beside the pages: what runs, what comes next, and what failed."/>
        <FormProblem answer=change.value()/>
        <Transition fallback=|| view! { <Card><Skeleton lines=10/></Card> }>
            {awaited(move || async move {
                let may_write = session.await.is_ok_and(|s| s.may_write);
                match queue.await {
                    Ok(told) => body(told, may_write.then_some(change)).into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// `action` is there for those who may change things.
fn body(told: Told, action: Option<ServerAction<ChangeJob>>) -> impl IntoView {
    let columns = vec![
        Column::text("Kind"),
        Column::number("Waiting", ""),
        Column::number("Running", ""),
        Column::number("Done", ""),
        Column::number("Given up", ""),
    ];
    let kinds = told
        .kinds
        .into_iter()
        .map(|[kind, waiting, running, done, dead]| {
            view! {
                <tr>
                    <td data-label="Kind">{kind}</td>
                    <td class="num" data-label="Waiting">{waiting}</td>
                    <td class="num" data-label="Running">{running}</td>
                    <td class="num" data-label="Done">{done}</td>
                    <td class="num" data-label="Given up">{dead}</td>
                </tr>
            }
        });
    let scheduled = told.scheduled.into_iter().map(|(what, every, at)| {
        view! {
            <tr>
                <td data-label="What">{what}</td>
                <td data-label="When"><When at=at/></td>
                <td data-label="Words">"every " {every}</td>
            </tr>
        }
    });
    let three = || ["What", "When", "Words"].map(Column::text).to_vec();
    view! {
        <Card flush=true>
            <Table caption="Jobs by kind" columns>{kinds.collect_view()}</Table>
        </Card>
        {list("Given up", told.dead, &["Try again", "Discard"], action)}
        {list("Running", told.running, &["Stop"], action)}
        {list("Next", told.next, &["Cancel"], action)}
        {list("Done", told.done, &[], action)}
        <Card title="Scheduled" flush=true>
            <Table caption="Scheduled" columns=three()>{scheduled.collect_view()}</Table>
        </Card>
    }
}

/// Jobs in one state, with a button for each word.
fn list(
    title: &'static str,
    lines: Vec<Line>,
    buttons: &'static [&'static str],
    action: Option<ServerAction<ChangeJob>>,
) -> impl IntoView {
    if lines.is_empty() {
        let text = match title {
            "Given up" => "Nothing failed for good.",
            "Running" => "Nothing runs at this moment.",
            "Next" => "Nothing waits.",
            _ => "Nothing was done yet.",
        };
        return view! {
            <Card title=title>
                <Empty title=text icon=Glyph::Check/>
            </Card>
        }
        .into_any();
    }
    let mut columns = ["What", "When", "Words"].map(Column::text).to_vec();
    columns.push(Column::actions("Change"));
    let rows = lines
        .into_iter()
        .map(|line| row(line, buttons, action))
        .collect_view();
    view! {
        <Card title=title flush=true>
            <Table caption=title columns>{rows}</Table>
        </Card>
    }
    .into_any()
}

fn row(
    line: Line,
    buttons: &'static [&'static str],
    action: Option<ServerAction<ChangeJob>>,
) -> impl IntoView {
    let forms = action.map(|action| {
        let forms = buttons.iter();
        forms
            .map(|word| form(action, line.id.clone(), word))
            .collect_view()
    });
    view! {
        <tr>
            <td data-label="What">{line.what}</td>
            <td data-label="When"><When at=line.at/></td>
            <td data-label="Words">{line.words}</td>
            <td data-label="">{forms}</td>
        </tr>
    }
}

/// A form that is one button.
fn form(action: ServerAction<ChangeJob>, id: String, word: &'static str) -> AnyView {
    let retry = word == "Try again";
    view! {
        <ActionForm action=action attr:class="row-form">
            <input type="hidden" name="id" value=id/>
            <input type="hidden" name="retry" value=retry.to_string()/>
            <Button small=true busy=action.pending()>{word}</Button>
        </ActionForm>
    }
    .into_any()
}
