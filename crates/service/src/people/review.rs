//! Who has access, as a table for a review.

use api::{ApiKey, Instant, Invitation, Person};

use crate::csv::line;

/// People, invitations and keys, a row each.
pub(super) fn csv(people: &[Person], invitations: &[Invitation], keys: &[ApiKey]) -> String {
    let mut csv =
        String::from("kind,name,role,may,state,second_factor,open_sessions,since,last_seen\r\n");
    let rows = people
        .iter()
        .map(person_row)
        .chain(invitations.iter().map(invitation_row))
        .chain(keys.iter().map(key_row));
    for row in rows {
        csv.push_str(&line(row));
    }
    csv
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
