//! Signing in through another place: `OpenID` Connect with the authorisation code and PKCE.

mod talk;
mod token;

use api::{
    Caller, Entry, Error, Instant, Providers, Result, Returned, Role, Trip, User, UserId, Visit,
};
use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::{NewAccount, StoreError, StoredTrip};
use url::Url;

use crate::account::checked_email;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::{Hub, secret};

pub(crate) use talk::Known;
pub use talk::{Ask, AskFault, Provider};
use token::Claims;

/// How long somebody may take at the provider.
const TRIP: i64 = 10 * Instant::MINUTE;

#[async_trait]
impl Providers for Hub {
    async fn provider(&self, _caller: &Caller) -> Result<Option<String>> {
        Ok(std::future::ready(self.provider.as_ref().map(|it| it.name.clone())).await)
    }

    async fn depart(&self, caller: &Caller, next: &str) -> Result<Trip> {
        let provider = self.set_provider()?;
        let places = self.places(caller, provider).await?;
        let (state, nonce, verifier) = (secret::token(43), secret::token(43), secret::token(64));
        let trip = StoredTrip {
            nonce: nonce.clone(),
            verifier: verifier.clone(),
            next: next.to_owned(),
        };
        let now = self.clock.now();
        self.store
            .put_trip(&secret::fingerprint(&state), &trip, now, now.plus(TRIP))
            .await
            .or_failure(caller)?;
        let mut url = Url::parse(&places.authorization_endpoint).map_err(|_| not_now())?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", &provider.redirect_uri)
            .append_pair("scope", &provider.scopes)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(Trip {
            url: url.into(),
            state,
        })
    }

    async fn arrive(
        &self,
        caller: &Caller,
        kept_state: &str,
        returned: Returned,
        visit: &Visit,
    ) -> Result<(Entry, String)> {
        let provider = self.set_provider()?;
        let said = self.said(caller, provider, kept_state, returned).await;
        let (claims, next) = said.inspect_err(|error| self.turned_away(caller, None, error))?;
        let user = self.whoever(caller, provider, &claims).await;
        let email = address(&claims);
        let user = user.inspect_err(|error| self.turned_away(caller, email, error))?;
        Ok((self.enter(caller, user, visit).await?, next))
    }
}

impl Hub {
    /// Notes who was not let in and why; what failed here or there is in the log.
    fn turned_away(&self, caller: &Caller, email: Option<&str>, error: &Error) {
        if matches!(error, Error::Unavailable { .. } | Error::Internal { .. }) {
            return;
        }
        let email = email.and_then(|email| checked_email(email).ok());
        let what = format!("provider {}", email.as_deref().unwrap_or_default());
        let note = match email {
            Some(email) => Note::of("person.sign_in").on("person", "", email),
            None => Note::of("person.sign_in"),
        };
        let note = note.refused(&error.to_string());
        self.refused.keep(caller, &what, self.clock.now(), note);
    }

    /// What the provider says of somebody who came back from it, and where they wanted to go.
    async fn said(
        &self,
        caller: &Caller,
        provider: &Provider,
        kept_state: &str,
        returned: Returned,
    ) -> Result<(Claims, String)> {
        // Another site's page could send a browser here with an answer of its own.
        if kept_state.is_empty() || kept_state != returned.state {
            return Err(lost());
        }
        let hash = secret::fingerprint(kept_state);
        let trip = self.store.take_trip(&hash, self.clock.now()).await;
        let trip = trip.or_failure(caller)?.ok_or_else(lost)?;
        if let Some(error) = returned.error {
            let error: String = error.chars().take(100).collect();
            tracing::warn!(
                request_id = caller.request_id,
                %error,
                "the provider sent somebody back without a code"
            );
            return Err(refused());
        }
        if returned
            .issuer
            .is_some_and(|issuer| issuer != provider.issuer)
        {
            return Err(lost());
        }
        let code = returned.code.ok_or_else(lost)?;
        let claims = self.claims(caller, provider, &code, &trip).await?;
        Ok((claims, trip.next))
    }

    /// The provider that is set.
    fn set_provider(&self) -> Result<&Provider> {
        let set = self.provider.as_ref();
        set.ok_or_else(|| Error::not_found("provider"))
    }

    /// The person that the provider means; made where they are new, and given the role that their
    /// groups bring.
    async fn whoever(&self, caller: &Caller, provider: &Provider, claims: &Claims) -> Result<User> {
        let subject = claims.get("sub").and_then(Value::as_str);
        let subject = subject.ok_or_else(refused)?;
        let role = self.mapped_role(caller, provider, claims).await?;
        let known = self.store.identity(&provider.issuer, subject).await;
        let mut known = known.or_failure(caller)?;
        if known.is_none() {
            known = self.of_address(caller, provider, claims, subject).await?;
        }
        let Some((user, disabled)) = known else {
            let email = checked_email(address(claims).ok_or_else(no_address)?)?;
            // Its owner would come later, be vouched for, and share the account with whoever made it.
            if !vouched(provider, claims) {
                return Err(Error::field(
                    "unvouched",
                    "The provider does not vouch that your e-mail address is yours. Ask an administrator.",
                ));
            }
            return self.newcomer(caller, provider, subject, email, role).await;
        };
        if disabled {
            return Err(Error::conflict(
                "This account is disabled. Ask an administrator.",
            ));
        }
        match role {
            Some(role) if role != user.role => self.with_role(caller, user, role).await,
            _ => Ok(user),
        }
    }

    /// The person with the address that the provider vouches for, who is known by it from now on.
    async fn of_address(
        &self,
        caller: &Caller,
        provider: &Provider,
        claims: &Claims,
        subject: &str,
    ) -> Result<Option<(User, bool)>> {
        let Some(email) = address(claims) else {
            return Ok(None);
        };
        let found = self.store.user_by_email(email).await.or_failure(caller)?;
        let Some((user, lock)) = found else {
            return Ok(None);
        };
        // Or anybody who can write an address into a profile would be whoever has it here.
        if !vouched(provider, claims) {
            tracing::warn!(request_id = caller.request_id, user = %user.id, "the provider does not vouch for an address that is known here");
            return Err(Error::field(
                "vouch",
                "There is an account with your address already, and the provider does not vouch that it is yours. Sign in with its password.",
            ));
        }
        let issuer = &provider.issuer;
        let note = Note::of("person.link").on_person(&user).by_person(&user);
        let store = self.noting(caller, note.after(issuer));
        let linked = store.put_identity(issuer, subject, &user.id).await;
        linked.or_failure(caller)?;
        Ok(Some((user, lock.disabled_at.is_some())))
    }

    /// The role that the groups bring: the first of the mapping that fits.
    async fn mapped_role(
        &self,
        caller: &Caller,
        provider: &Provider,
        claims: &Claims,
    ) -> Result<Option<Role>> {
        let groups: Vec<&str> = match claims.get(&provider.groups_claim) {
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(group)) => vec![group],
            _ => Vec::new(),
        };
        let mapped = provider
            .roles
            .iter()
            .find(|(group, _)| groups.contains(&group.as_str()))
            .map(|(_, role)| role);
        match mapped {
            Some(name) => self.role_called(caller, name).await,
            None => Ok(None),
        }
    }

    /// The role that people call so: whoever writes the settings does not know ids.
    async fn role_called(&self, caller: &Caller, name: &str) -> Result<Option<Role>> {
        let all = self.store.roles().await.or_failure(caller)?;
        let found = all.into_iter().find(|role| role.name() == name);
        if found.is_none() {
            tracing::error!(
                request_id = caller.request_id,
                role = name,
                "the settings of the provider name a role that is not there"
            );
        }
        Ok(found)
    }

    async fn newcomer(
        &self,
        caller: &Caller,
        provider: &Provider,
        subject: &str,
        email: String,
        role: Option<Role>,
    ) -> Result<User> {
        // Only here: a role that was given by hand is not taken back at the next sign-in.
        let role = match (role, &provider.default_role) {
            (None, Some(name)) => self.role_called(caller, name).await?,
            (role, _) => role,
        };
        let Some(role) = role else {
            return Err(Error::field(
                "roleless",
                "The provider knows you, and none of your groups has a role here. Ask an administrator.",
            ));
        };
        let now = self.clock.now();
        let id = UserId(store::new_id(now));
        let account = NewAccount {
            id: &id,
            email: &email,
            role: &role,
            password_hash: "",
        };
        let note = Note::of("person.add")
            .on("person", &id, &email)
            .after(&serde_json::json!({ "role": role, "provider": provider.issuer }));
        let user = match self.noting(caller, note).insert_user(&account, now).await {
            // Somebody was quicker with the same address: they sign in again and are found.
            Err(StoreError::Unique { .. }) => return Err(lost()),
            made => made.or_failure(caller)?,
        };
        let linked = self
            .store
            .put_identity(&provider.issuer, subject, &id)
            .await;
        linked.or_failure(caller)?;
        tracing::info!(request_id = caller.request_id, user = %id, "somebody signed in through the provider for the first time");
        Ok(user)
    }

    /// The last administrator stays one, whatever the groups say.
    async fn with_role(&self, caller: &Caller, user: User, role: Role) -> Result<User> {
        let note = Note::of("person.role")
            .on_person(&user)
            .before(&user.role)
            .after(&role);
        let store = self.noting(caller, note);
        let changed = store.set_role_unless_last_admin(&user.id, &role).await;
        if changed.or_failure(caller)? {
            return Ok(User { role, ..user });
        }
        tracing::warn!(request_id = caller.request_id, user = %user.id, "the last administrator stays one, whatever their groups say");
        Ok(user)
    }
}

/// The e-mail address that the provider names.
fn address(claims: &Claims) -> Option<&str> {
    claims.get("email").and_then(Value::as_str)
}

/// Whether the provider says that the address is theirs.
fn vouched(provider: &Provider, claims: &Claims) -> bool {
    match claims.get("email_verified") {
        Some(said) => *said == Value::Bool(true),
        None => provider.vouches,
    }
}

/// What is shown of the verifier (RFC 7636, S256).
fn challenge(verifier: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()))
}

/// The trip took too long, was ended already, or was somebody else's.
fn lost() -> Error {
    Error::not_found("sign-in that is under way")
}

fn refused() -> Error {
    Error::field("provider", "The provider did not sign you in.")
}

fn no_address() -> Error {
    Error::field(
        "address",
        "The provider does not say your e-mail address. Ask an administrator.",
    )
}

/// The provider does not answer, or not as it should; why stands in the log.
fn not_now() -> Error {
    Error::Unavailable {
        message: "The provider does not answer as it should. Sign in with a password, or try again in a moment.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
