//! The models of all series on one page: what is in force, and how it does.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Column, Empty, Glyph, Input, PageHead, Segment,
    Segmented, Skeleton, Table, Tone, When,
};

use crate::awaited::awaited;
use crate::live;
use crate::problem::Problem;
use crate::range::escape;
use crate::rpc;
use crate::told::model::{Line, Lines};
use crate::wire;

/// Models in force.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_models(
    show: String,
    sort: String,
    text: String,
    after: String,
) -> rpc::Answer<Lines> {
    let (services, caller) = rpc::ctx()?;
    let filter = api::ModelFilter {
        choice: crate::told::model::choice(&show),
        order: crate::told::model::order(&sort),
        text,
        after,
    };
    let page = services.models.list(&caller, filter).await?;
    Ok(crate::told::model::lines(&page))
}

/// What may be shown: the word in the address, and what it is called.
const SHOWN: [(&str, &str); 4] = [
    ("", "All"),
    ("behind", "Behind the naive"),
    ("drifted", "Drifted"),
    ("held", "Held"),
];

/// The page of models.
#[component]
pub fn ModelsPage() -> impl IntoView {
    let stream = live::live();
    let query = use_query_map();
    let word = |name: &'static str| Memo::new(move |_| query.read().get(name).unwrap_or_default());
    let (show, sort, text, after) = (word("show"), word("sort"), word("q"), word("after"));
    let models = wire::load(
        move || {
            let asked = (show.get(), sort.get(), text.get(), after.get());
            (asked, stream.version(Topic::Forecasts))
        },
        |((show, sort, text, after), _)| list_models(show, sort, text, after),
    );
    view! {
        <Title text="Models"/>
        <PageHead
            title="Models"
            lede="What each forecast is made with, and how that does against the naive forecast."
            actions=|| view! { <ButtonLink href="/calendar" icon=Glyph::Calendar>"Calendar"</ButtonLink> }
        />
        <Form method="GET" action="/models" attr:class="search-form" attr:role="search">
            <input type="hidden" name="show" value=move || show.get()/>
            <input type="hidden" name="sort" value=move || sort.get()/>
            <Input
                name="q"
                r#type="search"
                value=text.get_untracked()
                placeholder="disk  host=db-1"
                label="Words of the name, or label=value"
            />
            <Button kind=ButtonKind::Secondary icon=Glyph::Search>"Find"</Button>
        </Form>
        {move || choices(&show.get(), &sort.get(), &text.get())}
        <Transition fallback=|| view! { <Card><Skeleton lines=10/></Card> }>
            {awaited(move || async move {
                let asked = [show, sort, text].map(|word| word.get_untracked());
                match models.await {
                    Ok(lines) => body(lines, &asked).into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn address(show: &str, sort: &str, text: &str, after: &str) -> String {
    let text = escape(text);
    format!("/models?show={show}&sort={sort}&q={text}&after={after}")
}

fn choices(show: &str, sort: &str, text: &str) -> impl IntoView + use<> {
    let segments =
        SHOWN.map(|(word, label)| Segment::new(label, address(word, sort, text, ""), word == show));
    view! { <Segmented label="Which models" segments=segments.to_vec()/> }
}

fn body(page: Lines, [show, sort, text]: &[String; 3]) -> impl IntoView + use<> {
    if page.lines.is_empty() {
        let (title, words) = if page.any {
            (
                "No model fits that",
                "Show all of them, or search for other words.",
            )
        } else {
            (
                "No models yet",
                "A series has one as soon as it has two dozen points of history.",
            )
        };
        return view! {
            <Empty title text=words icon=Glyph::Chart>
                <ButtonLink href="/models">"Show all"</ButtonLink>
            </Empty>
        }
        .into_any();
    }
    let by = |word: &str, up: bool| {
        let sorted = word == sort;
        (address(show, word, text, ""), sorted.then_some(up))
    };
    let sorted = |column: Column, (href, up): (String, Option<bool>)| column.sortable(href, up);
    let columns = vec![
        Column::text("Series"),
        Column::number("Version", ""),
        sorted(Column::text("Fitted"), by("age", true)),
        Column::text("Data"),
        sorted(Column::text("Against the naive"), by("", false)),
        sorted(Column::text("Errors since"), by("drift", false)),
        Column::text("State"),
    ];
    let later = (!page.next.is_empty()).then(|| address(show, sort, text, &page.next));
    view! {
        <p class="quiet">{page.summary}</p>
        <Card flush=true>
            <Table caption="Models" columns>{page.lines.into_iter().map(row).collect_view()}</Table>
        </Card>
        <nav class="pager" aria-label="Pages">
            {later.map(|href| view! { <ButtonLink href>"Next"</ButtonLink> })}
        </nav>
    }
    .into_any()
}

fn row(line: Line) -> impl IntoView {
    let [version, data, against, since] = line.cells;
    let state = line.state.into_iter().map(|(label, warns)| {
        let tone = if warns { Tone::Warning } else { Tone::Neutral };
        view! { <Badge tone label/> " " }
    });
    view! {
        <tr>
            <td data-label="Series"><a href=line.href>{line.title}</a></td>
            <td class="num" data-label="Version">{version}</td>
            <td data-label="Fitted"><When at=line.at/></td>
            <td data-label="Data">{data}</td>
            <td data-label="Against the naive">{against}</td>
            <td data-label="Errors since">{since}</td>
            <td data-label="State">{state.collect_view()}</td>
        </tr>
    }
}
