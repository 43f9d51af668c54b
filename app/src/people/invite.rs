//! The page that an invitation's link opens.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use ui::{Button, ButtonKind, ButtonLink, Field, Input};

use crate::account::{Lone, NewPassword, failed};
use crate::awaited::awaited;
use crate::problem::Problem;
use crate::{rpc, wire};

/// What an invitation offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    email: String,
    role: String,
    /// Whether it is for somebody who can sign in already.
    renews: bool,
}

/// What an invitation offers.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_invitation(token: String) -> rpc::Answer<Offered> {
    let (services, caller) = rpc::ctx()?;
    let offered = services.people.invitation(&caller, &token).await?;
    Ok(Offered {
        email: offered.email,
        role: offered.role.name().to_owned(),
        renews: offered.of.is_some(),
    })
}

/// The page that an invitation's link opens.
#[component]
pub fn InvitePage() -> impl IntoView {
    let query = use_query_map();
    let token = move || query.read().get("token").unwrap_or_default();
    let offered = wire::load(token, load_invitation);
    view! {
        <Transition>
            {awaited(move || async move {
                match offered.await {
                    Ok(Offered { email, role, renews }) => {
                        let hint = format!("You sign in with it, as {role}.");
                        let (title, lede) = if renews {
                            (
                                "A new password",
                                "Choose it, and you are in. Wherever you are signed in now, you are signed out.",
                            )
                        } else {
                            ("You are invited", "Choose a password, and you are in.")
                        };
                        view! {
                            <Lone title lede>
                                {move || failed(query.read().get("error"))}
                                <form method="post" action="/auth/accept" class="stack">
                                    <input type="hidden" name="token" value=token/>
                                    <Field id="email" label="E-mail" hint=hint>
                                        <Input
                                            name="email"
                                            r#type="email"
                                            value=email
                                            attr:readonly=true
                                            attr:autocomplete="username"
                                        />
                                    </Field>
                                    <NewPassword name="password" label="Password"/>
                                    <Button kind=ButtonKind::Primary>"Choose it and sign in"</Button>
                                </form>
                            </Lone>
                        }
                            .into_any()
                    }
                    Err(rpc::Failure(error @ api::Error::NotFound { .. })) => {
                        rpc::set_status(&error);
                        view! {
                            <Lone
                                title="This link is of no use any more"
                                lede="Each works once, and not for long. Ask whoever sent it for another, or sign in if you took it up already."
                            >
                                <ButtonLink href="/login">"Sign in"</ButtonLink>
                            </Lone>
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}
