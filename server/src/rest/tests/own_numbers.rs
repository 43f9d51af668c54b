//! `/metrics`: what it tells of requests and of the process, and what it does not.

use axum::http::StatusCode;

use super::{As, Home, request};

#[tokio::test]
async fn requests_are_counted_by_route_and_status_and_no_asker_makes_labels() {
    let home = Home::new().await;
    // Of this thread only: tests beside it count for themselves.
    let _counting = metrics::set_default_local_recorder(&home.recorder);
    let key = home.admin_key().await;
    for _ in 0..2 {
        let listed = home.get(&key, "/api/v1/sources").await;
        assert_eq!(listed.status, StatusCode::OK);
    }
    home.get(&key, "/api/v1/sources/secret-name").await;
    home.get(&As::Nobody, "/api/v1/sources").await;
    home.ask(request("DELETE", &key, "/api/v1/sources", None))
        .await;
    home.get(&key, "/api/v1/such-place").await;
    let text = home.get(&As::Nobody, "/metrics").await;
    let kind = &text.headers["content-type"];
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let text = text.body;
    let has = |line: &str| assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    has(r#"millrace_http_requests_total{method="GET",route="/api/v1/sources",status="200"} 2"#);
    has(r#"millrace_http_requests_total{method="GET",route="/api/v1/sources",status="401"} 1"#);
    has(r#"millrace_http_requests_total{method="other",route="other",status="404"} 1"#);
    has(r#"millrace_http_requests_total{method="other",route="/api/v1/sources",status="405"} 1"#);
    has(r#"millrace_http_request_duration_seconds_count{method="GET",route="/api/v1/sources"} 3"#);
    assert!(!text.contains("secret-name") && !text.contains("such-place"));
    has("# TYPE process_cpu_seconds_total counter");
    has("millrace_active_users 0");
    let number = |name: &str| -> f64 {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
        lines.next().unwrap().trim().parse().unwrap()
    };
    assert!(number("process_resident_memory_bytes ") > 1e6);
    assert!(number("millrace_database_bytes ") > 1e4);
    assert!(number("millrace_database_answer_seconds ") > 0.0);
}
