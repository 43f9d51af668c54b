//! The company's cash over the next thirteen weeks.

mod forms;

use api::Topic;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, ChartPoint, Column, Glyph, Notice, PageHead,
    Skeleton, StaticChart, Table, Tone,
};

use crate::awaited::awaited;
use crate::live;
use crate::problem::{FormProblem, Problem, tell};
use crate::rpc;
use crate::told::cash::{Line, Page, Pay, Payment, Week};
use crate::wire;
use forms::{AddPayment, ForgetCash, PastePayments, RemovePayment, SaveCash, pay_card, terms_card};

/// The page's data.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_cash() -> rpc::Answer<Page> {
    let (services, caller) = rpc::ctx()?;
    let view = services.cash.view(&caller).await?;
    let me = services.accounts.me(&caller).await?;
    Ok(crate::told::cash::page(view, &me.role.permissions()))
}

/// What the page's forms do.
#[derive(Clone, Copy)]
struct Actions {
    save: ServerAction<SaveCash>,
    forget: ServerAction<ForgetCash>,
    add: ServerAction<AddPayment>,
    remove: ServerAction<RemovePayment>,
    paste: ServerAction<PastePayments>,
}

/// The page of cash.
#[component]
pub fn CashPage() -> impl IntoView {
    let stream = live::live();
    let actions = Actions {
        save: ServerAction::new(),
        forget: ServerAction::new(),
        add: ServerAction::new(),
        remove: ServerAction::new(),
        paste: ServerAction::new(),
    };
    let page = wire::load(
        move || {
            let changed = (
                actions.save.version().get(),
                actions.forget.version().get(),
                actions.add.version().get(),
                actions.remove.version().get(),
                actions.paste.version().get(),
            );
            let told = (
                stream.version(Topic::Forecasts),
                stream.version(Topic::Demo),
            );
            (changed, told)
        },
        |_| load_cash(),
    );
    tell(actions.save.value(), "Saved");
    tell(actions.add.value(), "Noted");
    tell_of_removal(actions, page);
    view! {
        <Title text="Cash"/>
        <PageHead
            title="Cash"
            lede="What is on the account over the next thirteen weeks: what is known to be paid, and what usually comes and goes. Days are those of UTC."
        />
        <Transition fallback=|| view! { <Card><Skeleton block=true/></Card> }>
            {awaited(move || async move {
                match page.await {
                    Ok(page) => body(page, actions).into_any(),
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Says that payments were taken away or replaced, or the account forgotten, and offers what was before.
fn tell_of_removal(actions: Actions, page: wire::Loaded<Page>) {
    let toasts = ui::use_toasts();
    // The answer arrives before the page's new data: what it shows still is what was.
    let shown = move || page.get_untracked().and_then(Result::ok);
    Effect::new(move || {
        let Some(Ok(id)) = actions.remove.value().get() else {
            return;
        };
        let payments = shown().map(|page| page.payments).unwrap_or_default();
        let Some(gone) = payments.into_iter().find(|one| one.id == id) else {
            return;
        };
        let undo = Callback::new(move |()| {
            let pay = gone.typed.clone();
            actions.add.dispatch(AddPayment { pay });
        });
        toasts.undoable("Taken away", undo);
    });
    Effect::new(move || {
        let Some(Ok(side)) = actions.paste.value().get() else {
            return;
        };
        let before = shown().map(|page| page.payments).unwrap_or_default();
        let before = before.into_iter().map(|one| one.typed);
        let before: Vec<_> = before.filter(|pay| pay.side == side).collect();
        let Some(currency) = before.first().map(|pay| pay.currency.clone()) else {
            toasts.good("Taken over");
            return;
        };
        let line = |pay: &Pay| format!("{}\t{}\t{}\n", pay.name, pay.amount, pay.due);
        let text: String = before.iter().map(line).collect();
        let undo = Callback::new(move |()| {
            actions.paste.dispatch(PastePayments {
                side: side.clone(),
                currency: currency.clone(),
                text: text.clone(),
            });
        });
        toasts.undoable("Taken over", undo);
    });
    Effect::new(move || {
        if !matches!(actions.forget.value().get(), Some(Ok(()))) {
            return;
        }
        let Some(before) = shown().filter(|page| page.known) else {
            return;
        };
        let undo = Callback::new(move |()| {
            let terms = before.typed.clone();
            actions.save.dispatch(SaveCash { terms });
        });
        toasts.undoable("Forgotten how cash is foreseen", undo);
    });
}

fn body(page: Page, actions: Actions) -> impl IntoView {
    let Page {
        headline,
        tone,
        notes,
        line,
        payments,
        known,
        typed,
        accounts,
        flows,
        account,
        currency,
        may_write,
    } = page;
    let means = notes.join(" ");
    view! {
        <FormProblem answer=actions.save.value()/>
        <FormProblem answer=actions.forget.value()/>
        <FormProblem answer=actions.add.value()/>
        <FormProblem answer=actions.remove.value()/>
        <FormProblem answer=actions.paste.value()/>
        <Notice tone title=headline means/>
        {line.map(line_view)}
        {payments_view(payments, may_write, actions)}
        {(may_write && !currency.is_empty()).then(|| pay_card(currency, actions))}
        {may_write.then(|| terms_card(typed, &accounts, &flows, known, actions))}
        {(!account.is_empty()).then(|| view! { <p><a href=account>"The account’s chart and forecast"</a></p> })}
    }
}

fn line_view(line: Line) -> impl IntoView {
    let points = line
        .drawn
        .into_iter()
        .map(|(at, [balance, lo80, hi80, lo95, hi95])| ChartPoint {
            at,
            forecast: Some(balance),
            band_80: Some((lo80, hi80)),
            band_95: Some((lo95, hi95)),
            ..ChartPoint::default()
        })
        .collect::<Vec<_>>();
    let columns = vec![
        Column::text("Week from"),
        Column::number("Entered in", ""),
        Column::number("Entered out", ""),
        Column::number("Usual", ""),
        Column::number("At its end", ""),
        Column::number("In 8 cases of 10", ""),
    ];
    view! {
        <Card title="Thirteen weeks" note="the inner band holds eight cases of ten, the outer one nineteen of twenty">
            <div class="toolbar">
                <ButtonLink href="/cash.csv" icon=Glyph::Download>"CSV"</ButtonLink>
            </div>
            <StaticChart points unit=line.unit label="The balance of the next thirteen weeks" limit=Some(line.floor)/>
        </Card>
        <Card flush=true>
            <Table caption="Cash week by week" columns>{line.weeks.into_iter().map(row).collect_view()}</Table>
        </Card>
    }
}

fn row(week: Week) -> impl IntoView {
    let balance = if week.below {
        view! { <strong>{week.balance}</strong> }.into_any()
    } else {
        week.balance.into_any()
    };
    view! {
        <tr>
            <td data-label="Week from">{week.begins}</td>
            {entered("Entered in", week.entered_in)}
            {entered("Entered out", week.entered_out)}
            <td class="num" data-label="Usual">{week.usual}</td>
            <td class="num" data-label="At its end">{balance}</td>
            <td class="num" data-label="In 8 cases of 10">{week.band}</td>
        </tr>
    }
}

/// What is entered for a week; a phone shows no line of nothing.
fn entered(label: &'static str, amount: String) -> impl IntoView {
    let class = if amount.is_empty() {
        "num cell-none"
    } else {
        "num"
    };
    view! { <td class=class data-label=label>{amount}</td> }
}

fn payments_view(payments: Vec<Payment>, may_write: bool, actions: Actions) -> impl IntoView {
    if payments.is_empty() {
        let words = "Nothing is entered: what is shown above is only what usually comes and goes. Enter invoices, taxes or a machine to be paid, and they count on their day.";
        return view! { <Card title="Known payments"><p>{words}</p></Card> }.into_any();
    }
    let columns = vec![
        Column::text("Who and for what"),
        Column::number("Amount", ""),
        Column::text("Due"),
        Column::text("Expected"),
        Column::text(""),
    ];
    let rows = payments
        .into_iter()
        .map(|one| payment_row(one, may_write, actions))
        .collect_view();
    view! {
        <Card title="Known payments" note="take away what was paid" flush=true>
            <Table caption="Payments that are known" columns>{rows}</Table>
        </Card>
    }
    .into_any()
}

fn payment_row(payment: Payment, may_write: bool, actions: Actions) -> impl IntoView + use<> {
    let done = if payment.comes { "Came in" } else { "Paid" };
    let label = format!("{done}: {}", payment.typed.name);
    let remove = actions.remove;
    view! {
        <tr>
            <td data-label="Who and for what">{payment.typed.name}</td>
            <td class="num" data-label="Amount">{payment.amount}</td>
            <td data-label="Due">
                <div>
                    {payment.due}
                    " "
                    {payment.overdue.then(|| view! { <Badge tone=Tone::Warning label="overdue"/> })}
                </div>
            </td>
            <td data-label="Expected">{payment.expected}</td>
            <td>
                {may_write
                    .then(|| {
                        view! {
                            <ActionForm action=remove>
                                <input type="hidden" name="id" value=payment.id/>
                                <Button kind=ButtonKind::Quiet small=true label=label>
                                    {done}
                                </Button>
                            </ActionForm>
                        }
                    })}
            </td>
        </tr>
    }
}
