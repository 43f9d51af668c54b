//! Every operation × every kind of caller: who is refused, and that nobody is refused for another reason.
//!
//! The list of operations is read from the traits in `api` as well, so that a new one without a row fails.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::{
    Caller, Credentials, CustomRole, Error, FindingFilter, Instant, LimitChange, NewInvitation,
    NewKey, Permission, Range, Refusals, Role, RoleChange, RunwayFilter, Scope, SeriesChange,
    SeriesFilter, Services, Visit, Who,
};
use fakes::FixedClock;
use service::{Bus, Hub, Settings};
use store::metrics::ChunkStore;
use store::{DatabaseUrl, Store};

use crate::home::influx;
use crate::things::{Things, a, cash_terms, payment, rule, target, terms};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum May {
    /// Who holds the permission.
    Hold(Permission),
    /// Who holds both: the second is what is given, and nobody gives more than they have.
    Give(Permission, Permission),
    /// Every signed-in person.
    Person,
    /// The server itself.
    System,
    /// Everybody who is known, people and keys alike.
    Known,
    /// Everybody with a secret, which nobody here has.
    Secret,
    /// Everybody: it establishes who somebody is.
    All,
}

pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;
pub(crate) type Call = Box<dyn Fn(Services, Caller) -> Answer>;

/// Drops the value of an operation: only the refusal counts.
fn call<F, T>(f: impl Fn(Services, Caller) -> F + 'static) -> Call
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    Box::new(move |services, caller| {
        let answer = f(services, caller);
        Box::pin(async move { answer.await.map(|_| ()) })
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "a table: an operation and who may call it"
)]
pub(crate) fn operations() -> Vec<(&'static str, May, Call)> {
    use May::{All, Give, Hold, Known, Person, Secret, System};
    use Permission::{
        AccessRead, AccessWrite, AuditRead, AuditWrite, DataIngest, MonitoringRead, MonitoringWrite,
    };
    let credentials = || Credentials {
        email: "x@example.org".into(),
        password: "a long enough password".into(),
    };
    let range = Range {
        from: Instant(0),
        to: Instant(1),
    };
    let promotion = || api::CalendarChange {
        name: "x".into(),
        kind: api::EntryKind::Promotion,
        first: "2026-11-27".into(),
        last: "2026-11-27".into(),
        touches: api::Touches::All,
    };
    let import = |c: &str| api::ImportId(c.into());
    vec![
        (
            "accounts.set_up_state",
            All,
            call(|s, c| async move { s.accounts.set_up_state(&c).await }),
        ),
        (
            "accounts.set_up_token",
            System,
            call(|s, c| async move { s.accounts.set_up_token(&c).await }),
        ),
        (
            "accounts.set_up_fits",
            All,
            call(|s, c| async move { s.accounts.set_up_fits(&c, "wrong").await }),
        ),
        (
            "accounts.set_up",
            All,
            call(move |s, c| async move {
                let visit = Visit::default();
                s.accounts.set_up(&c, "wrong", credentials(), &visit).await
            }),
        ),
        (
            "accounts.sign_in",
            All,
            call(move |s, c| async move {
                s.accounts
                    .sign_in(&c, credentials(), &Visit::default())
                    .await
            }),
        ),
        (
            "accounts.sign_out",
            All,
            call(|s, c| async move { s.accounts.sign_out(&c, "none").await }),
        ),
        (
            "accounts.of_session",
            All,
            call(|s, c| async move { s.accounts.of_session(&c, "none", true).await }),
        ),
        (
            "accounts.me",
            Person,
            call(|s, c| async move { s.accounts.me(&c).await }),
        ),
        (
            "accounts.change_password",
            Person,
            call(|s, c| async move {
                let visit = Visit::default();
                s.accounts.change_password(&c, "x", "y", &visit).await
            }),
        ),
        (
            "accounts.sessions",
            Person,
            call(|s, c| async move { s.accounts.sessions(&c).await }),
        ),
        (
            "accounts.end_session",
            Person,
            call(|s, c| async move { s.accounts.end_session(&c, &"none".into()).await }),
        ),
        (
            "accounts.end_other_sessions",
            Person,
            call(|s, c| async move { s.accounts.end_other_sessions(&c, &"none".into()).await }),
        ),
        (
            "accounts.users",
            Hold(AccessRead),
            call(|s, c| async move { s.accounts.users(&c).await }),
        ),
        (
            "accounts.remove_user",
            Hold(AccessWrite),
            call(|s, c| async move { s.accounts.remove_user(&c, &a(|it| &it.user)).await }),
        ),
        (
            "audit.entries",
            Hold(AuditRead),
            call(|s, c| async move {
                let filter = api::AuditFilter::default();
                s.audit.entries(&c, filter, None, 9).await
            }),
        ),
        (
            "audit.begin_export",
            Hold(AuditRead),
            call(|s, c| async move {
                let filter = api::AuditFilter::default();
                s.audit
                    .begin_export(&c, &filter, api::AuditFormat::Csv)
                    .await
            }),
        ),
        (
            "audit.export_entries",
            Hold(AuditRead),
            call(|s, c| async move {
                let filter = api::AuditFilter::default();
                s.audit.export_entries(&c, &filter, 0).await
            }),
        ),
        (
            "audit.retention",
            Hold(AuditRead),
            call(|s, c| async move { s.audit.retention(&c).await }),
        ),
        (
            "audit.set_retention",
            Hold(AuditWrite),
            call(|s, c| async move { s.audit.set_retention(&c, None).await }),
        ),
        (
            "boards.boards",
            Hold(MonitoringRead),
            call(|s, c| async move { s.boards.boards(&c).await }),
        ),
        (
            "boards.board",
            Hold(MonitoringRead),
            call(|s, c| async move {
                let range = Range {
                    from: Instant(0),
                    to: Instant(60 * Instant::SECOND),
                };
                let board = s.boards.board(&c, "node", None, range).await;
                match board {
                    Err(Error::NotFound { .. }) => Ok(None),
                    board => board.map(Some),
                }
            }),
        ),
        (
            "caches.caches",
            Hold(MonitoringRead),
            call(|s, c| async move { s.caches.caches(&c).await }),
        ),
        (
            "caches.empty_caches",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.caches.empty_caches(&c, None).await }),
        ),
        (
            "calendars.calendar",
            Hold(MonitoringRead),
            call(|s, c| async move { s.calendars.calendar(&c).await }),
        ),
        (
            "calendars.set_holidays",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.calendars.set_holidays(&c, None).await }),
        ),
        (
            "calendars.add_entry",
            Hold(MonitoringWrite),
            call(move |s, c| async move { s.calendars.add_entry(&c, promotion()).await }),
        ),
        (
            "calendars.edit_entry",
            Hold(MonitoringWrite),
            call(move |s, c| async move {
                let there = a(|it| &it.entry);
                s.calendars.edit_entry(&c, &there, promotion()).await
            }),
        ),
        (
            "calendars.remove_entry",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.calendars.remove_entry(&c, &a(|it| &it.entry)).await }),
        ),
        (
            "cash.view",
            Hold(MonitoringRead),
            call(|s, c| async move { s.cash.view(&c).await }),
        ),
        (
            "cash.sheet",
            Hold(MonitoringRead),
            call(|s, c| async move { s.cash.sheet(&c).await }),
        ),
        (
            "cash.set_terms",
            Hold(MonitoringWrite),
            call(|s, c| async move {
                let terms = cash_terms(a(|it| &it.series));
                s.cash.set_terms(&c, terms).await
            }),
        ),
        (
            "cash.remove_terms",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.cash.remove_terms(&c).await }),
        ),
        (
            "cash.add_item",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.cash.add_item(&c, payment()).await }),
        ),
        (
            "cash.remove_item",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.cash.remove_item(&c, &a(|it| &it.payment)).await }),
        ),
        (
            "cash.replace_items",
            Hold(MonitoringWrite),
            call(|s, c| async move {
                let items = vec![payment()];
                s.cash.replace_items(&c, api::CashSide::In, items).await
            }),
        ),
        (
            "reorders.list",
            Hold(MonitoringRead),
            call(|s, c| async move { s.reorders.list(&c).await }),
        ),
        (
            "reorders.get",
            Hold(MonitoringRead),
            call(|s, c| async move { s.reorders.get(&c, &a(|it| &it.series)).await }),
        ),
        (
            "reorders.sheet",
            Hold(MonitoringRead),
            call(|s, c| async move {
                let sheet = api::OrderSheet { within_days: 7 };
                s.reorders.sheet(&c, sheet).await
            }),
        ),
        (
            "reorders.set_terms",
            Hold(MonitoringWrite),
            call(move |s, c| async move {
                s.reorders.set_terms(&c, &a(|it| &it.series), terms()).await
            }),
        ),
        (
            "reorders.note_order",
            Hold(MonitoringWrite),
            call(|s, c| async move {
                let note = api::OrderNote {
                    quantity: 1.0,
                    due: None,
                };
                s.reorders.note_order(&c, &a(|it| &it.series), note).await
            }),
        ),
        (
            "reorders.forget_order",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.reorders.forget_order(&c, &a(|it| &it.series)).await }),
        ),
        (
            "reorders.remove_terms",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.reorders.remove_terms(&c, &a(|it| &it.series)).await }),
        ),
        (
            "incidents.incidents",
            Hold(MonitoringRead),
            call(|s, c| async move { s.incidents.incidents(&c).await }),
        ),
        (
            "machines.machines",
            Hold(MonitoringRead),
            call(|s, c| async move { s.machines.machines(&c).await }),
        ),
        (
            "machines.scan_due",
            System,
            call(|s, c| async move { s.machines.scan_due(&c).await }),
        ),
        (
            "databases.database",
            Hold(MonitoringRead),
            call(|s, c| async move { s.databases.database(&c).await }),
        ),
        (
            "demo.state",
            Hold(MonitoringRead),
            call(|s, c| async move { s.demo.state(&c).await }),
        ),
        (
            "demo.remove",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.demo.remove(&c).await }),
        ),
        (
            "demo.start",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.demo.start(&c).await }),
        ),
        (
            "events.receive_alerts",
            Hold(DataIngest),
            call(|s, c| async move { s.events.receive_alerts(&c, b"{}").await }),
        ),
        (
            "events.marks",
            Hold(MonitoringRead),
            call(move |s, c| async move { s.events.marks(&c, &a(|it| &it.series), range).await }),
        ),
        (
            "events.recent",
            Hold(MonitoringRead),
            call(|s, c| async move { s.events.recent(&c).await }),
        ),
        (
            "factors.factors",
            Person,
            call(|s, c| async move { s.factors.factors(&c).await }),
        ),
        (
            "factors.begin_totp",
            Person,
            call(|s, c| async move { s.factors.begin_totp(&c, "x").await }),
        ),
        (
            "factors.enrolment",
            Person,
            call(|s, c| async move { s.factors.enrolment(&c).await }),
        ),
        (
            "factors.confirm_totp",
            Person,
            call(|s, c| async move { s.factors.confirm_totp(&c, "1", &Visit::default()).await }),
        ),
        (
            "factors.renew_recovery",
            Person,
            call(|s, c| async move { s.factors.renew_recovery(&c, "x").await }),
        ),
        (
            "factors.remove_totp",
            Person,
            call(|s, c| async move { s.factors.remove_totp(&c, "x").await }),
        ),
        (
            "factors.step",
            All,
            call(|s, c| async move { s.factors.step(&c, "none").await }),
        ),
        (
            "factors.pass_step",
            All,
            call(|s, c| async move {
                let visit = Visit::default();
                s.factors.pass_step(&c, "none", "1", &visit).await
            }),
        ),
        (
            "factors.step_enrolment",
            All,
            call(|s, c| async move { s.factors.step_enrolment(&c, "none").await }),
        ),
        (
            "factors.pass_enrolment",
            All,
            call(|s, c| async move {
                let visit = Visit::default();
                s.factors.pass_enrolment(&c, "none", "1", &visit).await
            }),
        ),
        (
            "findings.newest",
            Hold(MonitoringRead),
            call(|s, c| async move { s.findings.newest(&c, FindingFilter::default()).await }),
        ),
        (
            "findings.unusual",
            Hold(MonitoringRead),
            call(
                move |s, c| async move { s.findings.unusual(&c, &a(|it| &it.series), range).await },
            ),
        ),
        (
            "findings.judge",
            Hold(MonitoringWrite),
            call(|s, c| async move {
                let nothing = Some(api::Verdict::No);
                s.findings
                    .judge(&c, &a(|it| &it.series), Instant(0), nothing)
                    .await
            }),
        ),
        (
            "findings.set_sensitivity",
            Hold(MonitoringWrite),
            call(|s, c| async move {
                s.findings
                    .set_sensitivity(&c, &a(|it| &it.series), None)
                    .await
            }),
        ),
        (
            "findings.scan_due",
            System,
            call(|s, c| async move { s.findings.scan_due(&c).await }),
        ),
        (
            "forecasts.get",
            Hold(MonitoringRead),
            call(|s, c| async move { s.forecasts.get(&c, &a(|it| &it.series)).await }),
        ),
        (
            "forecasts.similar",
            Hold(MonitoringRead),
            call(|s, c| async move { s.forecasts.similar(&c, &a(|it| &it.series)).await }),
        ),
        (
            "forecasts.refresh",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.forecasts.refresh(&c, &a(|it| &it.series)).await }),
        ),
        (
            "imports.stage",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.imports.stage(&c).await }),
        ),
        (
            "imports.accept",
            Hold(MonitoringWrite),
            call(move |s, c| async move {
                // No table: who may hand it in is told so.
                let file = tempfile::NamedTempFile::new().unwrap();
                let staged = api::Staging {
                    id: import("x"),
                    path: file.path().to_owned(),
                    max_bytes: 1,
                };
                s.imports.accept(&c, &staged, "x.csv").await
            }),
        ),
        (
            "imports.get",
            Hold(MonitoringRead),
            call(move |s, c| async move { s.imports.get(&c, &import("x")).await }),
        ),
        (
            "imports.list",
            Hold(MonitoringRead),
            call(|s, c| async move { s.imports.list(&c).await }),
        ),
        (
            "imports.correct",
            Hold(MonitoringWrite),
            call(move |s, c| async move { s.imports.correct(&c, &import("x"), settings()).await }),
        ),
        (
            "imports.start",
            Hold(MonitoringWrite),
            call(move |s, c| async move { s.imports.start(&c, &import("x")).await }),
        ),
        (
            "imports.cancel",
            Hold(MonitoringWrite),
            call(move |s, c| async move { s.imports.cancel(&c, &import("x")).await }),
        ),
        (
            "jobs.queue",
            Hold(MonitoringRead),
            call(|s, c| async move { s.jobs.queue(&c).await }),
        ),
        (
            "jobs.retry",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.jobs.retry(&c, &"none".into()).await }),
        ),
        (
            "jobs.cancel",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.jobs.cancel(&c, &"none".into()).await }),
        ),
        (
            "jobs.plan",
            System,
            call(|s, c| async move { s.jobs.plan(&c).await }),
        ),
        (
            "jobs.work",
            System,
            call(|s, c| async move { s.jobs.work(&c).await }),
        ),
        (
            "models.list",
            Hold(MonitoringRead),
            call(|s, c| async move { s.models.list(&c, api::ModelFilter::default()).await }),
        ),
        (
            "models.versions",
            Hold(MonitoringRead),
            call(|s, c| async move { s.models.versions(&c, &a(|it| &it.series)).await }),
        ),
        (
            "models.errors",
            Hold(MonitoringRead),
            call(|s, c| async move { s.models.errors(&c, &a(|it| &it.series)).await }),
        ),
        (
            "models.promote",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.models.promote(&c, &a(|it| &it.series), 1).await }),
        ),
        (
            "models.roll_back",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.models.roll_back(&c, &a(|it| &it.series)).await }),
        ),
        (
            "keys.list",
            Hold(AccessRead),
            call(|s, c| async move { s.keys.list(&c).await }),
        ),
        (
            "keys.add",
            Hold(AccessWrite),
            call(|s, c| async move {
                // Of what every caller that may make keys holds: only the permission to make them.
                let new = NewKey {
                    name: "k".into(),
                    scopes: vec![AccessWrite.into()],
                    rate: None,
                    expires_at: None,
                };
                s.keys.add(&c, new).await
            }),
        ),
        (
            "keys.rotate",
            Hold(AccessWrite),
            call(|s, c| async move { s.keys.rotate(&c, &a(|it| &it.key), 0).await }),
        ),
        (
            "keys.revoke",
            Hold(AccessWrite),
            call(|s, c| async move { s.keys.revoke(&c, &a(|it| &it.key)).await }),
        ),
        (
            "keys.of_secret",
            All,
            call(|s, c| async move { s.keys.of_secret(&c, "none").await }),
        ),
        (
            "keys.grant",
            Secret,
            call(|s, c| async move {
                let grant = api::TokenRequest {
                    key: None,
                    secret: "none".into(),
                    scopes: Vec::new(),
                };
                s.keys.grant(&c, grant).await
            }),
        ),
        (
            "metrics.push",
            Hold(DataIngest),
            call(|s, c| async move {
                let push = influx("up value=1");
                s.metrics.push(&c, push).await
            }),
        ),
        (
            "metrics.ask",
            Hold(MonitoringRead),
            call(|s, c| async move {
                let question = api::MetricsQuestion::Labels {
                    matches: Vec::new(),
                    within: api::Stretch::default(),
                };
                s.metrics.ask(&c, question).await
            }),
        ),
        (
            "metrics.curves",
            Hold(MonitoringRead),
            call(|s, c| async move {
                let range = Range {
                    from: Instant(0),
                    to: Instant(1),
                };
                s.metrics.curves(&c, "up", range).await
            }),
        ),
        (
            "metrics.complete",
            Hold(MonitoringRead),
            call(|s, c| async move { s.metrics.complete(&c, "ra").await }),
        ),
        (
            "metrics.names",
            Hold(MonitoringRead),
            call(|s, c| async move { s.metrics.names(&c).await }),
        ),
        (
            "metrics.storage",
            Hold(MonitoringRead),
            call(|s, c| async move { s.metrics.storage(&c).await }),
        ),
        (
            "metrics.keep",
            Hold(MonitoringWrite),
            call(|s, c| async move {
                let keep = api::Keep {
                    raw_days: Some(1),
                    five_minutes_days: None,
                    hour_days: None,
                };
                s.metrics.keep(&c, &a(|it| &it.source), keep).await
            }),
        ),
        (
            "metrics.maintain",
            System,
            call(|s, c| async move { s.metrics.maintain(&c).await }),
        ),
        (
            "once.begin",
            Known,
            call(|s, c| async move {
                let key = format!("{:?}", c.who).replace(' ', "");
                let attempt = api::Attempt {
                    key: &key[..key.len().min(99)],
                    what: "POST /",
                    body: b"",
                };
                s.once.begin(&c, attempt).await
            }),
        ),
        (
            "once.finish",
            Known,
            call(|s, c| async move {
                let answer = api::KeptAnswer {
                    status: 200,
                    location: None,
                    body: None,
                };
                s.once.finish(&c, "none", answer).await
            }),
        ),
        (
            "once.forget",
            Known,
            call(|s, c| async move { s.once.forget(&c, "none").await }),
        ),
        (
            "people.people",
            Hold(AccessRead),
            call(|s, c| async move { s.people.people(&c).await }),
        ),
        (
            "people.invitations",
            Hold(AccessRead),
            call(|s, c| async move { s.people.invitations(&c).await }),
        ),
        (
            "people.invite",
            Give(AccessWrite, MonitoringRead),
            call(|s, c| async move {
                let new = NewInvitation {
                    email: "new@example.org".into(),
                    role: "viewer".into(),
                };
                s.people.invite(&c, new).await
            }),
        ),
        (
            "people.withdraw_invitation",
            Hold(AccessWrite),
            call(|s, c| async move {
                s.people
                    .withdraw_invitation(&c, &a(|it| &it.invitation))
                    .await
            }),
        ),
        (
            "people.invitation",
            All,
            call(|s, c| async move { s.people.invitation(&c, "none").await }),
        ),
        (
            "people.accept_invitation",
            All,
            call(|s, c| async move {
                let visit = Visit::default();
                s.people.accept_invitation(&c, "none", "x", &visit).await
            }),
        ),
        (
            "people.change_role",
            Give(AccessWrite, MonitoringRead),
            call(|s, c| async move { s.people.change_role(&c, &a(|it| &it.user), "viewer").await }),
        ),
        (
            "people.set_enabled",
            Hold(AccessWrite),
            call(|s, c| async move { s.people.set_enabled(&c, &a(|it| &it.user), false).await }),
        ),
        (
            "passkeys.passkey_door",
            All,
            call(|s, c| async move { s.passkeys.passkey_door(&c).await }),
        ),
        (
            "passkeys.passkeys",
            Person,
            call(|s, c| async move { s.passkeys.passkeys(&c).await }),
        ),
        (
            "passkeys.begin_passkey",
            Person,
            call(|s, c| async move { s.passkeys.begin_passkey(&c, &"none".into(), "x").await }),
        ),
        (
            "passkeys.add_passkey",
            Person,
            call(|s, c| async move {
                let session = "none".into();
                s.passkeys.add_passkey(&c, &session, "Phone", "{}").await
            }),
        ),
        (
            "passkeys.remove_passkey",
            Person,
            call(|s, c| async move { s.passkeys.remove_passkey(&c, &"none".into(), "x").await }),
        ),
        (
            "passkeys.ask_passkey",
            All,
            call(|s, c| async move { s.passkeys.ask_passkey(&c).await }),
        ),
        (
            "passkeys.enter_with_passkey",
            All,
            call(|s, c| async move {
                let visit = Visit::default();
                s.passkeys
                    .enter_with_passkey(&c, "none", "{}", &visit)
                    .await
            }),
        ),
        (
            "passkeys.ask_passkey_step",
            All,
            call(|s, c| async move { s.passkeys.ask_passkey_step(&c, "none").await }),
        ),
        (
            "passkeys.pass_passkey_step",
            All,
            call(|s, c| async move {
                let visit = Visit::default();
                s.passkeys.pass_passkey_step(&c, "none", "{}", &visit).await
            }),
        ),
        (
            "people.reset_factors",
            Hold(AccessWrite),
            call(|s, c| async move { s.people.reset_factors(&c, &a(|it| &it.user)).await }),
        ),
        (
            "people.offer_password",
            Hold(AccessWrite),
            call(|s, c| async move { s.people.offer_password(&c, &a(|it| &it.user)).await }),
        ),
        (
            "people.access_review",
            Hold(AccessRead),
            call(|s, c| async move { s.people.access_review(&c).await }),
        ),
        (
            "providers.provider",
            All,
            call(|s, c| async move { s.providers.provider(&c).await }),
        ),
        (
            "providers.depart",
            All,
            call(|s, c| async move { s.providers.depart(&c, "/").await }),
        ),
        (
            "providers.arrive",
            All,
            call(|s, c| async move {
                let returned = api::Returned::default();
                s.providers
                    .arrive(&c, "none", returned, &Visit::default())
                    .await
            }),
        ),
        (
            "roles.roles",
            Hold(AccessRead),
            call(|s, c| async move { s.roles.roles(&c).await }),
        ),
        (
            "roles.add_role",
            Give(AccessWrite, MonitoringRead),
            call(move |s, c| async move { s.roles.add_role(&c, looker()).await }),
        ),
        (
            "roles.edit_role",
            Give(AccessWrite, MonitoringRead),
            call(
                move |s, c| async move { s.roles.edit_role(&c, &a(|it| &it.role), looker()).await },
            ),
        ),
        (
            "roles.remove_role",
            Hold(AccessWrite),
            call(|s, c| async move { s.roles.remove_role(&c, &a(|it| &it.role)).await }),
        ),
        (
            "roles.set_role_strict",
            Give(AccessWrite, MonitoringRead),
            call(|s, c| async move { s.roles.set_role_strict(&c, "viewer", true).await }),
        ),
        (
            "runway.list",
            Hold(MonitoringRead),
            call(|s, c| async move { s.runway.list(&c, RunwayFilter::default()).await }),
        ),
        (
            "recordings.list",
            Hold(MonitoringRead),
            call(|s, c| async move { s.recordings.list(&c).await }),
        ),
        (
            "recordings.ideas",
            Hold(MonitoringRead),
            call(|s, c| async move { s.recordings.ideas(&c).await }),
        ),
        (
            "recordings.add",
            Hold(MonitoringWrite),
            call(move |s, c| async move { s.recordings.add(&c, rule()).await }),
        ),
        (
            "recordings.edit",
            Hold(MonitoringWrite),
            call(move |s, c| async move { s.recordings.edit(&c, &a(|it| &it.rule), rule()).await }),
        ),
        (
            "recordings.pause",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.recordings.pause(&c, &a(|it| &it.rule), true).await }),
        ),
        (
            "recordings.run_due",
            System,
            call(|s, c| async move { s.recordings.run_due(&c).await }),
        ),
        (
            "scrapes.list",
            Hold(MonitoringRead),
            call(|s, c| async move { s.scrapes.list(&c).await }),
        ),
        (
            "scrapes.add",
            Hold(MonitoringWrite),
            call(move |s, c| async move { s.scrapes.add(&c, target()).await }),
        ),
        (
            "scrapes.edit",
            Hold(MonitoringWrite),
            call(
                move |s, c| async move { s.scrapes.edit(&c, &a(|it| &it.target), target()).await },
            ),
        ),
        (
            "scrapes.pause",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.scrapes.pause(&c, &a(|it| &it.target), true).await }),
        ),
        (
            "scrapes.try_out",
            Hold(MonitoringWrite),
            call(move |s, c| async move { s.scrapes.try_out(&c, None, target()).await }),
        ),
        (
            "series.list",
            Hold(MonitoringRead),
            call(|s, c| async move { s.series.list(&c, SeriesFilter::default()).await }),
        ),
        (
            "series.get",
            Hold(MonitoringRead),
            call(|s, c| async move { s.series.get(&c, &a(|it| &it.series)).await }),
        ),
        (
            "series.now",
            Known,
            call(|s, c| async move { s.series.now(&c).await }),
        ),
        (
            "series.points",
            Hold(MonitoringRead),
            call(
                move |s, c| async move { s.series.points(&c, &a(|it| &it.series), range, 9).await },
            ),
        ),
        (
            "series.export",
            Hold(MonitoringRead),
            call(move |s, c| async move { s.series.export(&c, &a(|it| &it.series), range).await }),
        ),
        (
            "series.set_limit",
            Hold(MonitoringWrite),
            call(|s, c| async move {
                s.series
                    .set_limit(&c, &a(|it| &it.series), LimitChange { limit: None })
                    .await
            }),
        ),
        (
            "series.change",
            Hold(MonitoringWrite),
            call(|s, c| async move {
                let change = SeriesChange {
                    title: "t".into(),
                    unit: String::new(),
                    aggregation: api::Aggregation::Last,
                };
                s.series.change(&c, &a(|it| &it.series), change).await
            }),
        ),
        (
            "series.record_json",
            Hold(DataIngest),
            call(|s, c| async move { s.series.record_json(&c, b"[]").await }),
        ),
        (
            "sources.list",
            Hold(MonitoringRead),
            call(|s, c| async move { s.sources.list(&c).await }),
        ),
        (
            "sources.get",
            Hold(MonitoringRead),
            call(|s, c| async move { s.sources.get(&c, &a(|it| &it.source)).await }),
        ),
        (
            "sources.remove",
            Hold(MonitoringWrite),
            call(|s, c| async move { s.sources.remove(&c, &a(|it| &it.source), "x").await }),
        ),
    ]
}

fn settings() -> api::ImportSettings {
    api::ImportSettings {
        source_name: "s".into(),
        separator: api::Separator::Comma,
        decimal: api::DecimalMark::Point,
        time_format: "year_month_day".into(),
        time_formats: Vec::new(),
        time_zone: "UTC".into(),
        duplicates: api::Duplicates::Last,
        columns: Vec::new(),
    }
}

/// A role that whoever looks after access in this walk may give.
fn looker() -> RoleChange {
    RoleChange {
        name: "Looker".into(),
        grants: vec![api::Grant::One(Permission::MonitoringRead)],
    }
}

/// Roles of one's own, each granting these.
fn made() -> Vec<Role> {
    let grants = [
        // Looks after access and sees, which is what the rows above give away.
        &["access:*", "monitoring:read", "genai:use"][..],
        &["access:read"],
        &["monitoring:*"],
        &["data:*"],
        &["remediation:*", "genai:*", "notifications:*"],
        &[],
    ];
    let roles = grants.into_iter().map(|grants| {
        Role::Custom(CustomRole {
            id: "r".into(),
            name: grants.join(" "),
            grants: grants.iter().filter_map(|g| g.parse().ok()).collect(),
        })
    });
    roles.collect()
}

fn callers() -> Vec<Caller> {
    let user = |role: Role| Who::User {
        id: "u".into(),
        email: "u@example.org".into(),
        role,
        since: Instant(i64::MAX),
    };
    let key = |scopes: Vec<Scope>| Who::Key {
        id: "k".into(),
        name: "k".into(),
        scopes,
        rate: None,
    };
    let mut who = vec![Who::Nobody, Who::System, key(Scope::all().collect())];
    who.extend(Scope::all().map(|scope| key(vec![scope])));
    who.extend(Role::ALL.map(user));
    who.extend(made().into_iter().map(user));
    who.into_iter()
        .map(|who| Caller {
            who,
            request_id: "test".into(),
            origin: api::Origin::default(),
        })
        .collect()
}

/// The table in words, written out here on purpose a second time.
fn allowed(may: May, caller: &Caller) -> bool {
    if let May::Give(one, other) = may {
        return allowed(May::Hold(one), caller) && allowed(May::Hold(other), caller);
    }
    match (may, &caller.who) {
        (May::All, _)
        | (May::System | May::Hold(_), Who::System)
        | (May::Known, Who::User { .. } | Who::Key { .. } | Who::System)
        | (May::Person, Who::User { .. }) => true,
        (May::System | May::Person | May::Known | May::Secret | May::Give(..), _)
        | (May::Hold(_), Who::Nobody) => false,
        (May::Hold(permission), Who::User { role, .. }) => match role {
            Role::Admin => true,
            Role::Operator => matches!(
                permission.as_str(),
                "monitoring:read"
                    | "monitoring:write"
                    | "remediation:read"
                    | "remediation:execute"
                    | "genai:use"
                    | "notifications:send"
            ),
            Role::Viewer => matches!(permission.as_str(), "monitoring:read" | "genai:use"),
            // By the words that the role was made of.
            Role::Custom(role) => role.name.split(' ').any(|grant| {
                let area = grant.strip_suffix('*');
                let wanted = permission.as_str();
                area.map_or(grant == wanted, |area| wanted.starts_with(area))
            }),
        },
        (May::Hold(permission), Who::Key { scopes, .. }) => scopes
            .iter()
            .any(|scope| scope.as_str() == permission.as_str()),
    }
}

async fn services() -> (tempfile::TempDir, Services) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path())
        .await
        .unwrap();
    let metrics = ChunkStore::open_sqlite(folder.path()).await.unwrap();
    let hub = Hub::new(
        store,
        Arc::new(FixedClock::new(Instant::from_seconds(1_780_000_000))),
        Bus::new(1),
        Settings {
            metrics: Some(Arc::new(metrics)),
            party: service::RelyingParty::at("https://hub.example.org"),
            ..Settings::alone(folder.path().join("uploads"))
        },
    );
    (folder, hub.services())
}

/// Whether somebody who may not do something is not told whether the thing is there either: it is a single one,
/// and they may not see such things.
fn hidden(name: &str, may: May, caller: &Caller, single: &BTreeSet<String>) -> bool {
    let (May::Hold(one) | May::Give(one, _)) = may else {
        return false;
    };
    let seen = match one.area() {
        "access" => Permission::AccessRead,
        "audit" => Permission::AuditRead,
        _ => Permission::MonitoringRead,
    };
    single.contains(name) && !allowed(May::Hold(one), caller) && !allowed(May::Hold(seen), caller)
}

/// Calls an operation; answers whether whoever looks after refusals was told as well.
async fn ask(call: &Call, services: &Services, caller: &Caller) -> (Result<(), Error>, bool) {
    let told = Arc::new(AtomicBool::new(false));
    let tell = told.clone();
    let mut caller = caller.clone();
    caller.origin.refusals = Refusals::to(move |_, _| tell.store(true, Ordering::Relaxed));
    let answer = call(services.clone(), caller).await;
    (answer, told.load(Ordering::Relaxed))
}

#[tokio::test]
async fn each_operation_lets_in_exactly_those_who_may() {
    let (_folder, services) = services().await;
    Things::make(&services).await;
    let before = Things::look(&services).await;
    let single = of_a_single_thing();
    assert!(single.contains("series.change") && single.contains("sources.remove"));
    assert!(!single.contains("demo.remove"));
    // First those who are refused: what is there has to be there afterwards.
    for (name, may, call) in operations() {
        for caller in callers() {
            if allowed(may, &caller) {
                continue;
            }
            let (answer, told) = ask(&call, &services, &caller).await;
            let about = format!("{name} by {:?}: {answer:?}", caller.who);
            assert!(told || matches!(may, May::Secret | May::Known), "{about}");
            match (&caller.who, hidden(name, may, &caller, &single)) {
                (Who::Nobody, _) => assert_eq!(answer, Err(Error::Unauthenticated), "{about}"),
                (_, true) => assert!(matches!(answer, Err(Error::NotFound { .. })), "{about}"),
                (_, false) => assert!(
                    matches!(
                        answer,
                        Err(Error::Forbidden { .. } | Error::Unauthenticated)
                    ),
                    "{about}"
                ),
            }
        }
    }
    assert_eq!(Things::look(&services).await, before);
    for (name, may, call) in operations() {
        for caller in callers() {
            if !allowed(may, &caller) {
                continue;
            }
            let (answer, told) = ask(&call, &services, &caller).await;
            let about = format!("{name} by {:?}: {answer:?}", caller.who);
            // A person who is not in the store any more is told to sign in again: that is no refusal of the role.
            let gone = may == May::Person && answer == Err(Error::Unauthenticated);
            let refused = matches!(
                answer,
                Err(Error::Unauthenticated | Error::Forbidden { .. })
            );
            assert!(gone || !(refused || told), "{about}");
            assert!(!matches!(answer, Err(Error::Internal { .. })), "{about}");
        }
    }
}

/// The operations that name one thing by its id, read out of the traits themselves.
fn of_a_single_thing() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/src");
    // A role goes by a name as well.
    let mut found = BTreeSet::from(["roles.set_role_strict".to_owned()]);
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let Some((_, text)) = text.split_once("pub trait ") else {
            continue;
        };
        let area = text.split(':').next().unwrap().to_lowercase();
        let area = area.trim_end_matches("ops");
        for rest in text.split("async fn ").skip(1) {
            let signature = rest.split("->").next().unwrap();
            let (operation, parameters) = signature.split_once('(').unwrap_or_default();
            let mut parameters = parameters
                .split(',')
                .map(|one| one.trim_end_matches([')', ' ']));
            if parameters.any(|one| one.contains(": &") && one.ends_with("Id")) {
                found.insert(format!("{area}.{operation}"));
            }
        }
    }
    found
}

/// Reads the operations out of the traits themselves.
#[test]
fn every_operation_of_the_vocabulary_has_a_row() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/src");
    let mut found = 0;
    let names: Vec<&str> = operations().iter().map(|(name, ..)| *name).collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().map(str::trim) {
            let Some(rest) = line.strip_prefix("async fn ") else {
                continue;
            };
            let operation = rest.split(['(', '<']).next().unwrap();
            found += 1;
            let has_row = names
                .iter()
                .any(|name| name.split_once('.').is_some_and(|(_, op)| op == operation));
            assert!(
                has_row,
                "`{operation}` in {} has no row in this test",
                path.display()
            );
        }
    }
    assert_eq!(
        found,
        names.len(),
        "a row stands for an operation that is gone, or two traits share a name"
    );
}
