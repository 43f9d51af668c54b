//! Who can sign in: people, invitations, and the page that an invitation opens.

mod invite;

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use serde::{Deserialize, Serialize};
use ui::{
    Badge, Button, ButtonKind, Card, Column, Empty, Field, Glyph, Input, Notice, PageHead, Segment,
    Select, SelectOption, Skeleton, Table, Tabs, Tone, When,
};

use crate::awaited::awaited;
use crate::frame::{Session, SessionContext};
use crate::problem::{FormProblem, Problem, may_not, tell};
use crate::role::list_roles;
use crate::secret;
use crate::{rpc, wire};

pub use invite::InvitePage;

/// Whether somebody has a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FactorRow {
    /// An authenticator.
    Authenticator,
    /// A passkey.
    Passkey,
    /// One of each.
    Both,
    /// They have none, and their role needs one.
    Missing,
    /// They have none, and need none.
    Absent,
}

/// A person as the page shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    id: String,
    email: String,
    you: bool,
    role: String,
    role_name: String,
    disabled: bool,
    factor: FactorRow,
    sessions: u32,
    last_seen_at: Option<i64>,
}

/// An invitation as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRow {
    id: String,
    email: String,
    role_name: String,
    /// Whether it is for somebody who can sign in already.
    renews: bool,
    invited_by: String,
    expires_at: i64,
}

/// Everyone.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_people() -> rpc::Answer<Vec<PersonRow>> {
    let (services, caller) = rpc::ctx()?;
    let people = services.people.people(&caller).await?;
    let me = caller.user_id();
    Ok(people
        .into_iter()
        .map(|person| PersonRow {
            you: me == Some(&person.user.id),
            id: person.user.id.0,
            email: person.user.email,
            role: person.user.role.as_str().to_owned(),
            role_name: person.user.role.name().to_owned(),
            disabled: person.disabled_at.is_some(),
            factor: match (person.totp, person.passkeys > 0, person.needs_factor) {
                (true, true, _) => FactorRow::Both,
                (true, false, _) => FactorRow::Authenticator,
                (false, true, _) => FactorRow::Passkey,
                (false, false, true) => FactorRow::Missing,
                (false, false, false) => FactorRow::Absent,
            },
            sessions: person.sessions,
            last_seen_at: person.user.last_seen_at.map(|at| at.0),
        })
        .collect())
}

/// The invitations that nobody has taken up.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_invitations() -> rpc::Answer<Vec<InvitationRow>> {
    let (services, caller) = rpc::ctx()?;
    let invitations = services.people.invitations(&caller).await?;
    Ok(invitations
        .into_iter()
        .map(|invitation| InvitationRow {
            id: invitation.id.0,
            email: invitation.email,
            role_name: invitation.role.name().to_owned(),
            renews: invitation.of.is_some(),
            invited_by: invitation.invited_by,
            expires_at: invitation.expires_at.0,
        })
        .collect())
}

/// Invites somebody; the link is shown on the page that follows, once.
#[server(output = Postcard)]
pub async fn invite(email: String, role: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let new = api::NewInvitation { email, role };
    let new = services.people.invite(&caller, new).await?;
    rpc::reveal_invitation(&new)
}

/// Makes an invitation useless.
#[server(output = Postcard)]
pub async fn withdraw(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services
        .people
        .withdraw_invitation(&caller, &api::InvitationId(id))
        .await?)
}

/// Changes something about a person, by which button was pressed. A link to a new password is shown on the page
/// that follows, once.
#[server(output = Postcard)]
pub async fn change_person(
    id: String,
    intent: String,
    #[server(default)] role: String,
) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let (people, id) = (&services.people, api::UserId(id));
    let changed = match intent.as_str() {
        "role" => people.change_role(&caller, &id, &role).await,
        "disable" => people.set_enabled(&caller, &id, false).await,
        "enable" => people.set_enabled(&caller, &id, true).await,
        "reset" => people.reset_factors(&caller, &id).await,
        "password" => {
            let new = people.offer_password(&caller, &id).await?;
            return rpc::reveal_invitation(&new);
        }
        "remove" => services.accounts.remove_user(&caller, &id).await,
        _ => Err(api::Error::invalid(
            "That button is not known. Reload the page.",
        )),
    };
    Ok(changed?)
}

/// The ways between the pages about people.
#[component]
pub fn PeopleTabs(
    /// Whether the roles are shown.
    #[prop(optional)]
    roles: bool,
) -> impl IntoView {
    let segments = vec![
        Segment::new("People", "/people", !roles),
        Segment::new("Roles", "/people/roles", roles),
    ];
    view! { <Tabs label="About people" segments=Signal::stored(segments)/> }
}

/// Who can sign in.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let SessionContext(session) = expect_context();
    view! {
        <Title text="People"/>
        <PageHead
            title="People"
            lede="Who can sign in, as what, and how safely."
            actions=move || view! { <Review session/> }
        />
        <PeopleTabs/>
        <NewLink/>
        <Transition fallback=|| view! { <Card><Skeleton/></Card> }>
            {awaited(move || async move {
                match session.await {
                    Ok(session) if session.may_look_after => {
                        view! { <Everyone may_manage=session.may_manage/> }.into_any()
                    }
                    Ok(_) => {
                        view! { <Problem failure=may_not(api::Permission::AccessRead)/> }.into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Who has access, as a file.
#[component]
fn Review(session: wire::Loaded<Session>) -> impl IntoView {
    view! {
        <Transition>
            {awaited(move || async move {
                let may = session.await.is_ok_and(|session| session.may_look_after);
                may.then(|| {
                    view! {
                        <a class="btn" href="/people/access-review.csv" rel="external" download>
                            "Access review (CSV)"
                        </a>
                    }
                })
            })}
        </Transition>
    }
}

/// The link of an invitation that was just made, this once.
#[component]
fn NewLink() -> impl IntoView {
    let link = secret::just_made();
    view! {
        <Transition>
            {awaited(move || async move {
                link.await
                    .ok()
                    .flatten()
                    .map(|link| {
                        view! {
                            <Notice
                                tone=Tone::Good
                                title="This is their link, shown this once"
                                means="Send it to them by a way that you trust: it works once, as long as the list of invitations says, and whoever opens it first chooses the password."
                            >
                                <code class="secret" id="secret">{link}</code>
                            </Notice>
                        }
                    })
            })}
        </Transition>
    }
}

#[component]
fn Everyone(may_manage: bool) -> impl IntoView {
    let invite = ServerAction::<Invite>::new();
    let withdraw = ServerAction::<Withdraw>::new();
    let change = ServerAction::<ChangePerson>::new();
    tell(change.value(), "Changed");
    let people = wire::load(move || change.version().get(), |_| list_people());
    let invitations = wire::load(
        move || {
            (
                invite.version().get(),
                withdraw.version().get(),
                change.version().get(),
            )
        },
        |_| list_invitations(),
    );
    let roles = wire::load(|| (), |()| list_roles());
    view! {
        <FormProblem answer=invite.value()/>
        <FormProblem answer=change.value()/>
        <FormProblem answer=withdraw.value()/>
        <Card title="People" flush=true>
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match (people.await, roles.await) {
                        (Ok(people), Ok(roles)) => {
                            let roles: Vec<SelectOption> = roles
                                .into_iter()
                                .map(|role| SelectOption::new(role.key, role.name))
                                .collect();
                            view! {
                                <PeopleTable people roles=roles.clone() change may_manage/>
                                {may_manage.then(|| view! { <InviteForm roles invite/> })}
                            }
                                .into_any()
                        }
                        (Err(failure), _) | (_, Err(failure)) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
        <Card title="Invitations" note="Each is good once: for a week, or for a day where it is for a new password." flush=true>
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match invitations.await {
                        Ok(rows) if rows.is_empty() => {
                            view! {
                                <Empty title="Nobody is invited" text="Whoever you invite chooses their own password."/>
                            }
                                .into_any()
                        }
                        Ok(rows) => view! { <InvitationTable rows withdraw may_manage/> }.into_any(),
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
    }
}

#[component]
fn InviteForm(roles: Vec<SelectOption>, invite: ServerAction<Invite>) -> impl IntoView {
    view! {
        <ActionForm action=invite attr:class="row-form card-foot">
            <Field id="new-email" label="E-mail">
                <Input name="email" r#type="email" required=true/>
            </Field>
            <Field id="new-role" label="Role">
                <Select name="role" options=roles value="viewer"/>
            </Field>
            <Button icon=Glyph::Plus busy=invite.pending()>"Invite"</Button>
        </ActionForm>
    }
}

#[component]
fn PeopleTable(
    people: Vec<PersonRow>,
    roles: Vec<SelectOption>,
    change: ServerAction<ChangePerson>,
    may_manage: bool,
) -> impl IntoView {
    let columns = vec![
        Column::text("E-mail"),
        Column::text("Role"),
        Column::text("State"),
        Column::text("Second step"),
        Column::number("Sessions", ""),
        Column::text("Last seen"),
        Column::actions("Change"),
    ];
    view! {
        <Table caption="People" columns>
            {people
                .into_iter()
                .map(|person| person_row(person, roles.clone(), change, may_manage))
                .collect_view()}
        </Table>
    }
}

fn person_row(
    person: PersonRow,
    roles: Vec<SelectOption>,
    change: ServerAction<ChangePerson>,
    may_manage: bool,
) -> impl IntoView {
    let (tone, state) = if person.disabled {
        (Tone::Neutral, "disabled")
    } else {
        (Tone::Good, "active")
    };
    let forms = may_manage.then(|| view! { <PersonForms person=person.clone() roles change/> });
    view! {
        <tr>
            <td data-label="E-mail">
                {person.email}
                {person.you.then(|| view! { <span class="quiet">" (you)"</span> })}
            </td>
            <td data-label="Role">{person.role_name}</td>
            <td data-label="State"><Badge tone label=state/></td>
            <td data-label="Second step">
                {match person.factor {
                    FactorRow::Authenticator => view! { <Badge tone=Tone::Good label="authenticator"/> }.into_any(),
                    FactorRow::Passkey => view! { <Badge tone=Tone::Good label="passkey"/> }.into_any(),
                    FactorRow::Both => view! { <Badge tone=Tone::Good label="authenticator, passkey"/> }.into_any(),
                    FactorRow::Missing => view! { <Badge tone=Tone::Warning label="none, and needs one"/> }.into_any(),
                    FactorRow::Absent => view! { <span class="quiet">"none"</span> }.into_any(),
                }}
            </td>
            <td data-label="Sessions" class="num">{api::grouped(person.sessions)}</td>
            <td data-label="Last seen">
                {match person.last_seen_at {
                    Some(at) => view! { <When at/> }.into_any(),
                    None => view! { <span class="quiet">"never"</span> }.into_any(),
                }}
            </td>
            <td data-label="" class="num">{forms}</td>
        </tr>
    }
}

/// What can be done about a person: one form, and the button says what.
#[component]
fn PersonForms(
    person: PersonRow,
    roles: Vec<SelectOption>,
    change: ServerAction<ChangePerson>,
) -> impl IntoView {
    let (toggle, toggle_words) = if person.disabled {
        ("enable", "Let them sign in again")
    } else {
        ("disable", "Disable")
    };
    let role_label = format!("Role of {}", person.email);
    view! {
        <details class="inline-confirm">
            <summary aria-label=format!("Change {}", person.email)>"Change"</summary>
            <ActionForm action=change>
                <input type="hidden" name="id" value=person.id/>
                <Select name="role" options=roles value=person.role label=role_label/>
                <Button small=true attr:name="intent" attr:value="role">"Set role"</Button>
                <Button small=true attr:name="intent" attr:value=toggle>{toggle_words}</Button>
                {(!person.you)
                    .then(|| {
                        view! {
                            <Button small=true attr:name="intent" attr:value="password">"New password"</Button>
                        }
                    })}
                // One's own is removed on the page of the account, which asks for the password.
                {(!person.you && !matches!(person.factor, FactorRow::Missing | FactorRow::Absent))
                    .then(|| {
                        view! {
                            <Button small=true attr:name="intent" attr:value="reset">"Reset second step"</Button>
                        }
                    })}
                <Button kind=ButtonKind::Danger small=true attr:name="intent" attr:value="remove">
                    "Remove, and end their sessions"
                </Button>
            </ActionForm>
        </details>
    }
}

#[component]
fn InvitationTable(
    rows: Vec<InvitationRow>,
    withdraw: ServerAction<Withdraw>,
    may_manage: bool,
) -> impl IntoView {
    let columns = vec![
        Column::text("E-mail"),
        Column::text("Role"),
        Column::text("Invited by"),
        Column::text("Good until"),
        Column::actions("Withdraw"),
    ];
    view! {
        <Table caption="Invitations" columns>
            {rows
                .into_iter()
                .map(|row| {
                    let label = format!("Withdraw the invitation of {}", row.email);
                    view! {
                        <tr>
                            <td data-label="E-mail">
                                {row.email}
                                {row.renews.then(|| view! { <span class="quiet">" (new password)"</span> })}
                            </td>
                            <td data-label="Role">{row.role_name}</td>
                            <td data-label="Invited by">{row.invited_by}</td>
                            <td data-label="Good until"><When at=row.expires_at/></td>
                            <td data-label="" class="num">
                                {may_manage
                                    .then(|| {
                                        view! {
                                            <ActionForm action=withdraw>
                                                <input type="hidden" name="id" value=row.id/>
                                                <Button kind=ButtonKind::Quiet small=true attr:aria-label=label>
                                                    "Withdraw"
                                                </Button>
                                            </ActionForm>
                                        }
                                    })}
                            </td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}
