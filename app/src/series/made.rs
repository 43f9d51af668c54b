//! How a series' forecast is made: the models, their errors and weights, the naive forecast they beat
//! or do not, and the versions with what can be done with them. Words come from [`crate::told`].

use leptos::prelude::*;
use leptos::server_fn::codec::Postcard;
use ui::{Button, Card, Column, Table, When};

use crate::rpc;
use crate::told::model::{Made, Version};

/// Puts a version of a series' model in force; 0 takes the one in force back.
#[server(output = Postcard)]
pub async fn change_model(id: String, number: u32) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let (id, models) = (api::SeriesId(id), services.models);
    if number > 0 {
        models.promote(&caller, &id, number).await?;
    } else {
        models.roll_back(&caller, &id).await?;
    }
    Ok(())
}

/// The card.
pub fn made_view(made: Option<Made>, series: &str, action: ServerAction<ChangeModel>) -> AnyView {
    let Some(made) = made else {
        return ().into_any();
    };
    let columns = vec![
        Column::text("Model"),
        Column::number("Weight", "%"),
        Column::number("Error", "MASE"),
        Column::text("Note"),
    ];
    let rows = made.rows.into_iter().map(|[name, weight, error, note]| {
        view! {
            <tr>
                <td data-label="Model">{name}</td>
                <td class="num" data-label="Weight">{weight}</td>
                <td class="num" data-label="Error">{error}</td>
                <td data-label="Note">{(!note.is_empty()).then_some(note)}</td>
            </tr>
        }
    });
    let notes = made.notes.into_iter();
    let notes = notes.map(|note| view! { <p class="quiet">{note}</p> });
    let versions = made.versions.into_iter();
    let versions = versions
        .map(|one| version(one, series, action))
        .collect_view();
    view! {
        <Card title="How this forecast is made" flush=true>
            <p class="card-text">{made.verdict}</p>
            <Table caption="Back-test: mean absolute scaled error, less is better" columns>
                {rows.collect_view()}
            </Table>
            {known_view(made.known)}
            <div class="card-text">{notes.collect_view()}</div>
            <div class="card-text"><ul class="findings">{versions}</ul></div>
        </Card>
    }
    .into_any()
}

/// The days that it knew beforehand.
fn known_view(known: Vec<String>) -> impl IntoView {
    (!known.is_empty()).then(|| {
        let known = known.into_iter();
        view! {
            <div class="card-text">
                <p>"Known beforehand, from the "<a href="/calendar">"calendar"</a>":"</p>
                <ul class="known">{known.map(|one| view! { <li>{one}</li> }).collect_view()}</ul>
            </div>
        }
    })
}

fn version(one: Version, series: &str, action: ServerAction<ChangeModel>) -> impl IntoView + use<> {
    let id = series.to_owned();
    let form = one.press.map(|(number, label)| {
        view! {
            <ActionForm action=action attr:class="row-form">
                <input type="hidden" name="id" value=id/>
                <input type="hidden" name="number" value=number.to_string()/>
                <Button small=true busy=action.pending()>{label}</Button>
            </ActionForm>
        }
    });
    view! {
        <li class="finding">
            <div class="finding-words">
                <strong>{one.name}</strong> ", " <When at=one.at/>
                <p>{one.words}</p>
            </div>
            <div class="finding-forms">{form}</div>
        </li>
    }
}
