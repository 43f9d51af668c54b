//! Roles: the given ones, those made here, and which need a second factor.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Checkbox, Column, Field, Input, PageHead,
    Skeleton, Table, Tone,
};

use crate::awaited::awaited;
use crate::frame::SessionContext;
use crate::people::PeopleTabs;
use crate::problem::{FormProblem, Problem, tell};
use crate::{rpc, wire};

/// A role as pages show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRow {
    /// What forms call it.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Whether it was made here.
    made: bool,
    /// What it grants, as it is written.
    grants: Vec<String>,
    /// Whether its people need a second factor.
    strict: bool,
    /// How many people have it.
    people: u32,
}

/// Every role.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_roles() -> rpc::Answer<Vec<RoleRow>> {
    let (services, caller) = rpc::ctx()?;
    let roles = services.roles.roles(&caller).await?;
    Ok(roles
        .into_iter()
        .map(|state| {
            let role = state.role;
            RoleRow {
                key: role.as_str().to_owned(),
                name: role.name().to_owned(),
                made: matches!(role, api::Role::Custom(_)),
                strict: state.strict,
                people: state.people,
                grants: role.grants(),
            }
        })
        .collect())
}

/// Every permission there is, area by area, each area with its `area:*`.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_grants() -> rpc::Answer<Vec<(String, Vec<String>)>> {
    let (services, caller) = rpc::ctx()?;
    services.roles.roles(&caller).await?;
    let mut areas: Vec<(String, Vec<String>)> = Vec::new();
    for permission in api::Permission::ALL {
        let (area, text) = (permission.area(), permission.as_str().to_owned());
        match areas.iter_mut().find(|(known, _)| known == area) {
            Some((_, texts)) => texts.push(text),
            None => areas.push((area.to_owned(), vec![format!("{area}:*"), text])),
        }
    }
    Ok(areas)
}

/// Makes a role, or makes one into another.
#[server(output = Postcard)]
pub async fn save_role(
    id: String,
    name: String,
    #[server(default)] grants: Vec<String>,
) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let grants: Result<Vec<api::Grant>, String> = grants.iter().map(|text| text.parse()).collect();
    let grants = grants.map_err(|words| api::Error::field("grants", words))?;
    let change = api::RoleChange { name, grants };
    if id.is_empty() {
        services.roles.add_role(&caller, change).await?;
    } else {
        let id = api::RoleId(id);
        services.roles.edit_role(&caller, &id, change).await?;
    }
    rpc::redirect("/people/roles");
    Ok(())
}

/// Removes a role, or says whether it needs a second factor, by which button was pressed.
#[server(output = Postcard)]
pub async fn change_role(key: String, intent: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let roles = &services.roles;
    let changed = match intent.as_str() {
        "strict" => roles.set_role_strict(&caller, &key, true).await,
        "free" => roles.set_role_strict(&caller, &key, false).await,
        "remove" => roles.remove_role(&caller, &api::RoleId(key)).await,
        _ => Err(api::Error::invalid(
            "That button is not known. Reload the page.",
        )),
    };
    Ok(changed?)
}

/// The roles.
#[component]
pub fn RolesPage() -> impl IntoView {
    let SessionContext(session) = expect_context();
    let change = ServerAction::<ChangeRole>::new();
    let save = ServerAction::<SaveRole>::new();
    tell(change.value(), "Changed");
    let roles = wire::load(
        move || (change.version().get(), save.version().get()),
        |_| list_roles(),
    );
    let query = use_query_map();
    view! {
        <Title text="Roles"/>
        <PageHead title="Roles" lede="What people may do, and which of them need a second step when they sign in."/>
        <PeopleTabs roles=true/>
        <FormProblem answer=change.value()/>
        <FormProblem answer=save.value()/>
        <Transition fallback=|| view! { <Card><Skeleton/></Card> }>
            {awaited(move || {
                let edited = query.read().get("edit");
                async move {
                    let may_manage = session.await.is_ok_and(|session| session.may_manage);
                    match roles.await {
                        Ok(roles) => {
                            let edited = roles.iter().find(|role| role.made && Some(&role.key) == edited.as_ref());
                            let edited = edited.cloned();
                            view! {
                                <Card flush=true>
                                    <RoleTable roles change may_manage/>
                                </Card>
                                {may_manage.then(|| view! { <RoleForm edited save/> })}
                            }
                                .into_any()
                        }
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                }
            })}
        </Transition>
    }
}

#[component]
fn RoleTable(
    roles: Vec<RoleRow>,
    change: ServerAction<ChangeRole>,
    may_manage: bool,
) -> impl IntoView {
    let columns = vec![
        Column::text("Role"),
        Column::text("May"),
        Column::number("People", ""),
        Column::text("Second step"),
        Column::actions("Change"),
    ];
    view! {
        <Table caption="Roles" columns>
            {roles.into_iter().map(|role| role_row(role, change, may_manage)).collect_view()}
        </Table>
    }
}

fn role_row(role: RoleRow, change: ServerAction<ChangeRole>, may_manage: bool) -> impl IntoView {
    let (intent, words) = if role.strict {
        ("free", "Do not ask for a second step")
    } else {
        ("strict", "Ask for a second step")
    };
    let (tone, factor) = if role.strict {
        (Tone::Good, "needed")
    } else {
        (Tone::Neutral, "as each likes")
    };
    let label = format!("{words}: {}", role.name);
    let href = format!("/people/roles?edit={}", role.key);
    let key = role.key.clone();
    view! {
        <tr>
            <td data-label="Role">
                {role.name.clone()}
                {(!role.made).then(|| view! { <span class="quiet">" (given)"</span> })}
            </td>
            <td data-label="May">
                <span class="grants">
                    {role.grants.into_iter().map(|grant| view! { <code>{grant}</code> }).collect_view()}
                </span>
            </td>
            <td data-label="People" class="num">{api::grouped(role.people)}</td>
            <td data-label="Second step"><Badge tone label=factor/></td>
            <td data-label="">
                {may_manage
                    .then(|| {
                        view! {
                            <ActionForm action=change attr:class="row-actions">
                                <input type="hidden" name="key" value=key/>
                                <Button
                                    kind=ButtonKind::Quiet
                                    small=true
                                    attr:name="intent"
                                    attr:value=intent
                                    attr:aria-label=label
                                >
                                    {words}
                                </Button>
                                {role
                                    .made
                                    .then(|| {
                                        view! {
                                            <ButtonLink href=href kind=ButtonKind::Quiet small=true>"Edit"</ButtonLink>
                                            <Button
                                                kind=ButtonKind::Danger
                                                small=true
                                                attr:name="intent"
                                                attr:value="remove"
                                                attr:aria-label=format!("Remove {}", role.name)
                                            >
                                                "Remove"
                                            </Button>
                                        }
                                    })}
                            </ActionForm>
                        }
                    })}
            </td>
        </tr>
    }
}

/// Makes a role, or edits one.
#[component]
fn RoleForm(edited: Option<RoleRow>, save: ServerAction<SaveRole>) -> impl IntoView {
    let areas = wire::load(|| (), |()| list_grants());
    let title = match &edited {
        Some(role) => format!("Edit {}", role.name),
        None => "A role of your own".to_owned(),
    };
    let edits = edited.is_some();
    let (id, name, held) =
        edited.map_or_else(Default::default, |role| (role.key, role.name, role.grants));
    view! {
        <Card title=title note="You can grant what you may do yourself.">
            <ActionForm action=save attr:class="stack">
                <input type="hidden" name="id" value=id/>
                <Field id="role-name" label="Name">
                    <Input name="name" value=name required=true attr:maxlength="60"/>
                </Field>
                <Transition fallback=|| view! { <Skeleton/> }>
                    {awaited(move || {
                        let held = held.clone();
                        async move {
                            match areas.await {
                                Ok(areas) => view! { <Grants areas held/> }.into_any(),
                                Err(failure) => view! { <Problem failure/> }.into_any(),
                            }
                        }
                    })}
                </Transition>
                <div class="row-form">
                    <Button kind=ButtonKind::Primary busy=save.pending()>
                        {if edits { "Save" } else { "Make role" }}
                    </Button>
                    {edits.then(|| view! { <ButtonLink href="/people/roles" kind=ButtonKind::Quiet>"Leave it as it is"</ButtonLink> })}
                </div>
            </ActionForm>
        </Card>
    }
}

#[component]
fn Grants(areas: Vec<(String, Vec<String>)>, held: Vec<String>) -> impl IntoView {
    // Numbered, as the form's lists are read.
    let mut number = 0;
    let sets = areas
        .into_iter()
        .map(|(area, grants)| {
            let boxes = grants
                .into_iter()
                .map(|grant| {
                    let name = format!("grants[{number}]");
                    number += 1;
                    let checked = held.contains(&grant);
                    let label = match grant.strip_suffix(":*") {
                        Some(area) => format!("{grant}: all of {area}, now and later"),
                        None => grant.clone(),
                    };
                    view! { <Checkbox name=name value=grant label=label checked=checked/> }
                })
                .collect_view();
            view! {
                <fieldset class="grant-area">
                    <legend>{area}</legend>
                    {boxes}
                </fieldset>
            }
        })
        .collect_view();
    view! { <div class="grant-areas">{sets}</div> }
}
