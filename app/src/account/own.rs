//! One's own account: where one is signed in, the password, the second factor.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use ui::{
    Badge, Button, ButtonKind, Card, Column, Field, Input, Notice, PageHead, Skeleton, Table, Tone,
    When,
};

use crate::account::NewPassword;
use crate::awaited::awaited;
use crate::factor::SecondStep;
use crate::passkey::PasskeyCard;
use crate::problem::{FormProblem, Problem, of_field};
use crate::secret;
use crate::{rpc, wire};

/// A session as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    id: String,
    browser: String,
    address: String,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    present: bool,
}

/// One's own sessions.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_sessions() -> rpc::Answer<Vec<SessionRow>> {
    let (services, caller) = rpc::ctx()?;
    let present = rpc::here().session;
    let sessions = services.accounts.sessions(&caller).await?;
    Ok(sessions
        .into_iter()
        .map(|session| SessionRow {
            present: present.as_ref() == Some(&session.id),
            id: session.id.0,
            browser: crate::told::browser(&session.browser),
            address: session.address,
            created_at: session.created_at.0,
            last_used_at: session.last_used_at.0,
            expires_at: session.expires_at.0,
        })
        .collect())
}

/// Ends one of one's own sessions.
#[server(output = Postcard)]
pub async fn end_session(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services
        .accounts
        .end_session(&caller, &api::SessionId(id))
        .await?)
}

/// Ends one's own sessions, but not this one.
#[server(output = Postcard)]
pub async fn end_other_sessions() -> rpc::Answer<u32> {
    let (services, caller) = rpc::ctx()?;
    // A program without a session has no other ones either.
    let but = rpc::here().session.ok_or(api::Error::Unauthenticated)?;
    Ok(services.accounts.end_other_sessions(&caller, &but).await?)
}

/// Sets one's own password; this browser gets a new session.
#[server(output = Postcard)]
pub async fn change_password(old: String, new: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let visit = rpc::here().visit;
    let signed_in = services
        .accounts
        .change_password(&caller, &old, &new, &visit)
        .await?;
    rpc::keep_session(&signed_in);
    rpc::redirect("/account?done=password");
    Ok(())
}

/// One's own account.
#[component]
pub fn AccountPage() -> impl IntoView {
    view! {
        <Title text="Your account"/>
        <PageHead title="Your account" lede="How you sign in, and where you are signed in now."/>
        <Done/>
        <RecoveryCodes/>
        <Sessions/>
        <SecondStep/>
        <PasskeyCard/>
        <Password/>
    }
}

#[component]
fn Done() -> impl IntoView {
    let query = use_query_map();
    move || {
        let (title, means) = match query.read().get("done")?.as_str() {
            "password" => (
                "Your password is changed",
                "You are signed out everywhere else.",
            ),
            "removed" => (
                "The authenticator is removed",
                "Your password is enough from now on.",
            ),
            _ => return None,
        };
        Some(view! { <Notice tone=Tone::Good title=title means=means/> })
    }
}

/// Recovery codes that were just made, this once.
#[component]
fn RecoveryCodes() -> impl IntoView {
    let codes = secret::just_made();
    view! {
        <Transition>
            {awaited(move || async move {
                let codes = codes.await.ok().flatten()?;
                let codes: Vec<String> = codes.split(' ').map(str::to_owned).collect();
                Some(
                    view! {
                        <Notice
                            tone=Tone::Good
                            title="Your second step is on. These are your recovery codes, shown this once"
                            means="Each signs you in once without the authenticator. Print them or keep them where you keep passwords, not on the same phone."
                        >
                            <ul class="codes" id="recovery-codes">
                                {codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view()}
                            </ul>
                        </Notice>
                    },
                )
            })}
        </Transition>
    }
}

#[component]
fn Sessions() -> impl IntoView {
    let end = ServerAction::<EndSession>::new();
    let end_others = ServerAction::<EndOtherSessions>::new();
    let sessions = wire::load(
        move || (end.version().get(), end_others.version().get()),
        |_| list_sessions(),
    );
    view! {
        <Card title="Where you are signed in" flush=true>
            <FormProblem answer=end.value()/>
            <FormProblem answer=end_others.value()/>
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match sessions.await {
                        Ok(sessions) => {
                            let others = sessions.len() > 1;
                            view! {
                                <SessionTable sessions end/>
                                {others
                                    .then(|| {
                                        view! {
                                            <ActionForm action=end_others attr:class="card-foot">
                                                <Button busy=end_others.pending()>"Sign out everywhere else"</Button>
                                            </ActionForm>
                                        }
                                    })}
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
fn SessionTable(sessions: Vec<SessionRow>, end: ServerAction<EndSession>) -> impl IntoView {
    let columns = vec![
        Column::text("Browser"),
        Column::text("From"),
        Column::text("Signed in"),
        Column::text("Last used"),
        Column::text("Ends"),
        Column::actions("Sign out"),
    ];
    view! {
        <Table caption="Where you are signed in" columns>
            {sessions.into_iter().map(|session| session_row(session, end)).collect_view()}
        </Table>
    }
}

fn session_row(session: SessionRow, end: ServerAction<EndSession>) -> impl IntoView {
    let last = if session.present {
        view! { <Badge tone=Tone::Accent label="this one"/> }.into_any()
    } else {
        let label = format!("Sign out {}", session.browser);
        view! {
            <ActionForm action=end>
                <input type="hidden" name="id" value=session.id/>
                <Button kind=ButtonKind::Quiet small=true attr:aria-label=label>"Sign out"</Button>
            </ActionForm>
        }
        .into_any()
    };
    view! {
        <tr>
            <td data-label="Browser">{session.browser}</td>
            <td data-label="From">
                {if session.address.is_empty() {
                    view! { <span class="quiet">"unknown"</span> }.into_any()
                } else {
                    view! { <code>{session.address}</code> }.into_any()
                }}
            </td>
            <td data-label="Signed in"><When at=session.created_at/></td>
            <td data-label="Last used"><When at=session.last_used_at/></td>
            <td data-label="Ends"><When at=session.expires_at/></td>
            <td data-label="" class="num">{last}</td>
        </tr>
    }
}

#[component]
fn Password() -> impl IntoView {
    let change = ServerAction::<ChangePassword>::new();
    let error = move |field| of_field(change.value(), field);
    // What is wrong with a field stands at the field.
    let other = Signal::derive(move || {
        change
            .value()
            .get()
            .filter(|answer| !matches!(answer, Err(rpc::Failure(api::Error::Invalid { .. }))))
    });
    view! {
        <Card title="Your password" note="Changing it signs you out everywhere else.">
            <FormProblem answer=other/>
            <ActionForm action=change attr:class="row-form">
                <Field id="old" label="Present password" error=error("old")>
                    <Input name="old" r#type="password" required=true attr:autocomplete="current-password"/>
                </Field>
                <NewPassword name="new" label="New password" error=error("new")/>
                <Button busy=change.pending()>"Change"</Button>
            </ActionForm>
        </Card>
    }
}
