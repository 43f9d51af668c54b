//! The page on which a watched expression is added and changed.

use api::{Direction, Domain, Error, RecordingRule};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use ui::{
    Button, ButtonKind, ButtonLink, Card, Field, Input, PageHead, Select, SelectOption, Skeleton,
    Textarea,
};

use super::{SaveRecording, list_recordings};
use crate::awaited::awaited;
use crate::frame::SessionContext;
use crate::problem::{FormProblem, Problem, may_only_look, of_field};
use crate::rpc::Failure;
use crate::wire;

/// What stands in the form at first.
struct Filled {
    id: String,
    name: String,
    expression: String,
    every: String,
    unit: String,
    value: String,
    direction: &'static str,
    domain: &'static str,
}

impl Filled {
    /// The rule as it is kept, or what the address says.
    fn read(kept: Option<RecordingRule>, query: &ParamsMap) -> Self {
        let said = |name| query.get(name).unwrap_or_default();
        let Some(rule) = kept else {
            return Self {
                id: String::new(),
                name: said("name"),
                expression: said("q"),
                every: api::RECORD_EVERY_SECONDS.to_string(),
                unit: said("unit"),
                value: said("value"),
                direction: word(said("direction") == "falling"),
                domain: "machine",
            };
        };
        let limit = rule.limit;
        Self {
            id: rule.id.0,
            name: rule.name,
            expression: rule.expression,
            every: rule.every_seconds.to_string(),
            unit: rule.unit.word().to_owned(),
            value: limit.map_or_else(String::new, |limit| limit.value.to_string()),
            direction: word(limit.is_some_and(|limit| limit.direction == Direction::Falling)),
            domain: match rule.domain {
                Domain::Machine => "machine",
                Domain::Business => "business",
            },
        }
    }
}

const fn word(falls: bool) -> &'static str {
    if falls { "falling" } else { "rising" }
}

/// Adds a rule, or changes the one that the address names.
#[component]
pub fn RecordingPage() -> impl IntoView {
    let query = use_query_map();
    let found = wire::load(|| (), |()| list_recordings());
    let SessionContext(session) = expect_context();
    view! {
        <Title text="Watch an expression"/>
        <PageHead
            title="Watch an expression"
            lede="Millrace evaluates it at an interval and keeps what it gives as series: with forecasts, findings and limits, on the Runway. The past 30 days are evaluated as well."
            actions=|| view! { <ButtonLink href="/explore">"Back to the explorer"</ButtonLink> }
        />
        <Transition fallback=|| view! { <Card><Skeleton lines=8/></Card> }>
            {awaited(move || async move {
                let may_write = session.await.is_ok_and(|s| s.may_write);
                let query = query.get();
                let id = query.get("id").unwrap_or_default();
                match found.await {
                    Ok(_) if !may_write => {
                        view! { <Problem failure=may_only_look()/> }.into_any()
                    }
                    Ok((rules, _)) => {
                        let kept = rules.into_iter().find(|rule| rule.id.0 == id);
                        if kept.is_none() && !id.is_empty() {
                            view! { <Problem failure=Failure(Error::not_found("recording rule"))/> }.into_any()
                        } else {
                            view! { <RuleForm filled=Filled::read(kept, &query)/> }.into_any()
                        }
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn RuleForm(filled: Filled) -> impl IntoView {
    let save = ServerAction::<SaveRecording>::new();
    let error = move |field| of_field(save.value(), field);
    let is_new = filled.id.is_empty();
    let directions = vec![
        SelectOption::new("rising", "breaks at or above"),
        SelectOption::new("falling", "runs out at or below"),
    ];
    let domains = vec![
        SelectOption::new("machine", "machines"),
        SelectOption::new("business", "business"),
    ];
    view! {
        <FormProblem answer=save.value()/>
        <Card>
            <ActionForm action=save attr:class="stack">
                <input type="hidden" name="id" value=filled.id/>
                <Field id="rule-name" label="Name" hint="Its series are called so, with the labels that tell them apart." error=error("name")>
                    <Input name="name" value=filled.name required=true/>
                </Field>
                <Field id="rule-expression" label="Expression" hint="PromQL that gives up to 100 series." error=error("expression")>
                    <Textarea name="expression" value=filled.expression rows=3/>
                </Field>
                <div class="row-form">
                    <Field id="rule-every" label="Every" hint="10 to 86400 s." error=error("every")>
                        <Input name="every" r#type="number" value=filled.every suffix="s" attr:min="10" attr:max="86400"/>
                    </Field>
                    <Field id="rule-unit" label="Unit" optional=true hint="%, B, EUR, days …">
                        <Input name="unit" value=filled.unit/>
                    </Field>
                    <Field id="rule-domain" label="About">
                        <Select name="domain" options=domains value=filled.domain/>
                    </Field>
                </div>
                <div class="row-form">
                    <Field id="rule-direction" label="It">
                        <Select name="direction" options=directions value=filled.direction/>
                    </Field>
                    <Field id="rule-value" label="Limit" optional=true hint="Each series gets it; you can change it there." error=error("value")>
                        <Input name="value" value=filled.value attr:inputmode="decimal"/>
                    </Field>
                </div>
                <div class="row-form">
                    <Button kind=ButtonKind::Primary busy=save.pending() attr:name="intent" attr:value="save">
                        {if is_new { "Watch it" } else { "Save" }}
                    </Button>
                </div>
            </ActionForm>
        </Card>
    }
}
