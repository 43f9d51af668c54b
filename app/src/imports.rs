//! Files on their way in: dropped, guessed at, corrected, imported.

mod draft;

use api::{BadCell, Import, ImportResult, ImportSettings, ImportState, Topic};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Column, Empty, FileInput, Glyph, Notice, PageHead,
    Progress, Skeleton, Table, Tone, When,
};

use draft::Draft;

use crate::awaited::awaited;
use crate::frame::SessionContext;
use crate::live;
use crate::offer::MayOnlyLook;
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::secret;
use crate::wire;

/// The latest imports.
#[server(input = GetUrl, output = Postcard)]
pub async fn list() -> rpc::Answer<Vec<Import>> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.imports.list(&caller).await?)
}

/// One import.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_import(id: String) -> rpc::Answer<Import> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.imports.get(&caller, &api::ImportId(id)).await?)
}

/// Reads a draft in another way.
#[server(output = Postcard)]
pub async fn correct(id: String, settings: ImportSettings) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let id = api::ImportId(id);
    services.imports.correct(&caller, &id, settings).await?;
    rpc::redirect(&format!("/imports/{id}"));
    Ok(())
}

/// Starts an import.
#[server(output = Postcard)]
pub async fn start(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.imports.start(&caller, &api::ImportId(id)).await?)
}

/// Stops an import, or forgets a draft.
#[server(output = Postcard)]
pub async fn cancel(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.imports.cancel(&caller, &api::ImportId(id)).await?)
}

/// The place to drop a file on, as a plain form: it works without JavaScript.
#[component]
pub fn UploadForm() -> impl IntoView {
    let sending = RwSignal::new(false);
    view! {
        <form
            method="post"
            action="/upload"
            enctype="multipart/form-data"
            class="stack"
            on:submit=move |_| sending.set(true)
        >
            <FileInput
                name="file"
                accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
                label="Drop a CSV or TSV file here, or choose one"
                hint="Any table with a date column. You see a preview before anything is imported."
            />
            <Button kind=ButtonKind::Primary icon=Glyph::Import busy=sending>"Look at it"</Button>
        </form>
    }
}

/// The list of imports.
#[component]
pub fn ImportList() -> impl IntoView {
    let stream = live::live();
    let SessionContext(session) = expect_context();
    let imports = wire::load(move || stream.version(Topic::Imports), |_| list());
    view! {
        <Title text="Import"/>
        <PageHead title="Import" lede="Bring a table in. The same file again changes nothing; a longer one adds what is new."/>
        <Refused/>
        <Transition fallback=|| view! { <Card><Skeleton/></Card> }>
            {awaited(move || async move {
                match session.await {
                    Ok(session) if session.may_write => view! { <Card><UploadForm/></Card> }.into_any(),
                    Ok(_) => view! { <MayOnlyLook/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
        <Transition fallback=|| view! { <Card><Skeleton/></Card> }>
            {awaited(move || async move {
                match imports.await {
                    Ok(imports) if imports.is_empty() => {
                        view! { <Empty title="Nothing was imported yet" icon=Glyph::Import/> }.into_any()
                    }
                    Ok(imports) => view! { <ImportTable imports/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Why the file that was just sent was not taken. The address says no more than that: the words wait
/// on the server, so that nobody's link can put others into our mouth.
#[component]
fn Refused() -> impl IntoView {
    let query = use_query_map();
    let words = secret::just_made();
    view! {
        <Transition>
            {awaited(move || {
                let refused = query.read().get("refused").is_some();
                async move {
                    let words = words.await.ok().flatten();
                    refused
                        .then(|| {
                            let means = words.unwrap_or_else(|| "Choose it again to see why.".to_owned());
                            view! { <Notice title="That file was not taken" means/> }
                        })
                }
            })}
        </Transition>
    }
}

#[component]
fn ImportTable(imports: Vec<Import>) -> impl IntoView {
    let columns = vec![
        Column::text("File"),
        Column::number("Size", ""),
        Column::text("Uploaded"),
        Column::text("State"),
    ];
    view! {
        <Card title="Earlier imports" flush=true>
            <Table caption="Imports" columns>
                {imports
                    .into_iter()
                    .map(|import| {
                        let (tone, words) = state_words(&import.state);
                        view! {
                            <tr>
                                <td data-label="File">
                                    <a href=format!("/imports/{}", import.id)>{import.file_name}</a>
                                </td>
                                <td class="num" data-label="Size">
                                    {ui::number_text(Some(import.bytes as f64), "B")}
                                </td>
                                <td data-label="Uploaded"><When at=import.created_at.0/></td>
                                <td data-label="State"><Badge tone label=words/></td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </Table>
        </Card>
    }
}

fn state_words(state: &ImportState) -> (Tone, String) {
    match state {
        ImportState::Draft => (Tone::Accent, "waits for you".into()),
        ImportState::Running { rows, .. } => (
            Tone::Accent,
            format!("running, {} rows", api::grouped(*rows)),
        ),
        ImportState::Done { result } => (
            Tone::Good,
            format!("{} samples", api::grouped(result.samples)),
        ),
        ImportState::Failed { .. } => (Tone::Alert, "failed".into()),
        ImportState::Cancelled => (Tone::Neutral, "cancelled".into()),
    }
}

/// The page of one import: preview, progress, result.
#[component]
pub fn ImportDetail() -> impl IntoView {
    let stream = live::live();
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let correct = ServerAction::<Correct>::new();
    let start = ServerAction::<Start>::new();
    let cancel = ServerAction::<Cancel>::new();
    let import = wire::load(
        move || {
            let versions = (
                correct.version().get(),
                start.version().get(),
                cancel.version().get(),
            );
            (id.get(), versions, stream.version(Topic::Imports))
        },
        |(id, ..)| load_import(id),
    );
    view! {
        <FormProblem answer=correct.value()/>
        <FormProblem answer=start.value()/>
        <Transition fallback=|| view! { <Card><Skeleton lines=8/></Card> }>
            {awaited(move || async move {
                match import.await {
                    Ok(import) => view! { <Stage import correct start cancel/> }.into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Stage(
    import: Import,
    correct: ServerAction<Correct>,
    start: ServerAction<Start>,
    cancel: ServerAction<Cancel>,
) -> impl IntoView {
    let size = ui::number_text(Some(import.bytes as f64), "B");
    let id = import.id.0.clone();
    let name = import.file_name.clone();
    let stop = move |words: &'static str| {
        let id = id.clone();
        view! {
            <ActionForm action=cancel>
                <input type="hidden" name="id" value=id/>
                <Button busy=cancel.pending()>{words}</Button>
            </ActionForm>
        }
    };
    view! {
        <Title text=name.clone()/>
        <PageHead title=name lede=size/>
        {match import.state.clone() {
            ImportState::Draft => view! { <Draft import correct start/> {stop("Forget this file")} }.into_any(),
            ImportState::Running { rows, bytes } => {
                let share = (import.bytes > 0).then(|| bytes as f64 / import.bytes as f64);
                view! {
                    <Card title="Importing">
                        <Progress
                            label="Reading and checking. Nothing is visible until all of it is in."
                            done=Signal::stored(share)
                            detail=format!("{} rows", api::grouped(rows))
                        />
                        {stop("Cancel")}
                    </Card>
                }
                    .into_any()
            }
            ImportState::Done { result } => view! { <Finished result/> }.into_any(),
            ImportState::Failed { message } => {
                view! {
                    <Notice title="Nothing was imported" means=message>
                        <ButtonLink href="/imports">"Try another file"</ButtonLink>
                    </Notice>
                }
                    .into_any()
            }
            ImportState::Cancelled => {
                view! {
                    <Notice tone=Tone::Neutral title="Cancelled" means="Nothing was imported.">
                        <ButtonLink href="/imports">"Try another file"</ButtonLink>
                    </Notice>
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn Finished(result: ImportResult) -> impl IntoView {
    let mut words = format!(
        "{} rows became {} samples in {} series.",
        api::grouped(result.rows),
        api::grouped(result.samples),
        api::grouped(result.series)
    );
    for (count, what) in result.lost() {
        words = format!("{words} {} {what}.", api::grouped(count));
    }
    view! {
        <Notice tone=Tone::Good title="Imported" means=words>
            <ButtonLink href=format!("/series?source={}", result.source_id) kind=ButtonKind::Primary>
                "See its series"
            </ButtonLink>
        </Notice>
        {(result.bad_rows > 0).then(|| view! { <BadRows total=result.bad_rows bad=result.bad/> })}
    }
}

#[component]
fn BadRows(total: u64, bad: Vec<BadCell>) -> impl IntoView {
    let shown = bad.len();
    view! {
        <Card title=format!("{} rows could not be read", api::grouped(total)) note=format!("the first {shown}") flush=true>
            <Table caption="Rows that could not be read" columns=vec![Column::number("Line", ""), Column::text("Why")]>
                {bad
                    .into_iter()
                    .map(|cell| {
                        view! {
                            <tr>
                                <td class="num" data-label="Line">{api::grouped(cell.line)}</td>
                                <td data-label="Why">{cell.reason}</td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </Table>
        </Card>
    }
}
