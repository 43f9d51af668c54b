//! API keys in the settings: made, rotated, revoked.

use api::ApiKey;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use serde::{Deserialize, Serialize};
use ui::{
    Button, ButtonKind, ButtonLink, Card, Checkbox, Column, Empty, Field, Input, Select,
    SelectOption, Skeleton, Table, When,
};

use crate::awaited::awaited;
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::wire;

/// A key in words.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    /// The key.
    pub key: ApiKey,
    /// What it may do.
    pub may: String,
    /// Whether it is good no longer.
    pub over: bool,
}

/// Every key, and what a key can be given.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_keys() -> rpc::Answer<(Vec<Told>, Vec<String>)> {
    let (services, caller) = rpc::ctx()?;
    let keys = services.keys.list(&caller).await?;
    let now = services.series.now(&caller).await?;
    let told = keys
        .into_iter()
        .map(|key| {
            let scopes: Vec<_> = key.scopes.iter().map(|s| s.as_str()).collect();
            let mut may = scopes.join(", ");
            if let Some(rate) = key.rate {
                may = format!("{may}, at most {} samples/s", api::grouped(rate));
            }
            let over = key.expires_at.is_some_and(|end| end <= now);
            Told { key, may, over }
        })
        .collect();
    let scopes = api::Scope::all().map(|s| s.as_str().to_owned()).collect();
    Ok((told, scopes))
}

/// Makes a key; its secret is shown on the page that follows, once.
#[server(output = Postcard)]
pub async fn add_key(
    name: String,
    #[server(default)] scopes: Vec<String>,
    #[server(default)] rate: String,
    #[server(default)] days: String,
) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let rate = rpc::whole("rate", &rate)?;
    let scopes: Result<Vec<api::Scope>, String> = scopes.iter().map(|s| s.parse()).collect();
    let scopes = scopes.map_err(|words| api::Error::field("scopes", words))?;
    let expires_at = match rpc::whole("days", &days)? {
        Some(days) => {
            let now = services.series.now(&caller).await?;
            Some(now.plus(i64::from(days) * api::Instant::DAY))
        }
        None => None,
    };
    let new = api::NewKey {
        name,
        scopes,
        rate,
        expires_at,
    };
    let new = services.keys.add(&caller, new).await?;
    rpc::reveal_on("/settings", &new.made.id.0, new.secret)
}

/// Gives a key another secret, which is shown on the page that follows, once.
#[server(output = Postcard)]
pub async fn rotate_key(id: String, grace_hours: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let hours = rpc::whole("grace_hours", &grace_hours)?.unwrap_or(0);
    let seconds = hours.saturating_mul(3_600);
    let new = services
        .keys
        .rotate(&caller, &api::KeyId(id), seconds)
        .await?;
    rpc::reveal_on("/settings", &new.made.id.0, new.secret)
}

/// Makes a key useless.
#[server(output = Postcard)]
pub async fn revoke_key(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.keys.revoke(&caller, &api::KeyId(id)).await?)
}

/// The keys that programs use.
#[component]
pub fn Keys() -> impl IntoView {
    let add = ServerAction::<AddKey>::new();
    let rotate = ServerAction::<RotateKey>::new();
    let revoke = ServerAction::<RevokeKey>::new();
    let versions = move || {
        let (added, rotated) = (add.version().get(), rotate.version().get());
        (added, rotated, revoke.version().get())
    };
    let keys = wire::load(versions, |_| list_keys());
    view! {
        <Card title="API keys" flush=true>
            <FormProblem answer=add.value()/>
            <FormProblem answer=rotate.value()/>
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match keys.await {
                        Ok((keys, scopes)) => {
                            view! {
                                {keys
                                    .is_empty()
                                    .then(|| {
                                        view! {
                                            <Empty
                                                title="No keys yet"
                                                text="A program that sends samples or reads them needs one."
                                            />
                                        }
                                    })}
                                {(!keys.is_empty()).then(|| view! { <KeyTable keys rotate revoke/> })}
                                <NewKeyForm scopes add/>
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
fn NewKeyForm(scopes: Vec<String>, add: ServerAction<AddKey>) -> impl IntoView {
    let ends = [
        ("", "never"),
        ("30", "in 30 days"),
        ("90", "in 90 days"),
        ("365", "in a year"),
    ];
    let ends = ends
        .map(|(days, words)| SelectOption::new(days, words))
        .to_vec();
    view! {
        <ActionForm action=add attr:class="row-form card-foot">
            <Field id="key-name" label="Name" hint="Where it will be used.">
                <Input name="name" required=true/>
            </Field>
            <Field id="key-rate" label="At most" optional=true hint="A burst of ten seconds is let through.">
                <Input name="rate" r#type="number" suffix="samples/s" attr:min="1"/>
            </Field>
            <Field id="key-days" label="Ends">
                <Select name="days" options=ends/>
            </Field>
            <fieldset class="choices">
                <legend>"May"</legend>
                {scopes
                    .into_iter()
                    .map(|scope| {
                        let checked = scope == "data:ingest";
                        view! { <Checkbox name="scopes[]" label=scope.clone() value=scope checked/> }
                    })
                    .collect_view()}
            </fieldset>
            <Button busy=add.pending()>"Make key"</Button>
            <ButtonLink href="/api/docs" kind=ButtonKind::Quiet attr:rel="external">"What a key can do"</ButtonLink>
        </ActionForm>
    }
}

#[component]
fn KeyTable(
    keys: Vec<Told>,
    rotate: ServerAction<RotateKey>,
    revoke: ServerAction<RevokeKey>,
) -> impl IntoView {
    let columns = vec![
        Column::text("Name"),
        Column::text("Begins with"),
        Column::text("May"),
        Column::text("Made"),
        Column::text("Last used"),
        Column::text("Ends"),
        Column::actions("Rotate or revoke"),
    ];
    view! {
        <Table caption="API keys" columns>
            {keys.into_iter().map(|told| key_row(told, rotate, revoke)).collect_view()}
        </Table>
    }
}

fn key_row(
    told: Told,
    rotate: ServerAction<RotateKey>,
    revoke: ServerAction<RevokeKey>,
) -> impl IntoView {
    let Told { key, may, over } = told;
    let (id, revoked) = (key.id.0.clone(), key.id.0);
    let grace = [
        ("0", "at once"),
        ("1", "in an hour"),
        ("24", "in a day"),
        ("168", "in a week"),
    ];
    let grace = grace
        .map(|(hours, words)| SelectOption::new(hours, words))
        .to_vec();
    view! {
        <tr>
            <td data-label="Name">{key.name.clone()}</td>
            <td data-label="Begins with"><code>{key.prefix}"…"</code></td>
            <td data-label="May">{may}</td>
            <td data-label="Made"><When at=key.created_at.0/></td>
            <td data-label="Last used">{instant(key.last_used_at, "never")}</td>
            <td data-label="Ends">
                {instant(key.expires_at, "never")}
                {over.then_some(", it is over")}
                {key.old_secret_until.map(|until| view! { <p class="quiet">"the old secret " <When at=until.0/></p> })}
            </td>
            <td data-label="">
                <details class="inline-confirm">
                    <summary aria-label=format!("Rotate {}", key.name)>"Rotate"</summary>
                    <ActionForm action=rotate>
                        <input type="hidden" name="id" value=id/>
                        <Select name="grace_hours" options=grace value="24" label="The old secret ends"/>
                        <Button small=true>"Make another secret"</Button>
                    </ActionForm>
                </details>
                <ActionForm action=revoke>
                    <input type="hidden" name="id" value=revoked/>
                    <Button kind=ButtonKind::Quiet small=true>"Revoke"</Button>
                </ActionForm>
            </td>
        </tr>
    }
}

fn instant(at: Option<api::Instant>, otherwise: &'static str) -> AnyView {
    match at {
        Some(at) => view! { <When at=at.0/> }.into_any(),
        None => view! { <span class="quiet">{otherwise}</span> }.into_any(),
    }
}
