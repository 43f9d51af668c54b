//! Who can sign in: invitations, roles, and the review of it all.

use api::{
    ApiKey, Caller, Entry, Error, Instant, Invitation, InvitationId, NewInvitation, NewSecret,
    People, Permission, Person, Result, Role, User, UserId, Visit, Who,
};
use async_trait::async_trait;
use store::{NewAccount, StoreError};

use crate::account::{check_password, checked_email};
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::{require, require_all_of};
use crate::{Hub, secret};

/// How long an invitation is good.
const INVITATION: i64 = 7 * Instant::DAY;

/// What is said where nobody would be left to let others in.
const LAST: &str = "This is the last administrator who can sign in: without one nobody could let others in. Make another first.";

#[async_trait]
impl People for Hub {
    async fn people(&self, caller: &Caller) -> Result<Vec<Person>> {
        require(caller, Permission::AccessRead)?;
        let now = self.clock.now();
        let people = self.store.people(now, self.idle_since(now)).await;
        people.or_failure(caller)
    }

    async fn invitations(&self, caller: &Caller) -> Result<Vec<Invitation>> {
        require(caller, Permission::AccessRead)?;
        let invitations = self.store.invitations(self.clock.now()).await;
        invitations.or_failure(caller)
    }

    async fn invite(&self, caller: &Caller, new: NewInvitation) -> Result<NewSecret<Invitation>> {
        require(caller, Permission::AccessWrite)?;
        let email = checked_email(&new.email)?;
        let role = self.role_named(caller, &new.role).await?;
        require_all_of(caller, &role)?;
        let known = self.store.user_by_email(&email).await.or_failure(caller)?;
        if known.is_some() {
            let words = format!("{email} can sign in already.");
            return Err(Error::field("email", words));
        }
        let token = secret::token(43);
        let now = self.clock.now();
        let invited_by = match &caller.who {
            Who::User { email, .. } => email.clone(),
            Who::Key { name, .. } => format!("the key {name}"),
            _ => "the command line".to_owned(),
        };
        let made = Invitation {
            id: InvitationId(store::new_id(now)),
            email,
            role,
            invited_by,
            created_at: now,
            expires_at: now.plus(INVITATION),
        };
        let hash = secret::fingerprint(&token);
        let note = Note::of("person.invite")
            .on("invitation", &made.id, &made.email)
            .after(&made.role);
        let store = self.noting(caller, note);
        let kept = store.put_invitation(&made, &hash).await;
        kept.or_failure(caller)?;
        Ok(NewSecret {
            made,
            secret: token,
        })
    }

    async fn withdraw_invitation(&self, caller: &Caller, id: &InvitationId) -> Result<()> {
        require(caller, Permission::AccessWrite)?;
        let note = Note::of("person.withdraw").on("invitation", id, "");
        let store = self.noting(caller, note);
        let gone = store.delete_invitation(id).await;
        if gone.or_failure(caller)? {
            Ok(())
        } else {
            Err(Error::not_found("invitation"))
        }
    }

    async fn invitation(&self, caller: &Caller, token: &str) -> Result<Invitation> {
        let hash = secret::fingerprint(token);
        let found = self.store.invitation(&hash, self.clock.now()).await;
        found
            .or_failure(caller)?
            .ok_or_else(|| Error::not_found("invitation"))
    }

    async fn accept_invitation(
        &self,
        caller: &Caller,
        token: &str,
        password: &str,
        visit: &Visit,
    ) -> Result<Entry> {
        let invitation = self.invitation(caller, token).await?;
        check_password("password", password, &invitation.email)?;
        let hash = self.hash(caller, password.to_owned()).await?;
        let now = self.clock.now();
        let user = User {
            id: UserId(store::new_id(now)),
            email: invitation.email,
            role: invitation.role,
            created_at: now,
            last_seen_at: None,
        };
        let account = NewAccount {
            id: &user.id,
            email: &user.email,
            role: &user.role,
            password_hash: &hash,
        };
        let token = secret::fingerprint(token);
        let note = Note::of("person.accept")
            .on_person(&user)
            .by_person(&user)
            .after(&user.role);
        let store = self.noting(caller, note);
        let accepted = match store.accept_invitation(&token, &account, now).await {
            Err(StoreError::Unique { .. }) => Err(Error::conflict(
                "This address can sign in already. Sign in with its password.",
            )),
            answer => answer.or_failure(caller),
        };
        if !accepted? {
            return Err(Error::not_found("invitation"));
        }
        tracing::info!(request_id = caller.request_id, user = %user.id, "an invitation was taken up");
        self.enter(caller, user, visit).await
    }

    async fn change_role(&self, caller: &Caller, id: &UserId, role: &str) -> Result<()> {
        require(caller, Permission::AccessWrite)?;
        let role = self.role_named(caller, role).await?;
        require_all_of(caller, &role)?;
        let user = self.person_within(caller, id).await?;
        if user.role == role {
            return Ok(());
        }
        let note = Note::of("person.role")
            .on_person(&user)
            .before(&user.role)
            .after(&role);
        let store = self.noting(caller, note);
        let changed = store.set_role_unless_last_admin(id, &role).await;
        unless_last(changed.or_failure(caller)?)
    }

    async fn set_enabled(&self, caller: &Caller, id: &UserId, enabled: bool) -> Result<()> {
        require(caller, Permission::AccessWrite)?;
        let user = self.person_within(caller, id).await?;
        let note = |action| Note::of(action).on_person(&user);
        if enabled {
            let store = self.noting(caller, note("person.enable"));
            return store.enable(id).await.or_failure(caller);
        }
        let now = self.clock.now();
        let store = self.noting(caller, note("person.disable"));
        let disabled = store.disable_unless_last_admin(id, now).await;
        unless_last(disabled.or_failure(caller)?)
    }

    async fn reset_factors(&self, caller: &Caller, id: &UserId) -> Result<()> {
        require(caller, Permission::AccessWrite)?;
        let user = self.person_within(caller, id).await?;
        // Whoever found an open session would have the account.
        if caller.user_id() == Some(id) {
            return Err(Error::conflict(
                "Your own second step is removed on the page of your account, which asks for your password.",
            ));
        }
        let store = self.noting(caller, Note::of("factor.reset").on_person(&user));
        store.reset_factors(id).await.or_failure(caller)?;
        let ended = self.store.delete_sessions_of(id, None).await;
        ended.or_failure(caller).map(drop)
    }

    async fn access_review(&self, caller: &Caller) -> Result<String> {
        require(caller, Permission::AccessRead)?;
        let now = self.clock.now();
        let people = self.store.people(now, self.idle_since(now)).await;
        let people = people.or_failure(caller)?;
        let invitations = self.store.invitations(now).await.or_failure(caller)?;
        let keys = self.store.keys().await.or_failure(caller)?;
        self.audit(caller, Note::of("access.review")).await?;
        let mut csv = String::from(
            "kind,name,role,may,state,second_factor,open_sessions,since,last_seen\r\n",
        );
        let rows = people
            .iter()
            .map(person_row)
            .chain(invitations.iter().map(invitation_row))
            .chain(keys.iter().map(key_row));
        for row in rows {
            let cells = row.map(|text| cell(&text));
            csv.push_str(&cells.join(","));
            csv.push_str("\r\n");
        }
        Ok(csv)
    }
}

impl Hub {
    /// A person who may do no more than the caller.
    ///
    /// # Errors
    /// `NotFound` where there is none, `Forbidden` where they may do more.
    pub(crate) async fn person_within(&self, caller: &Caller, id: &UserId) -> Result<User> {
        let user = self.store.user(id).await.or_failure(caller)?;
        let user = user.ok_or_else(|| Error::not_found("user"))?;
        require_all_of(caller, &user.role)?;
        Ok(user)
    }

    /// The role that goes by that name in forms.
    ///
    /// # Errors
    /// `Invalid` where there is none.
    pub(crate) async fn role_named(&self, caller: &Caller, name: &str) -> Result<Role> {
        if let Ok(role) = name.parse() {
            return Ok(role);
        }
        let made = self.store.custom_role(&name.into()).await;
        made.or_failure(caller)?
            .map(Role::Custom)
            .ok_or_else(|| Error::field("role", "There is no such role. Choose one of the list."))
    }
}

fn unless_last(done: bool) -> Result<()> {
    if done {
        Ok(())
    } else {
        Err(Error::conflict(LAST))
    }
}

type Row = [String; 9];

fn person_row(person: &Person) -> Row {
    let user = &person.user;
    let state = match person.disabled_at {
        Some(at) => format!("disabled since {}", date(at)),
        None => "active".to_owned(),
    };
    let factor = match (person.totp, person.passkeys > 0, person.needs_factor) {
        (true, true, _) => "authenticator and passkey",
        (true, false, _) => "authenticator",
        (false, true, _) => "passkey",
        (false, false, true) => "none, and needs one",
        (false, false, false) => "none",
    };
    [
        "person".to_owned(),
        user.email.clone(),
        user.role.name().to_owned(),
        user.role.grants().join(" "),
        state,
        factor.to_owned(),
        person.sessions.to_string(),
        date(user.created_at),
        user.last_seen_at.map_or_else(|| "never".to_owned(), date),
    ]
}

fn invitation_row(invitation: &Invitation) -> Row {
    [
        "invitation".to_owned(),
        invitation.email.clone(),
        invitation.role.name().to_owned(),
        invitation.role.grants().join(" "),
        format!(
            "invited by {} until {}",
            invitation.invited_by,
            date(invitation.expires_at)
        ),
        String::new(),
        String::new(),
        date(invitation.created_at),
        String::new(),
    ]
}

fn key_row(key: &ApiKey) -> Row {
    let scopes = key.scopes.iter();
    [
        "key".to_owned(),
        format!("{} ({}…)", key.name, key.prefix),
        String::new(),
        scopes
            .map(|scope| scope.permission().as_str())
            .collect::<Vec<_>>()
            .join(" "),
        "active".to_owned(),
        String::new(),
        String::new(),
        date(key.created_at),
        key.last_used_at.map_or_else(|| "never".to_owned(), date),
    ]
}

fn date(at: Instant) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(
        |_| String::new(),
        |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

/// A cell that is text in every spreadsheet: one that begins like a formula gets an apostrophe.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = text.replace('"', "\"\"");
    format!("\"{}{text}\"", if formula { "'" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two() {
        assert_eq!(cell("=cmd()@x.org"), "\"'=cmd()@x.org\"");
        assert_eq!(cell("a\",\"b"), "\"a\"\",\"\"b\"");
    }
}
