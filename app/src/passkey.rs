//! Passkeys: the card on one's account, and the button that signs in with one.
//!
//! The browser's dialogue is opened by `public/passkey.js`, which stands between pressing a button
//! and sending its form; forms without it are not shown.

use api::PasskeyDoor;
use leptos::prelude::*;
use leptos::server_fn::ServerFn as _;
use leptos::server_fn::codec::{GetUrl, Json, Postcard};
use serde::{Deserialize, Serialize};
use ui::{Button, ButtonKind, Card, Column, Field, Input, Skeleton, Table, When};

use crate::awaited::awaited;
use crate::factor::SignInAgain;
use crate::problem::{FormProblem, Problem};
use crate::{rpc, wire};

/// The browser's half.
const SCRIPT: &str = "/passkey.js";

/// A passkey as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyRow {
    id: String,
    name: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

/// One's own passkeys, and whether there can be more.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_passkeys() -> rpc::Answer<(PasskeyDoor, Vec<PasskeyRow>)> {
    let (services, caller) = rpc::ctx()?;
    let passkeys = services.passkeys.passkeys(&caller).await?;
    let rows = passkeys.into_iter().map(|passkey| PasskeyRow {
        id: passkey.id.0,
        name: passkey.name,
        created_at: passkey.created_at.0,
        last_used_at: passkey.last_used_at.map(|at| at.0),
    });
    let rows = rows.collect();
    Ok((services.passkeys.passkey_door(&caller).await?, rows))
}

/// What the browser is asked for a new one; for the script, so in JSON.
#[server(output = Json)]
pub async fn begin_passkey(password: String) -> rpc::Answer<String> {
    let (services, caller) = rpc::ctx()?;
    let session = rpc::here().session.ok_or(api::Error::Unauthenticated)?;
    let passkeys = &services.passkeys;
    Ok(passkeys.begin_passkey(&caller, &session, &password).await?)
}

/// Keeps what the browser made.
#[server(output = Postcard)]
pub async fn add_passkey(name: String, credential: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let session = rpc::here().session.ok_or(api::Error::Unauthenticated)?;
    let passkeys = &services.passkeys;
    passkeys
        .add_passkey(&caller, &session, &name, &credential)
        .await?;
    Ok(())
}

/// Removes one.
#[server(output = Postcard)]
pub async fn remove_passkey(id: String, password: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let passkeys = &services.passkeys;
    Ok(passkeys
        .remove_passkey(&caller, &api::PasskeyId(id), &password)
        .await?)
}

/// The card on one's account.
#[component]
pub fn PasskeyCard() -> impl IntoView {
    let add = ServerAction::<AddPasskey>::new();
    let remove = ServerAction::<RemovePasskey>::new();
    let passkeys = wire::load(
        move || (add.version().get(), remove.version().get()),
        |_| load_passkeys(),
    );
    view! {
        <Card
            title="Passkeys"
            note="Signs you in without a password: your device asks for your finger, your face or its PIN, and that is both steps."
        >
            <FormProblem answer=add.value()/>
            <FormProblem answer=remove.value()/>
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match passkeys.await {
                        Ok((door, rows)) => {
                            view! {
                                <div class="stack">
                                    {(!rows.is_empty())
                                        .then(|| view! { <PasskeyTable rows remove/> <SignInAgain/> })}
                                    <AddForm door add/>
                                </div>
                            }
                                .into_any()
                        }
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
    }
}

#[component]
fn PasskeyTable(rows: Vec<PasskeyRow>, remove: ServerAction<RemovePasskey>) -> impl IntoView {
    let columns = vec![
        Column::text("Name"),
        Column::text("Made"),
        Column::text("Last used"),
        Column::actions("Remove"),
    ];
    view! {
        <Table caption="Your passkeys" columns>
            {rows.into_iter().map(|row| passkey_row(row, remove)).collect_view()}
        </Table>
    }
}

fn passkey_row(row: PasskeyRow, remove: ServerAction<RemovePasskey>) -> impl IntoView {
    let field = format!("password-{}", row.id);
    view! {
        <tr>
            <td data-label="Name">{row.name.clone()}</td>
            <td data-label="Made"><When at=row.created_at/></td>
            <td data-label="Last used">
                {match row.last_used_at {
                    Some(at) => view! { <When at/> }.into_any(),
                    None => view! { <span class="quiet">"never"</span> }.into_any(),
                }}
            </td>
            <td data-label="" class="num">
                <details class="inline-confirm">
                    <summary aria-label=format!("Remove {}", row.name)>"Remove"</summary>
                    <ActionForm action=remove>
                        <input type="hidden" name="id" value=row.id/>
                        <Field id=field label="Your password, once more">
                            <Input name="password" r#type="password" required=true attr:autocomplete="current-password"/>
                        </Field>
                        <Button kind=ButtonKind::Danger small=true>"Remove this passkey"</Button>
                    </ActionForm>
                </details>
            </td>
        </tr>
    }
}

#[component]
fn AddForm(door: PasskeyDoor, add: ServerAction<AddPasskey>) -> impl IntoView {
    let origin = match door {
        PasskeyDoor::Open { origin } => origin,
        PasskeyDoor::Closed { why } => return view! { <p class="quiet">{why}</p> }.into_any(),
    };
    view! {
        <Script/>
        <p class="quiet passkeys-off">
            "Adding one needs JavaScript, a browser with passkeys, and https."
        </p>
        <ActionForm
            action=add
            attr:class="row-form"
            attr:data-passkey="create"
            attr:data-challenge=BeginPasskey::PATH
            attr:data-origin=origin
        >
            <input type="hidden" name="credential"/>
            <Field id="passkey-name" label="Name" hint="Such as the device's.">
                <Input name="name" required=true attr:maxlength="60"/>
            </Field>
            <Field id="passkey-password" label="Your password, once more">
                <Input name="password" r#type="password" required=true attr:autocomplete="current-password"/>
            </Field>
            <Button busy=add.pending()>"Add a passkey"</Button>
            <Told/>
        </ActionForm>
    }
    .into_any()
}

/// The button that signs in with a passkey; not there where there can be none.
#[component]
pub fn PasskeyButton(
    /// The pages' own origin, as passkeys know it.
    origin: String,
    /// Where the browser's answer is sent to.
    action: &'static str,
    /// Where it is asked what to sign.
    challenge: &'static str,
    /// Where to go afterwards.
    #[prop(into)]
    next: Signal<String>,
    /// What the button says.
    label: &'static str,
) -> impl IntoView {
    view! {
        <Script/>
        <form
            method="post"
            action=action
            class="stack"
            data-passkey="get"
            data-challenge=challenge
            data-origin=origin
        >
            <input type="hidden" name="next" value=move || next.get()/>
            <input type="hidden" name="credential"/>
            <Button>{label}</Button>
            <Told/>
        </form>
    }
}

/// Where the script says what went wrong.
#[component]
fn Told() -> impl IntoView {
    view! { <p class="field-error" role="alert" data-passkey-problem=""></p> }
}

#[component]
fn Script() -> impl IntoView {
    // Not written out in the view: what is wholly static is put into a page as text, and scripts
    // that come so are not run.
    let address = SCRIPT.to_owned();
    view! { <script type="module" src=address></script> }
}
