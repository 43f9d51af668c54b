//! The audit log through the operations: every change leaves its entry, every refusal too, and no
//! secret ever does.
//!
//! The list of operations is read from the traits in `api`: a new one that is neither done here nor
//! named as one that changes nothing fails.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{
    ApiKey, AuditEntry, AuditFilter, AuditFormat, AuditOutcome, Caller, Credentials, Entry, Error,
    Hidden, Instant, JobKind, Limit, LimitChange, NewInvitation, NewKey, Origin, Range,
    RecordingChange, Role, RoleChange, Scope, SeriesChange, SeriesFilter, Services, SessionId,
    SignedIn, TargetChange, TokenChange, Verdict, Visit, Who,
};
use fakes::FixedClock;
use service::{
    AuditKeeper, Bus, Hub, KeySource, RelyingParty, Ring, Settings, new_master_key, read_anchors,
    verify_audit,
};
use store::metrics::ChunkStore;
use store::{DatabaseUrl, Fault, JobEnd, NewJob, Store};

use crate::authenticator::code;
use crate::device::Device;
use crate::home::{all_findings, influx};
use crate::target::OneNumber;

const SITE: &str = "https://hub.example.org";
const START: i64 = 1_780_000_000;

/// Operations that change nothing that anybody set.
const READS: &[&str] = &[
    "accounts.set_up_state",
    "accounts.set_up_fits",
    "accounts.of_session",
    "accounts.me",
    "accounts.sessions",
    "accounts.users",
    "jobs.queue",
    "keys.list",
    "models.list",
    "models.versions",
    "models.errors",
    "people.people",
    "people.invitations",
    "people.invitation",
    "roles.roles",
    "factors.factors",
    "factors.enrolment",
    "factors.step",
    "factors.step_enrolment",
    "passkeys.passkey_door",
    "passkeys.passkeys",
    // Only remember what a browser was asked.
    "passkeys.begin_passkey",
    "passkeys.ask_passkey",
    "passkeys.ask_passkey_step",
    "providers.provider",
    // Only remembers where a browser was sent.
    "providers.depart",
    "recordings.list",
    "reorders.list",
    "reorders.get",
    "recordings.ideas",
    // What a header asks for; the operation behind it notes itself.
    "once.begin",
    "once.finish",
    "once.forget",
    "audit.entries",
    "audit.export_entries",
    "audit.retention",
    "caches.caches",
    "calendars.calendar",
    "cash.view",
    "databases.database",
    "boards.boards",
    "boards.board",
    "demo.state",
    "events.marks",
    "events.recent",
    "findings.newest",
    "findings.unusual",
    "forecasts.get",
    "forecasts.similar",
    "imports.get",
    "imports.list",
    // Only names a place where a file may be put.
    "imports.stage",
    "incidents.incidents",
    "machines.machines",
    "metrics.ask",
    "metrics.curves",
    "metrics.complete",
    "metrics.names",
    "metrics.storage",
    "runway.list",
    "scrapes.list",
    "series.list",
    "series.get",
    "series.now",
    "series.points",
    "sources.list",
    "sources.get",
];

/// Operations that need another server, or weeks of data: provider.rs and models.rs do them.
const ELSEWHERE: &[&str] = &["providers.arrive", "models.promote", "models.roll_back"];

/// Operations that compute anew what follows from what is there.
const COMPUTES: &[&str] = &[
    "findings.scan_due",
    "jobs.plan",
    "jobs.work",
    "machines.scan_due",
    "metrics.maintain",
    "recordings.run_due",
];

/// Operations that take data in: the use of the key is noted, not each sample.
const DATA: &[&str] = &[
    "events.receive_alerts",
    "metrics.push",
    "series.record_json",
];

struct Home {
    folder: tempfile::TempDir,
    store: Store,
    hub: Arc<Hub>,
    services: Services,
    clock: Arc<FixedClock>,
    done: BTreeSet<&'static str>,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path())
            .await
            .unwrap();
        let metrics = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        let clock = Arc::new(FixedClock::new(Instant::from_seconds(START + 60 * 300)));
        let hub = Hub::new(
            store.clone(),
            clock.clone(),
            Bus::new(1),
            Settings {
                metrics: Some(Arc::new(metrics)),
                fetch: Some(Arc::new(OneNumber::default())),
                party: RelyingParty::at(SITE),
                ..Settings::alone(folder.path().join("uploads"))
            },
        );
        let key = folder.path().join("master.key");
        let (system, key) = (Caller::system("start"), KeySource::Own(key));
        hub.unlock(&system, key).await.unwrap();
        Self {
            services: hub.services(),
            folder,
            store,
            hub,
            clock,
            done: BTreeSet::new(),
        }
    }

    /// Somebody at an address, whose refusals are noted.
    fn caller(&self, who: Who) -> Caller {
        let nobody = Caller::nobody("the-request").coming_from(Origin {
            address: Some("192.0.2.7".into()),
            request: Some("POST /there".into()),
            refusals: self.hub.refusals(),
        });
        Caller { who, ..nobody }
    }

    fn admin(&self) -> Caller {
        self.caller(Who::User {
            id: "ada".into(),
            email: "ada@example.org".into(),
            role: Role::Admin,
            since: Instant(i64::MAX),
        })
    }

    /// Every entry, the oldest first.
    async fn entries(&self) -> Vec<AuditEntry> {
        self.hub.write_refusals().await.unwrap();
        let filter = AuditFilter::default();
        let audit = &self.services.audit;
        let (system, mut all) = (Caller::system("test"), Vec::new());
        loop {
            let after = all.last().map_or(0, |entry: &AuditEntry| entry.seq);
            let next = audit.export_entries(&system, &filter, after).await.unwrap();
            if next.is_empty() {
                return all;
            }
            all.extend(next);
        }
    }

    /// Does an operation and finds its entry, which says who, from where and in which request.
    async fn noted<T>(
        &mut self,
        operation: &'static str,
        action: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> (T, AuditEntry) {
        let before = self.entries().await.len();
        let answer = match work.await {
            Ok(answer) => answer,
            Err(error) => panic!("{operation} failed: {error}"),
        };
        let entries = self.entries().await;
        let new: Vec<_> = entries[before..]
            .iter()
            .filter(|entry| entry.record.action == action)
            .collect();
        assert_eq!(new.len(), 1, "{operation} left {:?}", &entries[before..]);
        let record = &new[0].record;
        assert_eq!(record.outcome, AuditOutcome::Done, "{operation}");
        if record.actor.kind != "system" {
            assert_eq!(record.address, "192.0.2.7", "{operation}");
            assert_eq!(record.request_id, "the-request", "{operation}");
        }
        assert_ne!(record.actor.kind, "nobody", "{operation}");
        self.done.insert(operation);
        (answer, new[0].clone())
    }
}

fn target(url: &str, token: TokenChange) -> TargetChange {
    TargetChange {
        name: "db-1".into(),
        url: url.into(),
        interval_seconds: 15,
        timeout_seconds: None,
        token,
        ca: String::new(),
        verify: true,
    }
}

const PASSWORD: &str = "canary-the-first-password";
const NEXT_PASSWORD: &str = "canary-the-second-password";
const TOKEN: &str = "canary-a-bearer-token";

fn credentials(password: &str) -> Credentials {
    Credentials {
        email: "Ada@example.org".into(),
        password: password.into(),
    }
}

/// Signing in, people and keys; answers the secrets that were made, and a key.
async fn people(home: &mut Home) -> (Vec<String>, ApiKey) {
    let accounts = home.services.accounts.clone();
    let nobody = home.caller(Who::Nobody);
    let system = Caller::system("start");
    let work = accounts.set_up_token(&system);
    let (token, _) = home
        .noted("accounts.set_up_token", "setup.offer", work)
        .await;
    let token = token.unwrap();
    let visit = Visit::default();
    let work = accounts.set_up(&nobody, &token, credentials(PASSWORD), &visit);
    let (first, entry) = home.noted("accounts.set_up", "setup.claim", work).await;
    assert_eq!(entry.record.actor.name, "ada@example.org");
    let work = accounts.sign_in(&nobody, credentials(PASSWORD), &visit);
    let (second, entry) = home.noted("accounts.sign_in", "person.sign_in", work).await;
    assert_eq!(entry.record.actor.name, "ada@example.org");
    let second = opened(second);
    let ada = home.caller(Who::User {
        id: first.user.id.clone(),
        email: first.user.email.clone(),
        role: Role::Admin,
        since: Instant(i64::MAX),
    });
    let work = accounts.sign_out(&nobody, &second.token);
    let ((), entry) = home
        .noted("accounts.sign_out", "person.sign_out", work)
        .await;
    assert_eq!(entry.record.actor.name, "ada@example.org");
    let work = accounts.change_password(&ada, PASSWORD, NEXT_PASSWORD, &visit);
    let (fresh, _) = home
        .noted("accounts.change_password", "person.change_password", work)
        .await;
    let sessions = sessions(home, &ada).await;
    let invited = invitations(home, &ada).await;
    let factors = factors(home, &ada).await;
    let passkeys = passkeys(home, &ada).await;
    let bob = crate::person::invited(&home.services, &ada, ("bob@example.org", "viewer"))
        .await
        .unwrap();
    let work = accounts.remove_user(&ada, &bob.user.id);
    home.noted("accounts.remove_user", "person.remove", work)
        .await;
    let new = |name: &str| NewKey {
        name: name.into(),
        scopes: vec![Scope::INGEST],
        rate: None,
        expires_at: None,
    };
    let keys = home.services.keys.clone();
    let work = keys.add(&ada, new("gone"));
    let (gone, _) = home.noted("keys.add", "key.add", work).await;
    let work = keys.rotate(&ada, &gone.made.id, 60);
    let (rotated, _) = home.noted("keys.rotate", "key.rotate", work).await;
    let wanted = api::TokenRequest {
        key: None,
        secret: rotated.secret.clone(),
        scopes: Vec::new(),
    };
    let work = keys.grant(&nobody, wanted);
    let (short, entry) = home.noted("keys.grant", "key.token", work).await;
    assert_eq!(entry.record.actor.name, "gone");
    let work = keys.revoke(&ada, &gone.made.id);
    let ((), entry) = home.noted("keys.revoke", "key.revoke", work).await;
    assert!(entry.record.before.unwrap().contains("\"gone\""));
    let kept = keys.add(&ada, new("kept")).await.unwrap();
    let work = keys.of_secret(&nobody, &kept.secret);
    let (_, entry) = home.noted("keys.of_secret", "key.use", work).await;
    assert_eq!(entry.record.actor.name, "kept");
    let mut secrets = vec![token, first.token, second.token, fresh.token];
    secrets.extend([bob.token, gone.secret, rotated.secret, short.token]);
    secrets.extend([kept.secret.clone()]);
    secrets.extend([sessions, invited, factors, passkeys].concat());
    (secrets, kept.made)
}

fn opened(entry: Entry) -> SignedIn {
    match entry {
        Entry::Open(signed_in) => *signed_in,
        Entry::Step { ask, .. } => panic!("{ask:?} was asked for"),
    }
}

/// Ending one's own sessions; answers the tokens.
async fn sessions(home: &mut Home, ada: &Caller) -> Vec<String> {
    let (accounts, visit) = (home.services.accounts.clone(), Visit::default());
    let nobody = home.caller(Who::Nobody);
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let entry = accounts.sign_in(&nobody, credentials(NEXT_PASSWORD), &visit);
        tokens.push(opened(entry.await.unwrap()).token);
    }
    let open = accounts.sessions(ada).await.unwrap();
    let work = accounts.end_session(ada, &open[0].id);
    home.noted("accounts.end_session", "session.end", work)
        .await;
    let work = accounts.end_other_sessions(ada, &open[1].id);
    home.noted("accounts.end_other_sessions", "session.end_others", work)
        .await;
    tokens
}

/// Inviting people and giving them roles; answers the links' tokens.
async fn invitations(home: &mut Home, ada: &Caller) -> Vec<String> {
    let people = home.services.people.clone();
    let roles = home.services.roles.clone();
    let nobody = home.caller(Who::Nobody);
    let new = |email: &str| NewInvitation {
        email: email.into(),
        role: "viewer".into(),
    };
    let work = people.invite(ada, new("gone@example.org"));
    let (gone, _) = home.noted("people.invite", "person.invite", work).await;
    let work = people.withdraw_invitation(ada, &gone.made.id);
    home.noted("people.withdraw_invitation", "person.withdraw", work)
        .await;
    let eve = people.invite(ada, new("eve@example.org")).await.unwrap();
    let visit = Visit::default();
    let work = people.accept_invitation(&nobody, &eve.secret, NEXT_PASSWORD, &visit);
    let (eve_in, entry) = home
        .noted("people.accept_invitation", "person.accept", work)
        .await;
    assert_eq!(entry.record.actor.name, "eve@example.org");
    let eve_in = opened(eve_in);
    let change = |name: &str| RoleChange {
        name: name.into(),
        grants: vec!["monitoring:*".parse().unwrap()],
    };
    let work = roles.add_role(ada, change("Watcher"));
    let (role, _) = home.noted("roles.add_role", "role.add", work).await;
    let work = roles.edit_role(ada, &role.id, change("Looker"));
    let ((), entry) = home.noted("roles.edit_role", "role.edit", work).await;
    assert!(entry.record.before.unwrap().contains("Watcher"));
    let work = people.change_role(ada, &eve_in.user.id, role.id.as_str());
    home.noted("people.change_role", "person.role", work).await;
    let work = people.set_enabled(ada, &eve_in.user.id, false);
    home.noted("people.set_enabled", "person.disable", work)
        .await;
    let work = people.reset_factors(ada, &eve_in.user.id);
    home.noted("people.reset_factors", "factor.reset", work)
        .await;
    people
        .change_role(ada, &eve_in.user.id, "viewer")
        .await
        .unwrap();
    people
        .set_enabled(ada, &eve_in.user.id, true)
        .await
        .unwrap();
    let work = people.offer_password(ada, &eve_in.user.id);
    let (link, _) = home
        .noted("people.offer_password", "person.offer_password", work)
        .await;
    let work = people.accept_invitation(&nobody, &link.secret, PASSWORD, &visit);
    let (renewed, entry) = home
        .noted("people.accept_invitation", "person.renew_password", work)
        .await;
    assert_eq!(entry.record.actor.name, "eve@example.org");
    let work = roles.remove_role(ada, &role.id);
    home.noted("roles.remove_role", "role.remove", work).await;
    let work = roles.set_role_strict(ada, "operator", true);
    home.noted("roles.set_role_strict", "role.strict", work)
        .await;
    let work = people.access_review(ada);
    home.noted("people.access_review", "access.review", work)
        .await;
    let renewed = opened(renewed).token;
    vec![gone.secret, eve.secret, eve_in.token, link.secret, renewed]
}

/// Setting an authenticator up and signing in with it; answers what nobody may read.
async fn factors(home: &mut Home, ada: &Caller) -> Vec<String> {
    let (factors, accounts) = (
        home.services.factors.clone(),
        home.services.accounts.clone(),
    );
    let (nobody, visit) = (home.caller(Who::Nobody), Visit::default());
    let work = factors.begin_totp(ada, NEXT_PASSWORD);
    home.noted("factors.begin_totp", "factor.begin", work).await;
    let secret = factors.enrolment(ada).await.unwrap().secret;
    let now = code(&secret, api::Clock::now(&*home.clock));
    let work = factors.confirm_totp(ada, &now, &visit);
    let ((_, codes), _) = home
        .noted("factors.confirm_totp", "factor.confirm", work)
        .await;
    home.clock.advance(60 * Instant::SECOND);
    let entry = accounts.sign_in(&nobody, credentials(NEXT_PASSWORD), &visit);
    let Entry::Step { token, .. } = entry.await.unwrap() else {
        panic!("no second step was asked for");
    };
    let now = code(&secret, api::Clock::now(&*home.clock));
    let work = factors.pass_step(&nobody, &token, &now, &visit);
    let (_, entry) = home
        .noted("factors.pass_step", "person.sign_in", work)
        .await;
    let with = "{\"second_step\":\"code\"}";
    assert_eq!(entry.record.after.as_deref(), Some(with));
    let work = factors.renew_recovery(ada, NEXT_PASSWORD);
    let (more, _) = home
        .noted("factors.renew_recovery", "factor.renew_recovery", work)
        .await;
    let work = factors.remove_totp(ada, NEXT_PASSWORD);
    home.noted("factors.remove_totp", "factor.remove", work)
        .await;
    let enrolled = enrolment(home, ada).await;
    [codes, more, vec![secret, token], enrolled].concat()
}

/// Somebody whose role needs a second factor sets it up while signing in.
async fn enrolment(home: &mut Home, ada: &Caller) -> Vec<String> {
    let (people, factors) = (home.services.people.clone(), home.services.factors.clone());
    let (nobody, visit) = (home.caller(Who::Nobody), Visit::default());
    let new = NewInvitation {
        email: "joe@example.org".into(),
        role: "operator".into(),
    };
    let invited = people.invite(ada, new).await.unwrap().secret;
    let entry = people.accept_invitation(&nobody, &invited, NEXT_PASSWORD, &visit);
    let Entry::Step { token, .. } = entry.await.unwrap() else {
        panic!("no second step was asked for");
    };
    let begun = factors.step_enrolment(&nobody, &token).await.unwrap();
    let wrong = factors.pass_enrolment(&nobody, &token, "1", &visit).await;
    assert!(wrong.is_err());
    let entry = home.entries().await.pop().unwrap().record;
    assert_eq!(
        (entry.action.as_str(), entry.outcome),
        ("factor.confirm", AuditOutcome::Refused)
    );
    let now = code(&begun.secret, api::Clock::now(&*home.clock));
    let work = factors.pass_enrolment(&nobody, &token, &now, &visit);
    let ((signed_in, codes), entry) = home
        .noted("factors.pass_enrolment", "factor.confirm", work)
        .await;
    assert_eq!(entry.record.actor.name, "joe@example.org");
    [codes, vec![invited, token, begun.secret, signed_in.token]].concat()
}

/// Making a passkey and signing in with it, alone and after the password; answers the tokens.
async fn passkeys(home: &mut Home, ada: &Caller) -> Vec<String> {
    let (passkeys, accounts) = (
        home.services.passkeys.clone(),
        home.services.accounts.clone(),
    );
    let (nobody, visit) = (home.caller(Who::Nobody), Visit::default());
    let session = SessionId("the session".into());
    let mut phone = Device::new(SITE, 1);
    let asked = passkeys.begin_passkey(ada, &session, NEXT_PASSWORD).await;
    let answer = phone.create(&asked.unwrap());
    let work = passkeys.add_passkey(ada, &session, "Phone", &answer);
    let (made, entry) = home
        .noted("passkeys.add_passkey", "passkey.add", work)
        .await;
    assert_eq!(entry.record.object.name, "Phone");
    let ask = passkeys.ask_passkey(&nobody).await.unwrap();
    let answer = phone.get(&ask.options);
    let work = passkeys.enter_with_passkey(&nobody, &ask.token, &answer, &visit);
    let (alone, entry) = home
        .noted("passkeys.enter_with_passkey", "person.sign_in", work)
        .await;
    assert_eq!(
        entry.record.after.as_deref(),
        Some("{\"passkey\":\"Phone\"}")
    );
    let roles = home.services.roles.clone();
    roles.set_role_strict(ada, "admin", true).await.unwrap();
    let entry = accounts.sign_in(&nobody, credentials(NEXT_PASSWORD), &visit);
    let Entry::Step { token, .. } = entry.await.unwrap() else {
        panic!("no second step was asked for");
    };
    let asked = passkeys.ask_passkey_step(&nobody, &token).await.unwrap();
    let answer = phone.get(&asked);
    let work = passkeys.pass_passkey_step(&nobody, &token, &answer, &visit);
    let (second, _) = home
        .noted("passkeys.pass_passkey_step", "person.sign_in", work)
        .await;
    roles.set_role_strict(ada, "admin", false).await.unwrap();
    let work = passkeys.remove_passkey(ada, &made.id, NEXT_PASSWORD);
    home.noted("passkeys.remove_passkey", "passkey.remove", work)
        .await;
    vec![ask.token, alone.token, token, second.token]
}

async fn jobs(home: &mut Home) {
    let (admin, now) = (home.admin(), api::Clock::now(&*home.clock));
    let job = |key: &str| NewJob {
        kind: JobKind::FitModel,
        key: key.into(),
        payload: "{}".into(),
        priority: 9,
        run_at: now,
        most_attempts: 1,
    };
    let jobs = home.services.jobs.clone();
    let put = [job("a"), job("b")];
    home.store.put_jobs(&put, now).await.unwrap();
    let until = now.plus(Instant::MINUTE);
    let claimed = home.store.claim_jobs("test", now, until, 1, None).await;
    let claimed = claimed.unwrap().remove(0).id;
    let dead = JobEnd::Dead("it was only a test".into());
    home.store
        .end_job(&claimed, "test", &dead, now)
        .await
        .unwrap();
    let work = jobs.retry(&admin, &claimed);
    home.noted("jobs.retry", "job.retry", work).await;
    let work = jobs.cancel(&admin, &claimed);
    home.noted("jobs.cancel", "job.cancel", work).await;
}

async fn rules(home: &mut Home) {
    let admin = home.admin();
    let recordings = home.services.recordings.clone();
    let rule = |name: &str| RecordingChange {
        name: name.into(),
        expression: "up_value".into(),
        every_seconds: 60,
        unit: api::Unit::None,
        domain: api::Domain::Machine,
        limit: None,
    };
    let work = recordings.add(&admin, rule("Up"));
    let (id, _) = home.noted("recordings.add", "rule.add", work).await;
    let work = recordings.edit(&admin, &id, rule("Still up"));
    let ((), entry) = home.noted("recordings.edit", "rule.edit", work).await;
    assert!(entry.record.before.unwrap().contains("\"Up\""));
    let work = recordings.pause(&admin, &id, true);
    home.noted("recordings.pause", "rule.pause", work).await;
}

/// An hour's sine and a spike, so that there is a finding.
async fn series(home: &mut Home) {
    let admin = home.admin();
    let system = Caller::system("test");
    let samples: Vec<_> = (0..300)
        .map(|m| {
            let angle = f64::from(m) * std::f64::consts::TAU / 60.0;
            let restless = f64::from(m * 7_919 % 101) / 101.0;
            let spike = if (270..275).contains(&m) { 90.0 } else { 0.0 };
            let value = 50.0 + 10.0 * angle.sin() + restless + spike;
            serde_json::json!({ "name": "queue", "value": value, "at": START + 60 * i64::from(m) })
        })
        .collect();
    let body = serde_json::json!({ "samples": samples }).to_string();
    let (series, findings) = (home.services.series.clone(), home.services.findings.clone());
    series.record_json(&system, body.as_bytes()).await.unwrap();
    let all = series.list(&system, SeriesFilter::default()).await.unwrap();
    let (id, source) = (all.series[0].id.clone(), all.series[0].source_id.clone());
    let limit = Limit {
        value: 200.0,
        direction: api::Direction::Rising,
    };
    let change = LimitChange { limit: Some(limit) };
    let work = series.set_limit(&admin, &id, change);
    let ((), entry) = home.noted("series.set_limit", "series.limit", work).await;
    assert_eq!(entry.record.before.as_deref(), Some("null"));
    assert!(entry.record.after.unwrap().contains("200"));
    let change = SeriesChange {
        title: "The queue".into(),
        unit: String::new(),
        aggregation: api::Aggregation::Last,
    };
    let work = series.change(&admin, &id, change);
    home.noted("series.change", "series.change", work).await;
    let ever = Range {
        from: Instant(0),
        to: Instant(i64::MAX),
    };
    let work = series.export(&admin, &id, ever);
    home.noted("series.export", "series.export", work).await;
    let forecasts = home.services.forecasts.clone();
    let work = forecasts.refresh(&admin, &id);
    home.noted("forecasts.refresh", "forecast.refresh", work)
        .await;
    reorders(home, &id).await;
    findings.scan_due(&system).await.unwrap();
    let found = all_findings(&home.services, &system).await;
    let work = findings.judge(&admin, &id, found[0].begins, Some(Verdict::No));
    let ((), entry) = home.noted("findings.judge", "finding.judge", work).await;
    assert!(entry.record.before.unwrap().contains("null"));
    let work = findings.set_sensitivity(&admin, &id, Some(0.9));
    home.noted("findings.set_sensitivity", "finding.sensitivity", work)
        .await;
    let sources = home.services.sources.clone();
    let name = sources.get(&system, &source).await.unwrap().name;
    let work = sources.remove(&admin, &source, &name);
    home.noted("sources.remove", "source.remove", work).await;
}

async fn reorders(home: &mut Home, id: &api::SeriesId) {
    let admin = home.admin();
    let reorders = home.services.reorders.clone();
    let work = reorders.set_terms(&admin, id, crate::things::terms());
    let ((), entry) = home
        .noted("reorders.set_terms", "reorder.terms", work)
        .await;
    assert_eq!(entry.record.before.as_deref(), Some("null"));
    assert!(entry.record.after.unwrap().contains("Holz Maier"));
    let note = api::OrderNote {
        quantity: 240.0,
        due: None,
    };
    let work = reorders.note_order(&admin, id, note);
    let ((), entry) = home
        .noted("reorders.note_order", "reorder.order", work)
        .await;
    assert!(entry.record.after.unwrap().contains("240"));
    let work = reorders.sheet(&admin, api::OrderSheet { within_days: 7 });
    home.noted("reorders.sheet", "reorder.export", work).await;
    let work = reorders.forget_order(&admin, id);
    let ((), entry) = home
        .noted("reorders.forget_order", "reorder.order", work)
        .await;
    assert!(entry.record.before.unwrap().contains("240"));
    let work = reorders.remove_terms(&admin, id);
    home.noted("reorders.remove_terms", "reorder.forget", work)
        .await;
}

async fn imports(home: &mut Home) {
    let admin = home.admin();
    let imports = home.services.imports.clone();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let staged = imports.stage(&admin).await.unwrap();
        let table = "day,sold\n2026-01-01,1\n2026-01-02,2\n2026-01-03,4\n";
        tokio::fs::write(&staged.path, table).await.unwrap();
        let work = imports.accept(&admin, &staged, "sold.csv");
        let (made, _) = home.noted("imports.accept", "import.upload", work).await;
        ids.push(made);
    }
    let settings = ids[0].settings.clone();
    let work = imports.correct(&admin, &ids[0].id, settings);
    home.noted("imports.correct", "import.correct", work).await;
    let work = imports.start(&admin, &ids[0].id);
    home.noted("imports.start", "import.start", work).await;
    let work = imports.cancel(&admin, &ids[1].id);
    home.noted("imports.cancel", "import.cancel", work).await;
    for _ in 0..200 {
        let ended = |e: &AuditEntry| e.record.action == "import.end";
        if home.entries().await.iter().any(ended) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the end of the import was not noted");
}

async fn targets(home: &mut Home, key: ApiKey) {
    let admin = home.admin();
    let scrapes = home.services.scrapes.clone();
    let set = || TokenChange::Set(Hidden(TOKEN.into()));
    let work = scrapes.add(&admin, target("http://db-1:9100", set()));
    let (id, entry) = home.noted("scrapes.add", "target.add", work).await;
    assert!(entry.record.after.unwrap().contains("\"has_token\":true"));
    let work = scrapes.edit(&admin, &id, target("http://db-2:9100", set()));
    let ((), entry) = home.noted("scrapes.edit", "target.edit", work).await;
    assert!(entry.record.before.unwrap().contains("db-1:9100"));
    assert!(entry.record.after.unwrap().contains("db-2:9100"));
    let work = scrapes.pause(&admin, &id, true);
    home.noted("scrapes.pause", "target.pause", work).await;
    let work = scrapes.try_out(
        &admin,
        Some(&id),
        target("http://db-2:9100", TokenChange::Keep),
    );
    home.noted("scrapes.try_out", "target.try", work).await;
    let sender = home.caller(Who::Key {
        id: key.id,
        name: key.name,
        scopes: key.scopes,
        rate: None,
    });
    let metrics = home.services.metrics.clone();
    let push = influx("up value=1");
    metrics.push(&sender, push).await.unwrap();
    let storage = metrics.storage(&admin).await.unwrap();
    let api::MetricStorage::Database(storage) = storage else {
        panic!("the database keeps metrics");
    };
    let keep = api::Keep {
        raw_days: Some(3),
        five_minutes_days: None,
        hour_days: None,
    };
    let work = metrics.keep(&admin, &storage.sources[0].id, keep);
    home.noted("metrics.keep", "metrics.keep", work).await;
}

async fn cash(home: &mut Home) {
    let (admin, cash) = (home.admin(), home.services.cash.clone());
    let system = Caller::system("test");
    let series = home.services.series.clone();
    let now = series.now(&system).await.unwrap();
    let samples: Vec<String> = (1..=60)
        .map(|day| {
            let at = now.minus(day * Instant::DAY).0 / 1_000_000;
            format!(
                "{{\"name\":\"bank\",\"at\":{at},\"value\":{}}}",
                9_000 + 10 * day
            )
        })
        .collect();
    let body = format!("{{\"samples\":[{}]}}", samples.join(","));
    series.record_json(&system, body.as_bytes()).await.unwrap();
    let filter = SeriesFilter {
        text: "bank".into(),
        ..SeriesFilter::default()
    };
    let account = series.list(&system, filter).await.unwrap().series.remove(0);
    let change = SeriesChange {
        title: "Bank".into(),
        unit: "EUR".into(),
        aggregation: api::Aggregation::Last,
    };
    series.change(&system, &account.id, change).await.unwrap();
    let work = cash.set_terms(&admin, crate::things::cash_terms(account.id));
    let ((), entry) = home.noted("cash.set_terms", "cash.terms", work).await;
    assert_eq!(entry.record.before.as_deref(), Some("null"));
    let work = cash.sheet(&admin);
    let (csv, _) = home.noted("cash.sheet", "cash.export", work).await;
    assert_eq!(csv.lines().count(), 14);
    let work = cash.add_item(&admin, crate::things::payment());
    let (id, entry) = home.noted("cash.add_item", "cash.add", work).await;
    assert!(entry.record.after.unwrap().contains("Nordlicht"));
    let work = cash.remove_item(&admin, &id);
    let ((), entry) = home.noted("cash.remove_item", "cash.remove", work).await;
    assert!(entry.record.before.unwrap().contains("Nordlicht"));
    let items = vec![crate::things::payment(), crate::things::payment()];
    let work = cash.replace_items(&admin, api::CashSide::In, items);
    let ((), entry) = home.noted("cash.replace_items", "cash.replace", work).await;
    assert_eq!(entry.record.after.as_deref(), Some("[\"in\",2,1000000]"));
    let work = cash.remove_terms(&admin);
    home.noted("cash.remove_terms", "cash.forget", work).await;
}

async fn calendar(home: &mut Home) {
    let (admin, calendars) = (home.admin(), home.services.calendars.clone());
    let work = calendars.set_holidays(&admin, Some("DE-BY".into()));
    let ((), entry) = home
        .noted("calendars.set_holidays", "calendar.holidays", work)
        .await;
    let (before, after) = (entry.record.before, entry.record.after);
    assert_eq!(
        (before.as_deref(), after.as_deref()),
        (Some("null"), Some("\"DE-BY\""))
    );
    let change = |name: &str| api::CalendarChange {
        name: name.into(),
        kind: api::EntryKind::Promotion,
        first: "2026-11-27".into(),
        last: "2026-11-30".into(),
        touches: api::Touches::All,
    };
    let work = calendars.add_entry(&admin, change("Black week"));
    let (id, entry) = home
        .noted("calendars.add_entry", "calendar.add", work)
        .await;
    assert!(entry.record.after.unwrap().contains("2026-11-30"));
    let work = calendars.edit_entry(&admin, &id, change("White week"));
    let ((), entry) = home
        .noted("calendars.edit_entry", "calendar.edit", work)
        .await;
    assert!(entry.record.before.unwrap().contains("Black week"));
    assert!(entry.record.after.unwrap().contains("White week"));
    let work = calendars.remove_entry(&admin, &id);
    let ((), entry) = home
        .noted("calendars.remove_entry", "calendar.remove", work)
        .await;
    assert!(entry.record.before.unwrap().contains("White week"));
}

async fn the_rest(home: &mut Home) {
    let admin = home.admin();
    let demo = home.services.demo.clone();
    home.noted("demo.start", "demo.start", demo.start(&admin))
        .await;
    home.noted("demo.remove", "demo.remove", demo.remove(&admin))
        .await;
    let caches = home.services.caches.clone();
    let work = caches.empty_caches(&admin, Some(api::CacheArea::Alerts));
    let ((), entry) = home.noted("caches.empty_caches", "cache.empty", work).await;
    assert_eq!(entry.record.object.id, "alerts");
    let audit = home.services.audit.clone();
    let work = audit.set_retention(&admin, Some(365));
    let ((), entry) = home.noted("audit.set_retention", "audit.keep", work).await;
    assert_eq!(entry.record.before.as_deref(), Some("{\"days\":90}"));
    assert_eq!(audit.retention(&admin).await, Ok(Some(365)));
    let filter = AuditFilter::default();
    let work = audit.begin_export(&admin, &filter, AuditFormat::Jsonl);
    let (newest, entry) = home.noted("audit.begin_export", "audit.export", work).await;
    assert_eq!(newest, entry.seq);
}

#[tokio::test]
async fn every_operation_that_changes_something_leaves_an_entry_and_no_secret_does() {
    let mut home = Home::new().await;
    let (mut secrets, key) = people(&mut home).await;
    series(&mut home).await;
    imports(&mut home).await;
    targets(&mut home, key).await;
    rules(&mut home).await;
    calendar(&mut home).await;
    cash(&mut home).await;
    jobs(&mut home).await;
    the_rest(&mut home).await;

    let known: BTreeSet<&str> = [READS, ELSEWHERE, COMPUTES, DATA]
        .concat()
        .into_iter()
        .collect();
    for operation in operations() {
        let (done, named) = (
            home.done.contains(operation.as_str()),
            known.contains(operation.as_str()),
        );
        assert!(
            done || named,
            "`{operation}` is neither done in this test nor named as one that changes nothing"
        );
        assert!(
            !(done && named),
            "`{operation}` changes something after all"
        );
    }

    secrets.extend([PASSWORD, NEXT_PASSWORD, TOKEN].map(str::to_owned));
    let entries = home.entries().await;
    let all = serde_json::to_string(&entries).unwrap();
    for secret in secrets {
        assert!(!all.contains(&secret), "a secret is in the log: {secret}");
    }
    for (entry, seq) in entries.iter().zip(1..) {
        assert_eq!(entry.seq, seq, "numbers have no gaps");
        let shape = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        let (area, verb) = entry.record.action.split_once('.').unwrap();
        assert!(shape(area) && shape(verb), "{}", entry.record.action);
    }
}

/// The operations, read out of the traits themselves, with the names that `Services` gives them.
fn operations() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/src");
    let services = std::fs::read_to_string(format!("{folder}/lib.rs")).unwrap();
    let named = |of: &str| {
        let kind = format!("Arc<dyn {of}>");
        let line = services.lines().find(|line| line.contains(&kind)).unwrap();
        let field = line.trim().strip_prefix("pub ").unwrap();
        field.split(':').next().unwrap().to_owned()
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut of = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("pub trait ") {
                rest.split(':').next().unwrap().clone_into(&mut of);
            }
            if let Some(rest) = line.trim().strip_prefix("async fn ") {
                let operation = rest.split(['(', '<']).next().unwrap();
                found.push(format!("{}.{operation}", named(&of)));
            }
        }
    }
    assert!(found.len() > 50, "{found:?}");
    found
}

#[tokio::test]
async fn what_is_refused_is_noted_once_a_minute_with_who_and_what() {
    let home = Home::new().await;
    let viewer = home.caller(Who::User {
        id: "eve".into(),
        email: "eve@example.org".into(),
        role: Role::Viewer,
        since: Instant(i64::MAX),
    });
    for _ in 0..3 {
        let answer = home.services.demo.start(&viewer).await;
        assert!(matches!(answer, Err(Error::Forbidden { .. })));
    }
    let nobody = home.caller(Who::Nobody);
    assert!(home.services.accounts.users(&nobody).await.is_err());
    let entries = home.entries().await;
    let told: Vec<_> = entries
        .iter()
        .map(|e| {
            let r = &e.record;
            assert_eq!(
                (r.action.as_str(), r.outcome),
                ("access.refuse", AuditOutcome::Refused)
            );
            assert_eq!(
                (r.address.as_str(), r.object.name.as_str()),
                ("192.0.2.7", "POST /there")
            );
            (
                r.actor.kind.as_str(),
                r.actor.name.as_str(),
                r.object.id.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("person", "eve@example.org", "monitoring:write"),
            ("nobody", "", "access:read")
        ]
    );
    home.clock.advance(Instant::MINUTE);
    assert!(home.services.demo.start(&viewer).await.is_err());
    assert_eq!(home.entries().await.len(), 3);
    // Something else is another entry.
    let mut elsewhere = viewer;
    elsewhere.origin.request = Some("POST /elsewhere".into());
    assert!(home.services.demo.start(&elsewhere).await.is_err());
    assert_eq!(home.entries().await.len(), 4);
}

#[tokio::test]
async fn sign_ins_that_fail_are_noted_and_what_was_typed_is_not() {
    let home = Home::new().await;
    let accounts = &home.services.accounts;
    let token = accounts.set_up_token(&Caller::system("start")).await;
    let token = token.unwrap().unwrap();
    let nobody = home.caller(Who::Nobody);
    accounts
        .set_up(&nobody, &token, credentials(PASSWORD), &Visit::default())
        .await
        .unwrap();
    let already = home.entries().await.len();
    for (email, password) in [
        ("ada@example.org", "canary-1"),
        ("nobody@example.org", "canary-2"),
        ("canary-3 typed into the wrong field", "canary-4"),
    ] {
        let who = Credentials {
            email: email.into(),
            password: password.into(),
        };
        assert!(
            accounts
                .sign_in(&nobody, who, &Visit::default())
                .await
                .is_err()
        );
    }
    assert!(
        home.services
            .keys
            .of_secret(&nobody, "mr_canary-5")
            .await
            .unwrap()
            .is_none()
    );
    let entries = &home.entries().await[already..];
    let told: Vec<_> = entries
        .iter()
        .map(|e| {
            assert_eq!(e.record.outcome, AuditOutcome::Refused);
            (e.record.action.as_str(), e.record.object.name.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("person.sign_in", "ada@example.org"),
            ("person.sign_in", "nobody@example.org"),
            ("person.sign_in", ""),
            ("key.use", "")
        ]
    );
    assert!(!serde_json::to_string(entries).unwrap().contains("canary"));
}

#[tokio::test]
async fn a_key_is_noted_once_an_hour_for_each_address() {
    let home = Home::new().await;
    let keys = &home.services.keys;
    let new = NewKey {
        name: "k".into(),
        scopes: vec![Scope::INGEST],
        rate: None,
        expires_at: None,
    };
    let secret = keys.add(&home.admin(), new).await.unwrap().secret;
    let from = |address: &str| {
        let mut caller = home.caller(Who::Nobody);
        caller.origin.address = Some(address.into());
        caller
    };
    let uses = async || {
        let entries = home.entries().await;
        let uses = entries.iter().filter(|e| e.record.action == "key.use");
        uses.count()
    };
    for (address, later, expected) in [
        ("192.0.2.1", 0, 1),
        ("192.0.2.1", Instant::HOUR - 1, 1),
        ("192.0.2.2", 0, 2),
        ("192.0.2.1", 1, 3),
    ] {
        home.clock.advance(later);
        keys.of_secret(&from(address), &secret).await.unwrap();
        assert_eq!(uses().await, expected, "{address} {later}");
    }
}

#[tokio::test]
async fn what_did_not_happen_is_not_noted_as_done() {
    let home = Home::new().await;
    let (admin, services) = (home.admin(), &home.services);
    assert!(
        services
            .accounts
            .remove_user(&admin, &"x".into())
            .await
            .is_err()
    );
    assert!(services.keys.revoke(&admin, &"x".into()).await.is_err());
    assert!(
        services
            .scrapes
            .pause(&admin, &"x".into(), true)
            .await
            .is_err()
    );
    let change = LimitChange { limit: None };
    assert!(
        services
            .series
            .set_limit(&admin, &"x".into(), change)
            .await
            .is_err()
    );
    // The last administrator stays, and so nothing was done.
    let token = services
        .accounts
        .set_up_token(&Caller::system("start"))
        .await;
    let nobody = home.caller(Who::Nobody);
    let made = services
        .accounts
        .set_up(
            &nobody,
            &token.unwrap().unwrap(),
            credentials(PASSWORD),
            &Visit::default(),
        )
        .await
        .unwrap();
    assert!(
        services
            .accounts
            .remove_user(&admin, &made.user.id)
            .await
            .is_err()
    );
    let entries = home.entries().await;
    let told: Vec<&str> = entries.iter().map(|e| e.record.action.as_str()).collect();
    assert_eq!(told, ["setup.offer", "setup.claim", "person.sign_in"]);
}

#[tokio::test]
async fn the_head_is_anchored_and_what_is_too_old_is_cut_off_with_a_signed_word() {
    let home = Home::new().await;
    let (admin, system) = (home.admin(), Caller::system("audit"));
    let audit = &home.services.audit;
    let folder = home.folder.path();
    let file = folder.join("audit.anchors");
    let ring = KeySource::Own(folder.join("master.key")).ring().unwrap();
    let mut keeper = AuditKeeper::new(home.hub.clone(), file.clone());
    keeper.begin(&system).await.unwrap();
    let anchored = || read_anchors(&file, Some(&ring)).unwrap().anchors;
    let set = async |days| audit.set_retention(&admin, Some(days)).await.unwrap();
    set(30).await;
    keeper.tick(&system, false).await.unwrap();
    assert_eq!(anchored().len(), 1);
    // Within the minute only a hundred entries are a reason, or the end.
    set(31).await;
    keeper.tick(&system, false).await.unwrap();
    assert_eq!(anchored().len(), 1);
    for days in 0..100 {
        set(40 + days).await;
    }
    keeper.tick(&system, false).await.unwrap();
    assert_eq!(anchored().last().unwrap().seq, 102);
    set(30).await;
    keeper.tick(&system, true).await.unwrap();
    assert_eq!(anchored().last().unwrap().seq, 103);

    home.clock.advance(32 * Instant::DAY);
    set(30).await;
    keeper.tick(&system, false).await.unwrap();
    let entries = home.entries().await;
    let actions: Vec<_> = entries
        .iter()
        .map(|e| (e.seq, e.record.action.as_str()))
        .collect();
    assert_eq!(actions, [(104, "audit.keep"), (105, "audit.cut")]);
    let anchors = read_anchors(&file, Some(&ring)).unwrap();
    let verified = verify_audit(&home.store, &anchors, Some(&ring))
        .await
        .unwrap();
    assert_eq!((verified.entries, verified.faults), (2, Vec::new()));

    // A cut that the server did not sign is none: whoever can write to the database can make one.
    let hash = entries[1].hash.clone();
    let mut forged = entries[1].record.clone();
    let by = Ring::parse(&new_master_key()).unwrap().sign(b"x").unwrap();
    let own = ring.ids()[0].to_owned();
    let by = by.replace(by.split(':').next().unwrap(), &own);
    forged.after = Some(format!(
        "{{\"through\":105,\"hash\":\"{hash}\",\"by\":\"{by}\"}}"
    ));
    let store = home.store.noting(forged);
    store.delete_audit_through(105).await.unwrap();
    let verified = verify_audit(&home.store, &anchors, Some(&ring))
        .await
        .unwrap();
    let not_there = Fault::Missing { from: 1, to: 105 };
    let unsigned = Fault::Unproven { from: 106, to: 106 };
    assert_eq!(verified.faults, [not_there, unsigned]);
}
