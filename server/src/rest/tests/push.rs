//! What senders of metrics read from answers beside the status, and how they show their keys.

use api::Scope;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use data_encoding::BASE64;
use fakes::remote_write::{Encoder, v1_series, v2_request};

use super::{Answered, As, Home};

const V2: &str = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
const NOW_MS: i64 = 1_780_000_000_000;

impl Home {
    async fn remote_write(&self, key: &str, kind: &str, body: Vec<u8>) -> Answered {
        let request = Request::post("/prometheus/api/v1/write")
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, kind)
            .header(header::CONTENT_ENCODING, "snappy");
        self.ask(request.body(Body::from(body)).unwrap()).await
    }

    async fn sender(&self) -> String {
        match self.key(vec![Scope::INGEST]).await {
            As::Key(secret) => secret,
            other => panic!("{other:?}"),
        }
    }
}

fn snappy(message: &Encoder) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(&message.0).unwrap()
}

/// Samples, histograms and exemplars that an answer says were written.
fn written(answer: &Answered) -> Option<[&str; 3]> {
    let of = |what: &str| {
        let value = answer
            .headers
            .get(format!("x-prometheus-remote-write-{what}-written"));
        value.and_then(|value| value.to_str().ok())
    };
    Some([of("samples")?, of("histograms")?, of("exemplars")?])
}

#[tokio::test]
async fn remote_write_2_hears_how_much_was_written() {
    let home = Home::new().await;
    let key = home.sender().await;
    let series = |name, samples: &[(i64, f64)]| (vec![("__name__", name)], samples.to_vec());
    let good = v2_request(&[series("a", &[(NOW_MS, 1.0), (NOW_MS + 1, 2.0)])]);
    let answer = home.remote_write(&key, V2, snappy(&good)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    assert_eq!(written(&answer), Some(["2", "0", "0"]));
    // One of three is of the year 3000.
    let mixed = [
        (NOW_MS + 2, 1.0),
        (NOW_MS + 3, 1.0),
        (32_503_680_000_000, 1.0),
    ];
    let mixed = v2_request(&[series("b", &mixed)]);
    let answer = home.remote_write(&key, V2, snappy(&mixed)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    assert_eq!(written(&answer), Some(["2", "0", "0"]));
    // What cannot be read was not written, and a version that nobody agreed on has no such headers.
    let answer = home.remote_write(&key, V2, b"\xff\xff".to_vec()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(written(&answer), Some(["0"; 3]));
    let v9 = V2.replace("v2", "v9");
    let answer = home.remote_write(&key, &v9, snappy(&good)).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(written(&answer), None);
    home.store.close().await;
    let answer = home.remote_write(&key, V2, snappy(&good)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(written(&answer), Some(["0"; 3]));
    assert_eq!(answer.headers[header::RETRY_AFTER], "5");
}

#[tokio::test]
async fn remote_write_1_is_answered_as_prometheus_answers() {
    let home = Home::new().await;
    let key = home.sender().await;
    let series = v1_series(&[("__name__", "a")], &[(NOW_MS, 1.0)]);
    let body = snappy(&Encoder::default().message(1, series));
    let answer = home
        .remote_write(&key, "application/x-protobuf", body)
        .await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::NO_CONTENT, "")
    );
}

#[tokio::test]
async fn the_password_of_influxdb_1_is_the_key() {
    let home = Home::new().await;
    let key = home.sender().await;
    let write = async |path: &str, secret: &str, site: Option<&str>| {
        let shown = BASE64.encode(format!("telegraf:{secret}").as_bytes());
        let mut request =
            Request::post(path).header(header::AUTHORIZATION, format!("Basic {shown}"));
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        home.ask(request.body(Body::from("m value=1")).unwrap())
            .await
            .status
    };
    assert_eq!(
        write("/influx/write?db=x", &key, None).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        write("/influx/write", "mr_wrong", None).await,
        StatusCode::UNAUTHORIZED
    );
    // A browser may show what it remembers by itself.
    let elsewhere = write("/influx/write", &key, Some("cross-site")).await;
    assert!(
        matches!(elsewhere, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED),
        "{elsewhere}"
    );
    // No other place takes a password.
    assert_eq!(
        write("/influx/api/v2/write", &key, None).await,
        StatusCode::UNAUTHORIZED
    );
}
