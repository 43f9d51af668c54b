//! What every answer tells browsers to refuse, unless the answer says more itself.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Headers of every answer.
const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), \
         fullscreen=(self), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), \
         payment=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()",
    ),
];

/// For what is no page: it loads nothing and is framed by nobody.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";
/// A year. Names below this one may be other people's, and are left alone.
const STRICT: &str = "max-age=31536000";

/// Adds what is missing.
pub(super) fn add(headers: &mut HeaderMap, encrypted: bool) {
    let mut add = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    for (name, value) in ALWAYS {
        add(HeaderName::from_static(name), value);
    }
    add(header::CONTENT_SECURITY_POLICY, NO_PAGE);
    // What is shown here is for who is signed in, and not for who comes after them. Files of the site
    // say for themselves how long they may be kept.
    add(header::CACHE_CONTROL, "no-store");
    if encrypted {
        add(header::STRICT_TRANSPORT_SECURITY, STRICT);
    }
}
