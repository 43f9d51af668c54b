//! The forms of a series: its limit, its name and unit.

use api::{Aggregation, Direction, Series};
use leptos::prelude::*;
use leptos::server_fn::codec::Postcard;
use ui::{Button, ButtonKind, Card, Field, Input, Select, SelectOption};

use crate::problem::{FormProblem, of_field};
use crate::rpc;

/// Sets a limit, or removes it where the value is empty.
#[server(output = Postcard)]
pub async fn set_limit(id: String, value: String, direction: Direction) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let change = api::LimitChange {
        limit: api::Limit::read(&value, direction)?,
    };
    Ok(services
        .series
        .set_limit(&caller, &api::SeriesId(id), change)
        .await?)
}

/// Changes what a series is called and counts.
#[server(output = Postcard)]
pub async fn change_series(
    id: String,
    title: String,
    unit: String,
    aggregation: String,
) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let aggregation = match aggregation.as_str() {
        "sum" => Aggregation::Sum,
        "events" => Aggregation::Events,
        "mean" => Aggregation::Mean,
        _ => Aggregation::Last,
    };
    let change = api::SeriesChange {
        title,
        unit,
        aggregation,
    };
    Ok(services
        .series
        .change(&caller, &api::SeriesId(id), change)
        .await?)
}

/// What sets the limit that a series has now.
pub fn unset(series: Series) -> SetLimit {
    SetLimit {
        id: series.id.0,
        value: series
            .limit
            .map_or_else(String::new, |l| l.value.to_string()),
        direction: series.limit.map_or(Direction::Rising, |l| l.direction),
    }
}

/// The limit's form.
#[component]
pub fn LimitForm(series: Series, action: ServerAction<SetLimit>) -> impl IntoView {
    let directions = vec![
        SelectOption::new("rising", "breaks at or above"),
        SelectOption::new("falling", "runs out at or below"),
    ];
    let chosen = match series.limit.map(|l| l.direction) {
        Some(Direction::Falling) => "falling",
        _ => "rising",
    };
    let value = series
        .limit
        .map(|l| l.value.to_string())
        .unwrap_or_default();
    let error = of_field(action.value(), "value");
    view! {
        <Card title="Limit">
            <ActionForm action=action attr:class="row-form">
                <input type="hidden" name="id" value=series.id.0.clone()/>
                <Field id="direction" label="It">
                    <Select name="direction" options=directions value=chosen/>
                </Field>
                <Field id="value" label="Value" hint="Empty: no limit, nothing is watched." error=error>
                    <Input name="value" value=value suffix=series.unit.word() attr:inputmode="decimal"/>
                </Field>
                <Button kind=ButtonKind::Primary busy=action.pending()>"Save"</Button>
            </ActionForm>
        </Card>
    }
}

/// The form for name and unit, folded away.
#[component]
pub fn NameForm(series: Series, action: ServerAction<ChangeSeries>) -> impl IntoView {
    let ways = vec![
        SelectOption::new("last", "a level: the last value counts"),
        SelectOption::new("mean", "a level that jitters: the mean counts"),
        SelectOption::new("sum", "a flow: values add up"),
        SelectOption::new(
            "events",
            "a flow, noted when something happens: no value is none",
        ),
    ];
    let way = match series.aggregation {
        Aggregation::Last => "last",
        Aggregation::Mean => "mean",
        Aggregation::Sum => "sum",
        Aggregation::Events => "events",
    };
    view! {
        <Card title="Name and unit">
            <FormProblem answer=action.value()/>
            <ActionForm action=action attr:class="row-form">
                <input type="hidden" name="id" value=series.id.0.clone()/>
                <Field id="title" label="Name">
                    <Input name="title" value=series.title.clone() required=true/>
                </Field>
                <Field id="unit" label="Unit" hint="%, B, EUR, units …" optional=true>
                    <Input name="unit" value=series.unit.word()/>
                </Field>
                <Field id="aggregation" label="Several values in one step are">
                    <Select name="aggregation" options=ways value=way/>
                </Field>
                <Button busy=action.pending()>"Save"</Button>
            </ActionForm>
        </Card>
    }
}
