//! The forms of cash: a payment, many at once, and how it is foreseen.

use leptos::prelude::*;
use leptos::server_fn::codec::Postcard;
use ui::{Button, ButtonKind, Card, Field, Input, Select, SelectOption, Textarea};

use super::Actions;
use crate::problem::of_field;
use crate::rpc;
use crate::told::cash::{Pay, Typed};

/// Says how cash is foreseen.
#[server(output = Postcard)]
pub async fn save_cash(terms: Typed) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let terms = crate::told::cash::terms(terms)?;
    Ok(services.cash.set_terms(&caller, terms).await?)
}

/// Forgets how cash is foreseen.
#[server(output = Postcard)]
pub async fn forget_cash() -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.cash.remove_terms(&caller).await?)
}

/// Notes a payment.
#[server(output = Postcard)]
pub async fn add_payment(pay: Pay) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let payment = crate::told::cash::payment(pay)?;
    services.cash.add_item(&caller, payment).await?;
    Ok(())
}

/// Takes a payment away; answers which one.
#[server(output = Postcard)]
pub async fn remove_payment(id: String) -> rpc::Answer<String> {
    let (services, caller) = rpc::ctx()?;
    let item = api::CashItemId(id);
    services.cash.remove_item(&caller, &item).await?;
    Ok(item.0)
}

/// Puts what was pasted in the place of all payments that go its way; answers which.
#[server(output = Postcard)]
pub async fn paste_payments(side: String, currency: String, text: String) -> rpc::Answer<String> {
    let (services, caller) = rpc::ctx()?;
    let word = side;
    let (side, items) = crate::told::cash::pasted(&word, &currency, &text)?;
    services.cash.replace_items(&caller, side, items).await?;
    Ok(word)
}

fn sides() -> Vec<SelectOption> {
    vec![
        SelectOption::new("in", "We are paid"),
        SelectOption::new("out", "We pay"),
    ]
}

/// The forms of payments.
pub(super) fn pay_card(currency: String, actions: Actions) -> impl IntoView {
    let own = currency.clone();
    let Actions { add, paste, .. } = actions;
    let error = move |field| of_field(add.value(), field);
    view! {
        <Card title="Enter a payment">
            <div class="stack">
                <ActionForm action=add attr:class="row-form">
                    <input type="hidden" name="pay[currency]" value=currency.clone()/>
                    <Field id="pay-side" label="Which way">
                        <Select name="pay[side]" options=sides()/>
                    </Field>
                    <Field id="pay-name" label="Who and for what" error=error("name")>
                        <Input name="pay[name]" required=true attr:maxlength="200"/>
                    </Field>
                    <Field id="pay-amount" label="Amount" error=error("amount")>
                        <Input name="pay[amount]" required=true suffix=currency.clone() attr:inputmode="decimal"/>
                    </Field>
                    <Field id="pay-due" label="Due on" error=error("due")>
                        <Input name="pay[due]" r#type="date" required=true/>
                    </Field>
                    <Button kind=ButtonKind::Primary busy=add.pending()>"Enter"</Button>
                </ActionForm>
                <details>
                    <summary>"Paste many, from a spreadsheet"</summary>
                    <ActionForm action=paste attr:class="stack">
                        <input type="hidden" name="currency" value=own/>
                        <p class="quiet">
                            "A line each: name, amount and day, as copied from a spreadsheet or with semicolons between them. They take the place of all payments that go the same way."
                        </p>
                        <Field id="paste-side" label="Which way">
                            <Select name="side" options=sides()/>
                        </Field>
                        <Field id="paste-text" label="Payments" error=of_field(paste.value(), "text")>
                            <Textarea name="text" rows=6/>
                        </Field>
                        <Button busy=paste.pending()>"Take over"</Button>
                    </ActionForm>
                </details>
            </div>
        </Card>
    }
}

/// Choices with one for none before them.
fn with_none(words: &str, series: &[(String, String)]) -> Vec<SelectOption> {
    let none = SelectOption::new("", words.to_owned());
    let named = series
        .iter()
        .map(|(id, title)| SelectOption::new(id.clone(), title.clone()));
    std::iter::once(none).chain(named).collect()
}

/// The form of how cash is foreseen.
pub(super) fn terms_card(
    typed: Typed,
    accounts: &[(String, String)],
    flows: &[(String, String)],
    known: bool,
    actions: Actions,
) -> impl IntoView + use<> {
    let Actions { save, forget, .. } = actions;
    let error = move |field| of_field(save.value(), field);
    let removal = known.then(|| {
        view! {
            <ActionForm action=forget>
                <Button kind=ButtonKind::Danger small=true>"Forget how cash is foreseen"</Button>
            </ActionForm>
        }
    });
    let accounts = with_none("Choose one", accounts);
    let inflows = with_none("How the account itself changes", flows);
    let outflows = with_none("None of its own", flows);
    view! {
        <Card title="How it is foreseen">
            <div class="stack">
                <ActionForm action=save attr:class="stack">
                    <div class="row-form">
                        <Field id="account" label="Account" hint="A series of money: what is there." error=error("account")>
                            <Select name="terms[account]" options=accounts value=typed.account/>
                        </Field>
                        <Field id="inflow" label="What comes in" hint="Or what comes in less what goes out." error=error("inflow")>
                            <Select name="terms[inflow]" options=inflows value=typed.inflow/>
                        </Field>
                        <Field id="outflow" label="What goes out" hint="As numbers above zero." error=error("outflow")>
                            <Select name="terms[outflow]" options=outflows value=typed.outflow/>
                        </Field>
                    </div>
                    <div class="row-form">
                        <Field id="late" label="Customers pay late by" hint="Usually." error=error("late_days")>
                            <Input name="terms[late_days]" value=typed.late_days suffix="days" attr:inputmode="numeric"/>
                        </Field>
                        <Field id="in-days" label="Entered is all that comes in for" hint="0: it comes on top of what usually does." error=error("in_days")>
                            <Input name="terms[in_days]" value=typed.in_days suffix="days" attr:inputmode="numeric"/>
                        </Field>
                        <Field id="out-days" label="Entered is all that goes out for" hint="0: it goes on top of what usually does." error=error("out_days")>
                            <Input name="terms[out_days]" value=typed.out_days suffix="days" attr:inputmode="numeric"/>
                        </Field>
                    </div>
                    <Button kind=ButtonKind::Primary busy=save.pending()>"Save"</Button>
                </ActionForm>
                {removal}
            </div>
        </Card>
    }
}
