//! Signing in through a provider that answers as a test wants it to.

use std::sync::{Arc, Mutex};

use api::{Caller, Clock, Entry, Error, Hidden, Instant, Result, Returned, Services, Visit};
use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use fakes::FixedClock;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use service::{Ask, AskFault, Bus, Hub, Provider, Settings};
use store::{DatabaseUrl, Store};

const ISSUER: &str = "https://id.example";

/// What the provider does.
struct Elsewhere {
    seed: u8,
    places: Value,
    id_token: Value,
    userinfo: Value,
    asked: Vec<String>,
}

impl Elsewhere {
    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[self.seed; 32]).unwrap()
    }

    fn token(&self) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let header = json!({ "alg": "EdDSA", "kid": self.seed.to_string() });
        let signed = format!("{}.{}", part(&header), part(&self.id_token));
        let signature = self.pair().sign(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

struct Fake(Mutex<Elsewhere>);

#[async_trait]
impl Ask for Fake {
    async fn get(&self, url: &str, bearer: Option<&str>) -> Result<Vec<u8>, AskFault> {
        let mut it = self.0.lock().unwrap();
        it.asked.push(url.to_owned());
        let answer = match url.strip_prefix(ISSUER).unwrap() {
            "/.well-known/openid-configuration" => it.places.clone(),
            "/keys" => {
                let x = BASE64URL_NOPAD.encode(it.pair().public_key().as_ref());
                let kid = it.seed.to_string();
                json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x }] })
            }
            "/me" if bearer == Some("access") => it.userinfo.clone(),
            _ => return Err(AskFault("404".into())),
        };
        Ok(answer.to_string().into_bytes())
    }

    async fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
        client: Option<(&str, &str)>,
    ) -> Result<Vec<u8>, AskFault> {
        let it = self.0.lock().unwrap();
        assert_eq!(url, format!("{ISSUER}/token"));
        assert_eq!(client, Some(("millrace", "canary")));
        let field = |name| {
            form.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, v)| *v)
        };
        assert_eq!(field("code"), Some("the code"));
        assert!(field("code_verifier").is_some_and(|verifier| verifier.len() == 64));
        let answer = json!({ "id_token": it.token(), "access_token": "access" });
        Ok(answer.to_string().into_bytes())
    }
}

struct Place {
    _folder: tempfile::TempDir,
    hub: Arc<Hub>,
    services: Services,
    clock: Arc<FixedClock>,
    fake: Arc<Fake>,
}

impl Place {
    async fn new() -> Self {
        Self::that_vouches(false).await
    }

    /// Whether the settings say that it vouches for every address that it says nothing of.
    async fn that_vouches(vouches: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path()).await;
        let clock = Arc::new(FixedClock::new(Instant::from_seconds(1_780_000_000)));
        let at = |path: &str| format!("{ISSUER}{path}");
        let fake = Arc::new(Fake(Mutex::new(Elsewhere {
            seed: 1,
            places: json!({
                "issuer": ISSUER, "authorization_endpoint": at("/auth"),
                "token_endpoint": at("/token"), "jwks_uri": at("/keys"),
                "userinfo_endpoint": at("/me"),
            }),
            id_token: json!({}),
            userinfo: json!({
                "sub": "7", "email": "olga@example.org", "email_verified": true, "groups": ["ops"],
            }),
            asked: Vec::new(),
        })));
        let provider = Provider {
            name: "Example".into(),
            issuer: ISSUER.into(),
            client_id: "millrace".into(),
            client_secret: Some(Hidden("canary".into())),
            redirect_uri: "https://ops.example/auth/provider/return".into(),
            scopes: "openid email".into(),
            groups_claim: "groups".into(),
            roles: vec![
                ("bosses".into(), "admin".into()),
                ("ops".into(), "operator".into()),
            ],
            default_role: None,
            vouches,
            ask: fake.clone(),
        };
        assert!(!format!("{provider:?}").contains("canary"));
        let hub = Hub::new(
            store.unwrap(),
            clock.clone(),
            Bus::new(1),
            Settings {
                provider: Some(provider),
                ..Settings::alone(folder.path().join("uploads"))
            },
        );
        Self {
            _folder: folder,
            services: hub.services(),
            hub,
            clock,
            fake,
        }
    }

    fn set(&self, change: impl FnOnce(&mut Elsewhere)) {
        change(&mut self.fake.0.lock().unwrap());
    }

    /// Goes there; answers the state, and has the provider say whose sign-in it is.
    async fn depart(&self) -> String {
        let nobody = Caller::nobody("test");
        let trip = self
            .services
            .providers
            .depart(&nobody, "/series")
            .await
            .unwrap();
        let asked: Vec<(String, String)> = url::Url::parse(&trip.url)
            .unwrap()
            .query_pairs()
            .into_owned()
            .collect();
        let of = |name: &str| {
            asked
                .iter()
                .find(|(known, _)| known == name)
                .unwrap()
                .1
                .clone()
        };
        assert_eq!(of("code_challenge_method"), "S256");
        assert_eq!(of("state"), trip.state);
        let now = self.clock.now().0 / Instant::SECOND;
        self.set(|it| {
            it.id_token = json!({
                "iss": ISSUER, "aud": "millrace", "sub": "7", "nonce": of("nonce"),
                "iat": now, "exp": now + 300,
            });
        });
        trip.state
    }

    async fn arrive(&self, kept: &str, returned: Returned) -> Result<(Entry, String)> {
        let nobody = Caller::nobody("test");
        let providers = &self.services.providers;
        providers
            .arrive(&nobody, kept, returned, &Visit::default())
            .await
    }

    /// The sign-ins that the audit log says were refused.
    async fn refused(&self) -> Vec<api::AuditRecord> {
        self.hub.write_refusals().await.unwrap();
        let filter = api::AuditFilter {
            action: "person.sign_in".into(),
            outcome: Some(api::AuditOutcome::Refused),
            ..api::AuditFilter::default()
        };
        let admin = Caller::system("test");
        let page = self.services.audit.entries(&admin, filter, None, 9).await;
        let entries = page.unwrap().entries.into_iter();
        entries.map(|one| one.record).collect()
    }

    async fn whole(&self) -> Result<(Entry, String)> {
        let state = self.depart().await;
        self.arrive(&state, with_code(&state)).await
    }
}

fn with_code(state: &str) -> Returned {
    Returned {
        state: state.into(),
        code: Some("the code".into()),
        ..Returned::default()
    }
}

fn is_lost(answer: &Result<(Entry, String)>) -> bool {
    matches!(answer, Err(Error::NotFound { .. }))
}

#[tokio::test]
async fn somebody_comes_back_as_who_they_are_with_the_role_of_their_groups() {
    let place = Place::new().await;
    let (entry, next) = place.whole().await.unwrap();
    let Entry::Open(signed_in) = entry else {
        panic!("{entry:?}")
    };
    assert_eq!(next, "/series");
    assert_eq!(signed_in.user.email, "olga@example.org");
    assert_eq!(signed_in.user.role, api::Role::Operator);
    // The address may change there, and the groups: the person stays the same.
    place.set(|it| {
        it.userinfo["email"] = json!("olga.new@example.org");
        it.userinfo["groups"] = json!(["ops", "bosses"]);
    });
    let (entry, _) = place.whole().await.unwrap();
    let Entry::Open(again) = entry else {
        panic!("{entry:?}")
    };
    assert_eq!(again.user.id, signed_in.user.id);
    assert_eq!(again.user.role, api::Role::Admin);
    // Who has no password does not sign in with an empty one.
    let who = api::Credentials {
        email: "olga@example.org".into(),
        password: String::new(),
    };
    let accounts = &place.services.accounts;
    let refused = accounts
        .sign_in(&Caller::nobody("test"), who, &Visit::default())
        .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn an_answer_is_good_once_in_time_and_in_the_browser_that_asked() {
    let place = Place::new().await;
    let state = place.depart().await;
    assert!(is_lost(&place.arrive("", with_code("")).await));
    assert!(is_lost(&place.arrive("another", with_code(&state)).await));
    assert!(is_lost(&place.arrive("never", with_code("never")).await));
    assert!(place.arrive(&state, with_code(&state)).await.is_ok());
    assert!(is_lost(&place.arrive(&state, with_code(&state)).await));
    let state = place.depart().await;
    let other = Returned {
        issuer: Some("https://evil.example".into()),
        ..with_code(&state)
    };
    assert!(is_lost(&place.arrive(&state, other).await), "mix-up");
    let state = place.depart().await;
    place.clock.advance(10 * Instant::MINUTE);
    assert!(is_lost(&place.arrive(&state, with_code(&state)).await));
    let state = place.depart().await;
    let denied = Returned {
        error: Some("access_denied".into()),
        code: None,
        ..with_code(&state)
    };
    assert!(place.arrive(&state, denied).await.is_err());
}

#[tokio::test]
async fn a_token_of_another_sign_in_or_about_somebody_else_signs_nobody_in() {
    let place = Place::new().await;
    let state = place.depart().await;
    place.set(|it| it.id_token["nonce"] = json!("another"));
    let replayed = place.arrive(&state, with_code(&state)).await;
    assert!(replayed.unwrap_err().of_field("provider").is_some());
    place.set(|it| it.userinfo["sub"] = json!("8"));
    let confused = place.whole().await;
    assert!(matches!(confused, Err(Error::Unavailable { .. })));
}

#[tokio::test]
async fn keys_that_changed_are_asked_for_again_and_the_rest_is_remembered() {
    let place = Place::new().await;
    place.whole().await.unwrap();
    place.whole().await.unwrap();
    let asked = place.fake.0.lock().unwrap().asked.clone();
    assert_eq!(asked.iter().filter(|url| url.ends_with("/keys")).count(), 1);
    place.set(|it| it.seed = 2);
    let soon = place.whole().await;
    assert!(soon.is_err(), "not more than once a minute");
    place.clock.advance(Instant::MINUTE);
    place.whole().await.unwrap();
}

#[tokio::test]
async fn a_provider_that_names_another_issuer_or_addresses_without_tls_is_not_asked_further() {
    for (name, value) in [
        ("issuer", "https://evil.example"),
        ("token_endpoint", "http://id.example/token"),
    ] {
        let place = Place::new().await;
        place.set(|it| it.places[name] = json!(value));
        let nobody = Caller::nobody("test");
        let refused = place.services.providers.depart(&nobody, "/").await;
        assert!(matches!(refused, Err(Error::Unavailable { .. })), "{name}");
    }
}

#[tokio::test]
async fn whoever_has_no_role_or_an_address_that_nobody_vouches_for_stays_outside() {
    let place = Place::new().await;
    place.set(|it| it.userinfo["groups"] = json!(["guests"]));
    let roleless = place.whole().await.unwrap_err();
    assert!(roleless.of_field("roleless").is_some());
    place.set(|it| {
        it.userinfo["groups"] = json!(["ops"]);
        it.userinfo["email_verified"] = json!(false);
    });
    let stranger = place.whole().await.unwrap_err();
    assert!(stranger.of_field("unvouched").is_some());
    let refused = place.refused().await;
    let [refused] = &refused[..] else {
        panic!("one of a kind in a minute: {refused:?}")
    };
    assert_eq!(refused.object.name, "olga@example.org");
    let why = refused.after.as_deref().unwrap();
    assert!(why.contains("none of your groups"), "{why}");
    place.set(|it| {
        it.userinfo["groups"] = json!(["guests"]);
        it.userinfo["email_verified"] = json!(true);
    });
    let (test, olga) = (Caller::system("test"), ("olga@example.org", "viewer"));
    let olga = crate::person::invited(&place.services, &test, olga)
        .await
        .unwrap();
    place.set(|it| it.userinfo["email_verified"] = json!(false));
    let unsure = place.whole().await.unwrap_err();
    assert!(unsure.of_field("vouch").is_some());
    place.set(|it| it.userinfo["email_verified"] = json!(true));
    let (entry, _) = place.whole().await.unwrap();
    let Entry::Open(signed_in) = entry else {
        panic!("{entry:?}")
    };
    // No group of theirs is mapped: the role that was given by hand stays.
    assert_eq!(
        (signed_in.user.id, signed_in.user.role),
        (olga.user.id, api::Role::Viewer)
    );
}

#[tokio::test]
async fn what_a_provider_does_not_say_of_an_address_is_in_the_settings_and_what_it_says_counts() {
    for (settings, said, comes_in) in [
        (false, None, false),
        (true, None, true),
        (true, Some(false), false),
        (false, Some(true), true),
    ] {
        let place = Place::that_vouches(settings).await;
        place.set(|it| {
            let claims = it.userinfo.as_object_mut().unwrap();
            match said {
                Some(said) => claims.insert("email_verified".into(), json!(said)),
                None => claims.remove("email_verified"),
            };
        });
        let whole = place.whole().await;
        assert_eq!(whole.is_ok(), comes_in, "{settings} {said:?}: {whole:?}");
    }
}
