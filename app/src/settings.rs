//! Settings: oneself, people, API keys, and what is kept.

use api::{Role, User};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use ui::{
    Button, ButtonKind, Card, Column, Field, Input, Notice, PageHead, Select, SelectOption,
    Skeleton, Table, Tone, When,
};

use crate::frame::SessionContext;
use crate::key::Keys;
use crate::metrics::{Senders, Storage};
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::wire;

/// Everyone.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_users() -> rpc::Answer<Vec<User>> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.accounts.users(&caller).await?)
}

/// Adds a person; their password is shown on the page that follows, once.
#[server(output = Postcard)]
pub async fn add_user(email: String, role: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let role: Role = role
        .parse()
        .map_err(|message: String| api::Error::field("role", message))?;
    let new = services
        .accounts
        .add_user(&caller, api::NewUser { email, role })
        .await?;
    rpc::reveal_on("/settings", &new.made.id.0, new.secret)
}

/// Removes a person.
#[server(output = Postcard)]
pub async fn remove_user(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services
        .accounts
        .remove_user(&caller, &api::UserId(id))
        .await?)
}

/// Sets one's own password.
#[server(output = Postcard)]
pub async fn change_password(old: String, new: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services
        .accounts
        .change_password(&caller, &old, &new)
        .await?)
}

/// The secret of something just made. It can be asked for once.
#[server(output = Postcard)]
pub async fn take_secret(id: String) -> rpc::Answer<Option<String>> {
    let (_, caller) = rpc::ctx()?;
    // Nothing to wait for; a server function is asynchronous all the same.
    Ok(std::future::ready(rpc::take_secret(&caller, &id)).await)
}

/// The settings page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let SessionContext(session) = expect_context();
    view! {
        <Title text="Settings"/>
        <PageHead title="Settings" lede="Your password, the people who can sign in, the keys that programs use, and what is kept."/>
        <NewSecret/>
        <Transition fallback=|| view! { <Card><Skeleton lines=4/></Card> }>
            {move || Suspend::new(async move {
                match session.await {
                    Ok(session) => {
                        view! {
                            <Password/>
                            {session.may_manage().then(|| view! { <People/> <Keys/> })}
                            {session.may_write().then(|| view! { <Storage/> })}
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn NewSecret() -> impl IntoView {
    let query = use_query_map();
    let secret = wire::load(
        move || query.read().get("made"),
        |made| async move {
            match made {
                Some(id) => take_secret(id).await,
                None => Ok(None),
            }
        },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                secret
                    .await
                    .ok()
                    .flatten()
                    .map(|secret| {
                        // A key, and not somebody's first password.
                        let key = secret.starts_with("mr_").then(|| secret.clone());
                        view! {
                            <Notice
                                tone=Tone::Good
                                title="Made. This is its secret, shown this once"
                                means="Copy it now: only a fingerprint of it is kept."
                            >
                                <code class="secret" id="secret">{secret}</code>
                            </Notice>
                            {key.map(|key| view! { <Senders key/> })}
                        }
                    })
            })}
        </Transition>
    }
}

#[component]
fn Password() -> impl IntoView {
    let change = ServerAction::<ChangePassword>::new();
    let error = move |field: &'static str| {
        Signal::derive(move || match change.value().get() {
            Some(Err(failure)) => failure.0.of_field(field).map(str::to_owned),
            _ => None,
        })
    };
    view! {
        <Card title="Your password" note="Changing it signs you out everywhere else.">
            <ActionForm action=change attr:class="row-form">
                <Field id="old" label="Present password" error=error("old")>
                    <Input name="old" r#type="password" required=true attr:autocomplete="current-password"/>
                </Field>
                <Field id="new" label="New password" hint="12 characters or more." error=error("new")>
                    <Input name="new" r#type="password" required=true attr:autocomplete="new-password"/>
                </Field>
                <Button busy=change.pending()>"Change"</Button>
            </ActionForm>
            {move || {
                matches!(change.value().get(), Some(Ok(())))
                    .then(|| view! { <Notice tone=Tone::Good title="Changed"/> })
            }}
        </Card>
    }
}

#[component]
fn People() -> impl IntoView {
    let add = ServerAction::<AddUser>::new();
    let remove = ServerAction::<RemoveUser>::new();
    let users = wire::load(
        move || (add.version().get(), remove.version().get()),
        |_| list_users(),
    );
    let roles = Role::ALL
        .map(|r| SelectOption::new(r.as_str(), r.as_str()))
        .to_vec();
    let columns = vec![
        Column::text("E-mail"),
        Column::text("Role"),
        Column::text("Added"),
        Column::text("Last signed in"),
        Column::actions("Remove"),
    ];
    view! {
        <Card title="People" flush=true>
            <FormProblem answer=add.value()/>
            <FormProblem answer=remove.value()/>
            <Transition fallback=|| view! { <Skeleton/> }>
                {move || {
                    let columns = columns.clone();
                    Suspend::new(async move {
                        match users.await {
                            Ok(users) => {
                                view! {
                                    <Table caption="People" columns>
                                        {users.into_iter().map(|user| user_row(user, remove)).collect_view()}
                                    </Table>
                                }
                                    .into_any()
                            }
                            Err(failure) => view! { <Problem failure/> }.into_any(),
                        }
                    })
                }}
            </Transition>
            <ActionForm action=add attr:class="row-form card-foot">
                <Field id="new-email" label="E-mail">
                    <Input name="email" r#type="email" required=true/>
                </Field>
                <Field id="new-role" label="Role">
                    <Select name="role" options=roles value="viewer"/>
                </Field>
                <Button busy=add.pending()>"Add person"</Button>
            </ActionForm>
        </Card>
    }
}

fn user_row(user: User, remove: ServerAction<RemoveUser>) -> impl IntoView {
    view! {
        <tr>
            <td data-label="E-mail">{user.email.clone()}</td>
            <td data-label="Role">{user.role.as_str()}</td>
            <td data-label="Added"><When at=user.created_at.0/></td>
            <td data-label="Last signed in">
                {match user.last_seen_at {
                    Some(at) => view! { <When at=at.0/> }.into_any(),
                    None => view! { <span class="quiet">"never"</span> }.into_any(),
                }}
            </td>
            <td data-label="">
                <details class="inline-confirm">
                    <summary aria-label=format!("Remove {}", user.email)>"Remove"</summary>
                    <ActionForm action=remove>
                        <input type="hidden" name="id" value=user.id.0/>
                        <Button kind=ButtonKind::Danger small=true>"Remove, and end their sessions"</Button>
                    </ActionForm>
                </details>
            </td>
        </tr>
    }
}
