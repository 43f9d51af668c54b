//! One thing of each kind, for operations to be refused at, and what they look like afterwards.

use std::cell::RefCell;

use api::{
    CalendarChange, Caller, EntryKind, Grant, NewInvitation, NewKey, Permission, RoleChange, Scope,
    SeriesFilter, Services, TokenChange, Touches,
};

/// Their ids; `none` before they were made.
#[derive(Clone, Debug)]
pub(crate) struct Things {
    pub(crate) user: String,
    pub(crate) invitation: String,
    pub(crate) key: String,
    pub(crate) role: String,
    pub(crate) series: String,
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) rule: String,
    pub(crate) entry: String,
    pub(crate) payment: String,
}

thread_local! {
    /// Those of the test that runs on this thread.
    static THERE: RefCell<Things> = RefCell::new(Things::none());
}

/// The id of one of them.
pub(crate) fn a<T: for<'a> From<&'a str>>(of: fn(&Things) -> &String) -> T {
    THERE.with_borrow(|there| of(there).as_str().into())
}

impl Things {
    fn none() -> Self {
        let none = || "none".to_owned();
        Self {
            user: none(),
            invitation: none(),
            key: none(),
            role: none(),
            series: none(),
            source: none(),
            target: none(),
            rule: none(),
            entry: none(),
            payment: none(),
        }
    }

    /// Makes them. Who holds them may look after access, as whoever is let in does, and nothing else.
    pub(crate) async fn make(services: &Services) {
        let maker = Caller::system("test");
        let role = RoleChange {
            name: "Doorkeeper".into(),
            grants: vec![Grant::One(Permission::AccessWrite)],
        };
        let role = services.roles.add_role(&maker, role).await.unwrap();
        let user = ("bob@example.org", &*role.id.to_string());
        let user = crate::person::invited(services, &maker, user)
            .await
            .unwrap()
            .user;
        let invitation = NewInvitation {
            email: "sue@example.org".into(),
            role: role.id.to_string(),
        };
        let invitation = services.people.invite(&maker, invitation).await.unwrap();
        let key = NewKey {
            name: "door".into(),
            scopes: Scope::all()
                .filter(|scope| scope.as_str() == "access:write")
                .collect(),
            rate: None,
            expires_at: None,
        };
        let key = services.keys.add(&maker, key).await.unwrap();
        let sample = br#"[{"name": "disk", "value": 1}]"#;
        services.series.record_json(&maker, sample).await.unwrap();
        let series = services.series.list(&maker, SeriesFilter::default()).await;
        let series = series.unwrap().series.remove(0);
        let target = services.scrapes.add(&maker, target()).await.unwrap();
        let rule = services.recordings.add(&maker, rule()).await.unwrap();
        let promotion = CalendarChange {
            name: "Sale".into(),
            kind: EntryKind::Promotion,
            first: "2026-11-27".into(),
            last: "2026-11-27".into(),
            touches: Touches::All,
        };
        let entry = services.calendars.add_entry(&maker, promotion).await;
        let reorders = &services.reorders;
        reorders
            .set_terms(&maker, &series.id, terms())
            .await
            .unwrap();
        let sample = br#"[{"name": "bank", "value": 1}]"#;
        services.series.record_json(&maker, sample).await.unwrap();
        let bank = SeriesFilter {
            text: "bank".into(),
            ..SeriesFilter::default()
        };
        let bank = services.series.list(&maker, bank).await.unwrap().series;
        let money = api::SeriesChange {
            title: "Bank".into(),
            unit: "EUR".into(),
            aggregation: api::Aggregation::Last,
        };
        let changed = services.series.change(&maker, &bank[0].id, money).await;
        changed.unwrap();
        let account = cash_terms(bank[0].id.clone());
        services.cash.set_terms(&maker, account).await.unwrap();
        let payment = services.cash.add_item(&maker, payment()).await;
        let made = Self {
            user: user.id.to_string(),
            invitation: invitation.made.id.to_string(),
            key: key.made.id.to_string(),
            role: role.id.to_string(),
            series: series.id.to_string(),
            source: series.source_id.to_string(),
            target: target.to_string(),
            rule: rule.to_string(),
            entry: entry.unwrap().to_string(),
            payment: payment.unwrap().to_string(),
        };
        THERE.set(made);
    }

    /// All that can be seen of them, in words.
    pub(crate) async fn look(services: &Services) -> Vec<String> {
        let eye = Caller::system("test");
        let series = services.series.list(&eye, SeriesFilter::default()).await;
        vec![
            format!("{:?}", services.people.people(&eye).await.unwrap()),
            format!("{:?}", services.people.invitations(&eye).await.unwrap()),
            format!("{:?}", services.keys.list(&eye).await.unwrap()),
            format!("{:?}", services.roles.roles(&eye).await.unwrap()),
            format!("{:?}", series.unwrap().series),
            format!("{:?}", services.sources.list(&eye).await.unwrap()),
            format!("{:?}", services.scrapes.list(&eye).await.unwrap()),
            format!("{:?}", services.recordings.list(&eye).await.unwrap()),
            format!("{:?}", services.calendars.calendar(&eye).await.unwrap()),
            format!("{:?}", services.reorders.list(&eye).await.unwrap()),
            format!("{:?}", services.cash.view(&eye).await.unwrap()),
            format!("{:?}", services.imports.list(&eye).await.unwrap()),
            format!("{:?}", services.jobs.queue(&eye).await.unwrap()),
        ]
    }
}

/// A target that nobody listens at.
pub(crate) fn target() -> api::TargetChange {
    api::TargetChange {
        name: "t".into(),
        url: "http://127.0.0.1:1".into(),
        interval_seconds: 15,
        timeout_seconds: None,
        token: TokenChange::Keep,
        ca: String::new(),
        verify: true,
    }
}

/// The series that those words find first.
pub(crate) async fn found(services: &Services, name: &str) -> api::SeriesId {
    let filter = SeriesFilter {
        text: name.into(),
        ..SeriesFilter::default()
    };
    let all = services.series.list(&Caller::system("test"), filter).await;
    all.unwrap().series.remove(0).id
}

/// What somebody owes, due within five years of any clock of these tests.
pub(crate) fn payment() -> api::CashChange {
    api::CashChange {
        side: api::CashSide::In,
        name: "Nordlicht Hotels, invoice 118".into(),
        minor: 500_000,
        currency: "EUR".into(),
        due: "2026-12-15".into(),
    }
}

/// How that account is foreseen.
pub(crate) fn cash_terms(account: api::SeriesId) -> api::CashTerms {
    api::CashTerms {
        account,
        inflow: None,
        outflow: None,
        in_days: 0,
        out_days: 0,
        late_days: 0,
    }
}

/// How something is bought.
pub(crate) fn terms() -> api::SupplyTerms {
    api::SupplyTerms {
        demand: None,
        supplier: "Holz Maier".into(),
        item: "WT-40".into(),
        lead_days: 14,
        late_days: 0,
        cover_days: 30,
        service_percent: 95.0,
        pack: 1.0,
        least: 0.0,
        price: None,
    }
}

/// A rule.
pub(crate) fn rule() -> api::RecordingChange {
    api::RecordingChange {
        name: "r".into(),
        expression: "up".into(),
        every_seconds: 60,
        unit: api::Unit::None,
        domain: api::Domain::Machine,
        limit: None,
    }
}
