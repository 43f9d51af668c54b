//! One stock: what to order of it, the working, how it is bought, and what was ordered.

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use ui::{
    Button, ButtonKind, ButtonLink, Card, Column, Field, Glyph, Input, Notice, PageHead, Select,
    SelectOption, Skeleton, Table, Tone,
};

use crate::awaited::awaited;
use crate::live;
use crate::problem::{FormProblem, Problem, of_field, tell};
use crate::rpc;
use crate::told::reorder::{Detail, Standing, Terms, Typed};
use crate::wire;

/// One stock with what to order of it.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_reorder(id: String) -> rpc::Answer<Detail> {
    let (services, caller) = rpc::ctx()?;
    let id = api::SeriesId(id);
    let detail = services.reorders.get(&caller, &id).await?;
    let me = services.accounts.me(&caller).await?;
    let may = me.role.permissions();
    let may_write = may.contains(&api::Permission::MonitoringWrite);
    Ok(crate::told::reorder::detail(detail, may_write))
}

/// Says how a stock is bought.
#[server(output = Postcard)]
pub async fn save_terms(id: String, terms: Typed) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let terms = crate::told::reorder::read(terms)?;
    let id = api::SeriesId(id);
    Ok(services.reorders.set_terms(&caller, &id, terms).await?)
}

/// Forgets how a stock is bought.
#[server(output = Postcard)]
pub async fn forget_terms(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let id = api::SeriesId(id);
    Ok(services.reorders.remove_terms(&caller, &id).await?)
}

/// Notes that something was ordered.
#[server(output = Postcard)]
pub async fn note_order(id: String, quantity: String, due: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let note = crate::told::reorder::noted(&quantity, &due)?;
    let id = api::SeriesId(id);
    Ok(services.reorders.note_order(&caller, &id, note).await?)
}

/// Forgets what was ordered.
#[server(output = Postcard)]
pub async fn forget_order(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let id = api::SeriesId(id);
    Ok(services.reorders.forget_order(&caller, &id).await?)
}

/// What a page's forms do.
#[derive(Clone, Copy)]
struct Actions {
    save: ServerAction<SaveTerms>,
    forget: ServerAction<ForgetTerms>,
    order: ServerAction<NoteOrder>,
    gone: ServerAction<ForgetOrder>,
}

/// The page of one stock.
#[component]
pub fn ReorderPage() -> impl IntoView {
    let stream = live::live();
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let actions = Actions {
        save: ServerAction::new(),
        forget: ServerAction::new(),
        order: ServerAction::new(),
        gone: ServerAction::new(),
    };
    let detail = wire::load(
        move || {
            let changed = (
                actions.save.version().get(),
                actions.forget.version().get(),
                actions.order.version().get(),
                actions.gone.version().get(),
                stream.version(Topic::Forecasts),
            );
            (id.get(), changed)
        },
        |(id, _)| load_reorder(id),
    );
    tell(actions.save.value(), "Saved");
    tell(actions.order.value(), "Noted: it counts as on its way");
    tell(actions.gone.value(), "Forgotten: nothing is on its way");
    tell_of_removal(actions, detail);
    view! {
        <Transition fallback=|| view! { <Card><Skeleton block=true/></Card> }>
            {awaited(move || async move {
                match detail.await {
                    Ok(detail) => body(detail, actions).into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Says that terms were forgotten, and offers those of before.
fn tell_of_removal(actions: Actions, detail: wire::Loaded<Detail>) {
    let toasts = ui::use_toasts();
    Effect::new(move || {
        if !matches!(actions.forget.value().get(), Some(Ok(()))) {
            return;
        }
        // The answer arrives before the page's new data: what it shows still is what was.
        let shown = detail.get_untracked().and_then(Result::ok);
        let Some(shown) = shown.filter(|shown| shown.terms.known) else {
            return;
        };
        let before = SaveTerms {
            id: shown.id,
            terms: shown.terms.typed,
        };
        let undo = Callback::new(move |()| {
            actions.save.dispatch(before.clone());
        });
        toasts.undoable("Forgotten how it is bought", undo);
    });
}

fn body(detail: Detail, actions: Actions) -> impl IntoView {
    let Detail {
        id,
        title,
        headline,
        standing,
        notes,
        working,
        terms,
        ordered,
        order,
        may_write,
    } = detail;
    let tone = match standing {
        Standing::Late => Tone::Alert,
        Standing::Soon => Tone::Warning,
        Standing::Later => Tone::Good,
        Standing::Unknown => Tone::Neutral,
    };
    let series = format!("/series/{id}");
    let known = terms.known;
    let means = notes.join(" ");
    view! {
        <Title text=title.clone()/>
        <PageHead
            title=title
            lede="What to order, and how that was reckoned. Days are those of UTC."
            actions=move || {
                view! {
                    <ButtonLink href=series.clone() icon=Glyph::Chart>"Chart and forecast"</ButtonLink>
                    <ButtonLink href="/reorders">"All stocks"</ButtonLink>
                }
            }
        />
        <FormProblem answer=actions.save.value()/>
        <FormProblem answer=actions.order.value()/>
        <FormProblem answer=actions.gone.value()/>
        <FormProblem answer=actions.forget.value()/>
        <Notice tone title=headline means/>
        {reckoned(working)}
        {(known && (may_write || !ordered.is_empty())).then(|| order_card(&id, ordered, order, may_write, actions))}
        {may_write.then(|| terms_card(&id, terms, actions))}
    }
}

fn reckoned(working: Vec<(String, String, bool)>) -> impl IntoView {
    (!working.is_empty()).then(|| {
        let columns = vec![Column::text("What"), Column::number("How much", "")];
        let rows = working.into_iter().map(|(what, much, result)| {
            let much = if result {
                view! { <strong>{much}</strong> }.into_any()
            } else {
                much.into_any()
            };
            view! {
                <tr>
                    <td data-label="What">{what}</td>
                    <td class="num" data-label="How much">{much}</td>
                </tr>
            }
        });
        view! {
            <Card title="The working" flush=true>
                <Table caption="How the quantity was reckoned" columns>{rows.collect_view()}</Table>
            </Card>
        }
    })
}

fn order_card(
    id: &str,
    ordered: String,
    (quantity, due): (String, String),
    may_write: bool,
    actions: Actions,
) -> impl IntoView + use<> {
    let Actions { order, gone, .. } = actions;
    let (id, own) = (id.to_owned(), id.to_owned());
    let is_open = !ordered.is_empty();
    let words = if is_open {
        ordered
    } else {
        "Nothing is noted. Once you have ordered, say so: it counts until the stock has risen by as much."
            .to_owned()
    };
    let called_off = is_open.then(|| {
        view! {
            <ActionForm action=gone>
                <input type="hidden" name="id" value=own/>
                <Button kind=ButtonKind::Quiet busy=gone.pending()>"Nothing is on its way any more"</Button>
            </ActionForm>
        }
    });
    let forms = may_write.then(|| {
        let note = if is_open { "Note another in its place" } else { "I have ordered it" };
        view! {
            <ActionForm action=order attr:class="row-form">
                <input type="hidden" name="id" value=id/>
                <Field id="order-quantity" label="Ordered" error=of_field(order.value(), "quantity")>
                    <Input name="quantity" value=quantity attr:inputmode="decimal"/>
                </Field>
                <Field id="order-due" label="Expected on" error=of_field(order.value(), "due")>
                    <Input name="due" r#type="date" value=due/>
                </Field>
                <Button kind=if is_open { ButtonKind::Quiet } else { ButtonKind::Primary } busy=order.pending()>{note}</Button>
            </ActionForm>
            {called_off}
        }
    });
    view! {
        <Card title="What was ordered">
            <p>{words}</p>
            {forms}
        </Card>
    }
}

fn terms_card(id: &str, terms: Terms, actions: Actions) -> impl IntoView + use<> {
    let (id, own) = (id.to_owned(), id.to_owned());
    let Actions { save, forget, .. } = actions;
    let error = move |field| of_field(save.value(), field);
    let Terms {
        known,
        typed,
        demands: series,
        unit,
    } = terms;
    let mut demands = vec![SelectOption::new("", "How this stock itself falls")];
    demands.extend(
        series
            .into_iter()
            .map(|(id, title)| SelectOption::new(id, title)),
    );
    let removal = known.then(|| {
        view! {
            <ActionForm action=forget>
                <input type="hidden" name="id" value=own/>
                <Button kind=ButtonKind::Danger small=true>"Forget how it is bought"</Button>
            </ActionForm>
        }
    });
    let least_unit = unit.clone();
    view! {
        <Card title="How it is bought or made">
            <div class="stack">
                <ActionForm action=save attr:class="stack">
                    <input type="hidden" name="id" value=id/>
                    <div class="row-form">
                        <Field id="lead" label="Lead time" hint="From the order to the shelf, usually." error=error("lead_days")>
                            <Input name="terms[lead_days]" value=typed.lead_days required=true suffix="days" attr:inputmode="numeric"/>
                        </Field>
                        <Field id="late" label="At times late by" hint="In one delivery of twenty." error=error("late_days")>
                            <Input name="terms[late_days]" value=typed.late_days suffix="days" attr:inputmode="numeric"/>
                        </Field>
                        <Field id="cover" label="An order is to last" hint="From its delivery on." error=error("cover_days")>
                            <Input name="terms[cover_days]" value=typed.cover_days required=true suffix="days" attr:inputmode="numeric"/>
                        </Field>
                        <Field id="service" label="Lasts until the delivery with" hint="More needs a larger safety stock." error=error("service_percent")>
                            <Input name="terms[service_percent]" value=typed.service_percent required=true suffix="%" attr:inputmode="decimal"/>
                        </Field>
                    </div>
                    <div class="row-form">
                        <Field id="demand" label="What is taken is said by" error=error("demand")>
                            <Select name="terms[demand]" options=demands value=typed.demand/>
                        </Field>
                        <Field id="pack" label="In packs of" error=error("pack")>
                            <Input name="terms[pack]" value=typed.pack suffix=unit attr:inputmode="decimal"/>
                        </Field>
                        <Field id="least" label="Not less than" error=error("least")>
                            <Input name="terms[least]" value=typed.least suffix=least_unit attr:inputmode="decimal"/>
                        </Field>
                    </div>
                    <div class="row-form">
                        <Field id="supplier" label="Supplier" optional=true error=error("supplier")>
                            <Input name="terms[supplier]" value=typed.supplier attr:maxlength="100"/>
                        </Field>
                        <Field id="item" label="Their name for it" optional=true error=error("item")>
                            <Input name="terms[item]" value=typed.item attr:maxlength="100"/>
                        </Field>
                        <Field id="price" label="Price of one" optional=true error=error("price")>
                            <Input name="terms[price]" value=typed.price attr:inputmode="decimal"/>
                        </Field>
                        <Field id="currency" label="Currency" error=error("currency")>
                            <Input name="terms[currency]" value=typed.currency attr:maxlength="3"/>
                        </Field>
                    </div>
                    <Button kind=ButtonKind::Primary busy=save.pending()>"Save"</Button>
                </ActionForm>
                {removal}
            </div>
        </Card>
    }
}
