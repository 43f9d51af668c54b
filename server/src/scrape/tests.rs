//! A target on loopback that is strict about what it is asked and fails on command, and the job on it.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use api::{
    Caller, Hidden, Instant, MetricsQuestion, ScrapeState, Services, SourceId, TargetChange,
    TokenChange,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use service::{Bus, Hub, KeySource};
use store::metrics::{ChunkStore, MetricStore};
use store::{DatabaseUrl, Store};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::HttpFetch;
use crate::clock::SystemClock;

const BODY: &str = "# TYPE jobs_total counter\njobs_total{job=\"own\"} 7\nqueue 3\n";
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// Little on the wire and too much in memory. Made once: it takes longer than a scrape may.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzipped(&vec![b'#'; 60 << 20]));

/// What the fake does, so that a test changes it while it runs.
type Script = Arc<Mutex<&'static str>>;

/// A target; what it answers is its path, or the script where the path is `/script`.
struct Fake {
    address: SocketAddr,
    script: Script,
    _stop: tokio_util::sync::DropGuard,
}

impl Fake {
    async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Script::new(Mutex::new("good"));
        let stop = CancellationToken::new();
        let (stopped, known) = (stop.clone(), script.clone());
        tokio::spawn(async move {
            loop {
                let stream = tokio::select! {
                    () = stopped.cancelled() => return,
                    accepted = listener.accept() => accepted.unwrap().0,
                };
                let (tls, script) = (tls.clone(), known.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, script).await;
                            }
                        }
                        None => serve(stream, script).await,
                    }
                });
            }
        });
        Self {
            address,
            script,
            _stop: stop.drop_guard(),
        }
    }

    fn say(&self, what: &'static str) {
        *self.script.lock().unwrap() = what;
    }
}

/// Reads one request, refuses what Prometheus would not send, and answers as the script says.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, script: Script) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else {
            return;
        };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let headers: BTreeMap<String, &str> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect();
    let path = first.split(' ').nth(1).unwrap_or_default();
    let patience = patience_seconds(path.trim_start_matches('/')).to_string();
    let strict = first.starts_with("GET /")
        && headers.get("accept") == Some(&ACCEPT)
        && headers.get("accept-encoding") == Some(&"gzip")
        && headers.get("x-prometheus-scrape-timeout-seconds") == Some(&patience.as_str())
        && headers["user-agent"].starts_with("Millrace/");
    let what = match path.trim_start_matches('/') {
        "script" => *script.lock().unwrap(),
        other => other,
    };
    let token = headers.get("authorization").copied().unwrap_or_default();
    let answer = if strict {
        answer(what, token)
    } else {
        plain(400, "text/plain", b"not as Prometheus asks")
    };
    if what == "slow" {
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    // Whoever asks may have hung up already.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

fn plain(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut out = format!("HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").into_bytes();
    out.extend_from_slice(body);
    out
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    let packed = encoder.finish().unwrap();
    let mut out = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", packed.len()).into_bytes();
    out.extend_from_slice(&packed);
    out
}

fn answer(what: &str, token: &str) -> Vec<u8> {
    let good = |body: &str| plain(200, "text/plain; version=0.0.4", body.as_bytes());
    let moved = |to: &str| {
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .into_bytes()
    };
    match what {
        "good" | "slow" => good(BODY),
        "fewer" => good("queue 4\n"),
        "gzip" => gzipped(BODY.as_bytes()),
        "500" => plain(500, "text/plain", b"secret internals"),
        "404" => plain(404, "text/html", b"<h1>no</h1>"),
        "page" => plain(200, "text/html; charset=utf-8", b"<html></html>"),
        "prose" => good("this is not what it should be\n"),
        "bomb" => BOMB.clone(),
        "huge" => {
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n".to_vec()
        }
        "endless" => {
            let mut out = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
            out.resize(20 << 20, b'#');
            out
        }
        "half" => {
            let mut out = good(BODY);
            out.truncate(out.len() - 5);
            out
        }
        "unframed-half" => b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nqueue 12".to_vec(),
        "openmetrics-half" => plain(200, "application/openmetrics-text", b"queue 12\n"),
        "needs-token" if token == "Bearer s3cret" => good(BODY),
        "needs-token" => plain(401, "text/plain", b"who?"),
        "here" => moved("/good"),
        "away" => moved("http://elsewhere.invalid/good"),
        "round" => moved("/round"),
        other => plain(404, "text/plain", other.as_bytes()),
    }
}

/// A hub with everything but pages.
struct Home {
    hub: Arc<Hub>,
    services: Services,
    caller: Caller,
    _folder: tempfile::TempDir,
}

impl Home {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::in_folder(folder.path());
        let store = Store::open(&url, folder.path()).await.unwrap();
        let metrics: Arc<dyn MetricStore> =
            Arc::new(ChunkStore::open_sqlite(folder.path()).await.unwrap());
        let hub = Hub::new(
            store,
            Arc::new(SystemClock),
            Bus::new(1),
            service::Settings {
                max_upload_bytes: 1,
                metrics: Some(metrics),
                fetch: Some(Arc::new(HttpFetch::default())),
                ..service::Settings::alone(folder.path().join("uploads"))
            },
        );
        let caller = Caller::system("test");
        let key = KeySource::Own(folder.path().join("master.key"));
        hub.unlock(&caller, key).await.unwrap();
        Self {
            services: hub.services(),
            hub,
            caller,
            _folder: folder,
        }
    }

    /// What a test of the target says.
    async fn tried(&self, change: TargetChange) -> (bool, String) {
        let scrapes = &self.services.scrapes;
        let trial = scrapes.try_out(&self.caller, None, change).await.unwrap();
        (trial.up, trial.words)
    }

    /// The value of an expression, where it is one number.
    async fn value(&self, query: &str) -> Option<f64> {
        let question = MetricsQuestion::Instant {
            query: query.into(),
            at_ms: None,
        };
        let answer = self.services.metrics.ask(&self.caller, question).await;
        let json: serde_json::Value = serde_json::from_str(&answer.unwrap().unwrap()).unwrap();
        json["result"][0]["value"][1].as_str()?.parse().ok()
    }

    /// Waits until an expression has that value.
    async fn until(&self, query: &str, value: Option<f64>) {
        for _ in 0..150 {
            if self.value(query).await == value {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "`{query}` is {:?} and not {value:?}",
            self.value(query).await
        );
    }

    async fn state(&self, id: &SourceId) -> ScrapeState {
        let list = self.services.scrapes.list(&self.caller).await.unwrap();
        list.into_iter().find(|t| &t.id == id).unwrap().state
    }
}

fn target(fake: &Fake, path: &str) -> TargetChange {
    TargetChange {
        name: "fake".into(),
        url: format!("http://{}/{path}", fake.address),
        interval_seconds: 1,
        timeout_seconds: None,
        token: TokenChange::Keep,
        ca: String::new(),
        verify: true,
    }
}

/// How long a target of that path is given: a busy machine may need more than a second for large answers.
fn patience_seconds(path: &str) -> u32 {
    match path {
        "huge" | "endless" | "bomb" => 10,
        _ => 1,
    }
}

#[tokio::test]
async fn each_fault_is_said_in_words_and_what_is_good_is_counted() {
    let home = Home::open().await;
    let fake = Fake::start(None).await;
    LazyLock::force(&BOMB);
    for (path, up, words) in [
        ("good", true, "It showed 2 series within"),
        ("gzip", true, "It showed 2 series within"),
        ("here", true, "It showed 2 series within"),
        ("slow", false, "no whole answer within 1 s"),
        ("500", false, "It answers 500: it failed"),
        ("404", false, "nothing is at that path"),
        ("page", false, "It answers with text/html"),
        ("prose", false, "Nothing of its answer could be read"),
        ("huge", false, "more than 16 MiB"),
        ("endless", false, "more than 16 MiB"),
        ("bomb", false, "when decompressed"),
        ("half", false, "The answer broke off"),
        ("unframed-half", false, "in the middle of a line"),
        ("openmetrics-half", false, "# EOF"),
        ("needs-token", false, "It answers 401"),
        ("away", false, "It sends to http://elsewhere.invalid."),
        ("round", false, "from one address to the next"),
    ] {
        let change = TargetChange {
            interval_seconds: patience_seconds(path),
            ..target(&fake, path)
        };
        let tried = home.tried(change).await;
        assert_eq!(tried.0, up, "{path}: {}", tried.1);
        assert!(tried.1.contains(words), "{path}: {}", tried.1);
        assert!(!tried.1.contains("secret"), "{path}: {}", tried.1);
    }
    let with_token = TargetChange {
        token: TokenChange::Set(Hidden("s3cret".into())),
        ..target(&fake, "needs-token")
    };
    assert!(home.tried(with_token).await.0);
}

#[tokio::test]
async fn nobody_there_and_no_such_name_are_told_apart() {
    let home = Home::open().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let at = |url: String| TargetChange {
        url,
        timeout_seconds: Some(5),
        interval_seconds: 5,
        ..change_of("x")
    };
    let (_, words) = home.tried(at(format!("http://{address}/"))).await;
    assert_eq!(
        words,
        format!("Nothing listens at {address}. Start the exporter there, or correct the port.")
    );
    let (_, words) = home.tried(at("http://no-such-host.invalid/".into())).await;
    assert!(
        words.starts_with("The name no-such-host.invalid is not known here"),
        "{words}"
    );
}

fn change_of(name: &str) -> TargetChange {
    TargetChange {
        name: name.into(),
        url: String::new(),
        interval_seconds: 1,
        timeout_seconds: None,
        token: TokenChange::Keep,
        ca: String::new(),
        verify: true,
    }
}

/// An authority, and a certificate of it for 127.0.0.1.
fn authority() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let issuer: &Issuer<'_, KeyPair> = &ca;
    let leaf = leaf.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (ca.pem(), TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn a_certificate_of_an_own_authority_is_believed_where_that_is_given() {
    let home = Home::open().await;
    let (ca, tls) = authority();
    let (other_ca, _) = authority();
    let fake = Fake::start(Some(tls)).await;
    let https = |ca: &str, verify| TargetChange {
        url: format!("https://{}/good", fake.address),
        ca: ca.into(),
        verify,
        ..target(&fake, "good")
    };
    assert!(home.tried(https(&ca, true)).await.0);
    assert!(home.tried(https("", false)).await.0);
    for wrong in ["", &other_ca] {
        let (up, words) = home.tried(https(wrong, true)).await;
        assert!(
            !up && words.contains("authority that is not known here"),
            "{words}"
        );
    }
    let by_name = TargetChange {
        url: format!("https://localhost:{}/good", fake.address.port()),
        ..https(&ca, true)
    };
    let (up, words) = home.tried(by_name).await;
    assert!(!up && words.contains("for another name"), "{words}");
    let unusable = home
        .services
        .scrapes
        .try_out(&home.caller, None, https("no PEM", true))
        .await
        .unwrap_err();
    assert!(
        unusable
            .of_field("ca")
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
}

#[tokio::test]
async fn the_job_follows_a_target_through_its_life() {
    let home = Home::open().await;
    let fake = Fake::start(None).await;
    let slow = Fake::start(None).await;
    let stopping = CancellationToken::new();
    let job = tokio::spawn(super::run(home.hub.clone(), stopping.clone()));
    let scrapes = &home.services.scrapes;
    let caller = &home.caller;
    let idle = TargetChange {
        name: "slow".into(),
        ..target(&slow, "slow")
    };
    scrapes.add(caller, idle).await.unwrap();
    let change = || target(&fake, "script");
    let id = scrapes.add(caller, change()).await.unwrap();
    let twin = scrapes.add(caller, change()).await.unwrap_err();
    assert!(twin.of_field("name").is_some());

    // It appears with its labels, and a slow one beside it delays nothing.
    home.until("up{job=\"fake\"}", Some(1.0)).await;
    home.until("count_over_time(up{job=\"fake\"}[1m]) >= bool 3", Some(1.0))
        .await;
    let instance = fake.address;
    let theirs = format!("jobs_total{{job=\"fake\",exported_job=\"own\",instance=\"{instance}\"}}");
    assert_eq!(home.value(&theirs).await, Some(7.0));
    assert_eq!(
        home.value("scrape_samples_scraped{job=\"fake\"}").await,
        Some(2.0)
    );
    assert_eq!(home.state(&id).await, ScrapeState::Up { series: 2 });
    home.until("up{job=\"slow\"}", Some(0.0)).await;

    // A series that vanishes ends at once, not after five minutes.
    fake.say("fewer");
    home.until("queue", Some(4.0)).await;
    home.until(&theirs, None).await;

    // A target that goes down takes its series along, and says why.
    fake.say("500");
    home.until("up{job=\"fake\"}", Some(0.0)).await;
    home.until("queue", None).await;
    home.services.metrics.maintain(caller).await.unwrap();
    let ScrapeState::Down { why } = home.state(&id).await else {
        panic!("it is down")
    };
    assert!(why.starts_with("It answers 500"), "{why}");
    let source = home.services.sources.get(caller, &id).await.unwrap();
    assert!(source.accepted >= 7 && source.refused == 0, "{source:?}");

    // Left alone, it says nothing at all; scraped again, it is back.
    fake.say("good");
    home.until("queue", Some(3.0)).await;
    scrapes.pause(caller, &id, true).await.unwrap();
    home.until("up{job=\"fake\"}", None).await;
    home.until("queue", None).await;
    scrapes.pause(caller, &id, false).await.unwrap();
    home.until("queue", Some(3.0)).await;

    // Under another name its old series end.
    let renamed = TargetChange {
        name: "other".into(),
        ..change()
    };
    scrapes.edit(caller, &id, renamed).await.unwrap();
    home.until("up{job=\"other\"}", Some(1.0)).await;
    home.until("up{job=\"fake\"}", None).await;

    // Removed, nothing of it is left.
    let sources = &home.services.sources;
    sources.remove(caller, &id, "other").await.unwrap();
    home.until("count(count_over_time(queue[1h]))", None).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(home.value("count(count_over_time(queue[1h]))").await, None);

    stopping.cancel();
    tokio::time::timeout(Duration::from_secs(2), job)
        .await
        .unwrap()
        .unwrap();
    let listed = sources.list(caller).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_ne!(listed[0].0.created_at, Instant(0));
}
