//! Who can sign in: invitations, roles, and the review of it all.

mod review;

use api::{
    Caller, Entry, Error, Instant, Invitation, InvitationId, NewInvitation, NewSecret, People,
    Permission, Person, Result, Role, User, UserId, Visit, Who,
};
use async_trait::async_trait;
use store::{NewAccount, StoreError};

use crate::account::{check_password, checked_email};
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::{require, require_all_of, require_all_on, require_on};
use crate::{Hub, secret};

/// How long an invitation is good, and one to a new password.
const INVITATION: i64 = 7 * Instant::DAY;
const NEW_PASSWORD: i64 = Instant::DAY;

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
        let now = self.clock.now();
        let invitations = self.store.invitations(now).await.or_failure(caller)?;
        let earlier = invitations.into_iter().find(|it| it.email == email);
        if let Some(earlier) = &earlier {
            // It gives way, and nobody takes from others what they do not have themselves.
            require_all_of(caller, &earlier.role)?;
        }
        let made = Invitation {
            id: InvitationId(store::new_id(now)),
            email,
            role,
            of: None,
            invited_by: inviting(caller),
            created_at: now,
            expires_at: now.plus(INVITATION),
        };
        let note = Note::of("person.invite")
            .on("invitation", &made.id, &made.email)
            .before(&earlier.map(|earlier| earlier.role))
            .after(&made.role);
        self.keep_invitation(caller, made, note).await
    }

    async fn offer_password(&self, caller: &Caller, id: &UserId) -> Result<NewSecret<Invitation>> {
        require_on(caller, Permission::AccessWrite, "user")?;
        let user = self.person_within(caller, id).await?;
        // Whoever found an open session would have the account.
        if caller.user_id() == Some(id) {
            return Err(Error::conflict(
                "Your own password is changed on the page of your account, which asks for the present one.",
            ));
        }
        let kept = self.store.password_hash(id).await.or_failure(caller)?;
        if kept.unwrap_or_default().is_empty() {
            return Err(Error::conflict(
                "They sign in through another provider and have no password here.",
            ));
        }
        let now = self.clock.now();
        let note = Note::of("person.offer_password").on_person(&user);
        let made = Invitation {
            id: InvitationId(store::new_id(now)),
            email: user.email,
            role: user.role,
            of: Some(user.id),
            invited_by: inviting(caller),
            created_at: now,
            expires_at: now.plus(NEW_PASSWORD),
        };
        self.keep_invitation(caller, made, note).await
    }

    async fn withdraw_invitation(&self, caller: &Caller, id: &InvitationId) -> Result<()> {
        require_on(caller, Permission::AccessWrite, "invitation")?;
        let now = self.clock.now();
        let invitations = self.store.invitations(now).await.or_failure(caller)?;
        let found = invitations.into_iter().find(|found| found.id == *id);
        let found = found.ok_or_else(|| Error::not_found("invitation"))?;
        let may = found.role.permissions();
        require_all_on(caller, &may, Permission::AccessWrite, "invitation")?;
        let note = Note::of("person.withdraw").on("invitation", id, &found.email);
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
        if let Some(id) = &invitation.of {
            let user = self.take_password(caller, token, id, &hash).await?;
            return self.enter(caller, user, visit).await;
        }
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
        require_on(caller, Permission::AccessWrite, "user")?;
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
        require_on(caller, Permission::AccessWrite, "user")?;
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
        require_on(caller, Permission::AccessWrite, "user")?;
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
        Ok(review::csv(&people, &invitations, &keys))
    }
}

impl Hub {
    /// Keeps an invitation; answers it with the token of its link.
    async fn keep_invitation(
        &self,
        caller: &Caller,
        made: Invitation,
        note: Note,
    ) -> Result<NewSecret<Invitation>> {
        let secret = secret::token(43);
        let store = self.noting(caller, note);
        let kept = store
            .put_invitation(&made, &secret::fingerprint(&secret))
            .await;
        kept.or_failure(caller)?;
        Ok(NewSecret { made, secret })
    }

    /// Sets the password that somebody chose with a link. A second factor is asked for all the same.
    async fn take_password(
        &self,
        caller: &Caller,
        token: &str,
        id: &UserId,
        hash: &str,
    ) -> Result<User> {
        let none = || Error::not_found("invitation");
        let user = self.store.user(id).await.or_failure(caller)?;
        let user = user.ok_or_else(none)?;
        let note = Note::of("person.renew_password")
            .on_person(&user)
            .by_person(&user);
        let store = self.noting(caller, note);
        let taken = store
            .accept_password(&secret::fingerprint(token), id, hash, self.clock.now())
            .await;
        // Who was disabled since learns no more than a stranger.
        if !taken.or_failure(caller)? {
            return Err(none());
        }
        tracing::info!(request_id = caller.request_id, user = %id, "a new password was chosen with a link");
        Ok(user)
    }

    /// A person who may do no more than the caller.
    ///
    /// # Errors
    /// `NotFound` where there is none, `Forbidden` where they may do more and the caller sees people.
    pub(crate) async fn person_within(&self, caller: &Caller, id: &UserId) -> Result<User> {
        let user = self.store.user(id).await.or_failure(caller)?;
        let user = user.ok_or_else(|| Error::not_found("user"))?;
        let may = user.role.permissions();
        require_all_on(caller, &may, Permission::AccessWrite, "user")?;
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

/// Who invites, as the list of invitations says.
fn inviting(caller: &Caller) -> String {
    match &caller.who {
        Who::User { email, .. } => email.clone(),
        Who::Key { name, .. } => format!("the key {name}"),
        _ => "the command line".to_owned(),
    }
}

fn unless_last(done: bool) -> Result<()> {
    if done {
        Ok(())
    } else {
        Err(Error::conflict(LAST))
    }
}
