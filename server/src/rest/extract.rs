//! What handlers of the API take out of a request. What cannot be read is named.

use api::{Caller, Error, FieldError, Services};
use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use serde::de::DeserializeOwned;

use super::problem::Failed;
use super::strict::Strict;
use crate::state::App;

/// Who asks, and the operations.
pub(super) struct Ask {
    pub(super) services: Services,
    pub(super) caller: Caller,
    /// The address that was asked.
    pub(super) uri: Uri,
}

impl FromRequestParts<App> for Ask {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let caller = parts.extensions.get::<Caller>().cloned();
        Ok(Self {
            services: app.services.clone(),
            caller: caller.ok_or(Error::Unauthenticated)?,
            // Below a common beginning the router cuts it off.
            uri: parts
                .extensions
                .get::<OriginalUri>()
                .map_or_else(|| parts.uri.clone(), |original| original.0.clone()),
        })
    }
}

/// The parts of the path that are variable.
pub(super) struct Place<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Place<T> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let read = Path::<T>::from_request_parts(parts, app).await;
        read.map(|Path(place)| Self(place)).map_err(|rejected| {
            let words = rejected.body_text();
            let PathRejection::FailedToDeserializePathParams(why) = rejected else {
                return Error::invalid(words).into();
            };
            match why.into_kind() {
                ErrorKind::ParseErrorAtKey { key, .. }
                | ErrorKind::InvalidUtf8InPathParam { key } => Error::field(&key, words),
                _ => Error::invalid(words),
            }
            .into()
        })
    }
}

/// The parameters of the address. One that is not known is refused: it would be a typing error that
/// nobody notices.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failed> {
        let query = parts.uri.query().unwrap_or_default();
        read_params(query).map(Self).map_err(Failed::Error)
    }
}

fn read_params<T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let nul = pairs.clone().find(|(_, value)| value.contains('\0'));
    if let Some((name, _)) = nul {
        return Err(Error::field(&name, NUL));
    }
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
        .map_err(|error| unreadable(error.path().to_string(), &error.inner().to_string()))
}

/// Why a text with a zero character is refused: databases hold none.
const NUL: &str = "A text cannot hold the character U+0000.";

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Failed;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failed> {
        if !is_json(request.headers()) {
            let detail = "Send the body as JSON, with the header Content-Type: application/json.";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Failed::Status(status, detail.into()));
        }
        let bytes = whole(request, app).await?;
        read_body(&bytes).map(Self).map_err(Failed::Error)
    }
}

/// The body as it came.
pub(super) struct Raw(pub(super) Bytes);

impl FromRequest<App> for Raw {
    type Rejection = Failed;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failed> {
        whole(request, app).await.map(Self)
    }
}

async fn whole(request: Request, app: &App) -> Result<Bytes, Failed> {
    Bytes::from_request(request, app).await.map_err(|rejected| {
        let status = rejected.status();
        let detail = if status == StatusCode::PAYLOAD_TOO_LARGE {
            format!(
                "A body has at most {} MiB. Send it in several.",
                super::MOST_BYTES >> 20
            )
        } else {
            "The body broke off before it was whole. Send it again.".to_owned()
        };
        Failed::Status(status, detail)
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn read_body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    // Raw control characters are no JSON: a zero can only stand there escaped.
    if bytes.windows(6).any(|six| six == br"\u0000") {
        let value = serde_json::from_slice(bytes).unwrap_or_default();
        if let Some(field) = nul_in(&value) {
            return Err(Error::field(&field, NUL));
        }
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(Strict(&mut json))
        .map_err(|error| unreadable(error.path().to_string(), &error.inner().to_string()))?;
    json.end()
        .map_err(|error| unreadable(".".into(), &error.to_string()))?;
    Ok(read)
}

/// The name of a field, or of what it lies in, that holds a zero character.
fn nul_in(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => text.contains('\0').then(|| "body".to_owned()),
        serde_json::Value::Array(list) => list.iter().find_map(nul_in),
        serde_json::Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let inside = nul_in(value).map(|_| name.clone());
            inside.or_else(|| name.contains('\0').then(|| "body".to_owned()))
        }),
        _ => None,
    }
}

/// What could not be read, by the name of the field or parameter where serde knows it.
fn unreadable(path: String, why: &str) -> Error {
    // Of what is missing or not known serde names the field in its words only.
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| why.strip_prefix(start)?.split('`').next());
    let field = match (path.as_str(), named) {
        ("." | "?" | "", Some(named)) => named.to_owned(),
        ("." | "?" | "", None) => return Error::invalid(format!("It cannot be read: {why}.")),
        (_, Some(named)) if !path.ends_with(named) => format!("{path}.{named}"),
        _ => path,
    };
    Error::Invalid {
        message: format!("`{field}` cannot be read: {why}."),
        fields: vec![FieldError {
            field,
            message: why.to_owned(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: String,
        limit: Option<u32>,
        inner: Option<Box<Thing>>,
    }

    fn field_of(error: &Error) -> &str {
        match error {
            Error::Invalid { fields, .. } if !fields.is_empty() => &fields[0].field,
            other => panic!("no field is named: {other:?}"),
        }
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (query, field) in [
            ("name=x&limit=many", "limit"),
            ("limit=1", "name"),
            ("name=x&limt=1", "limt"),
            ("name=x&name=y", "name"),
            ("name=%00", "name"),
        ] {
            let error = read_params::<Thing>(query).unwrap_err();
            assert_eq!(field_of(&error), field, "{query}: {error}");
        }
    }

    #[test]
    fn a_wrong_field_of_a_body_is_named_where_it_lies() {
        for (body, field) in [
            (r#"{"name":1}"#, "name"),
            (
                r#"{"name":"x","inner":{"name":"y","limit":-1}}"#,
                "inner.limit",
            ),
            (r#"{"name":"x","inner":{}}"#, "inner.name"),
            (r#"{"nam":"x"}"#, "nam"),
            ("{\"name\":\"a\\u0000b\"}", "name"),
        ] {
            let error = read_body::<Thing>(body.as_bytes()).unwrap_err();
            assert_eq!(field_of(&error), field, "{body}: {error}");
        }
        for (body, field) in [
            (r#"{"name":"x","inner":["y",null,null]}"#, "inner"),
            (
                r#"{"name":"x","inner":{"name":"y","inner":[]}}"#,
                "inner.inner",
            ),
        ] {
            let error = read_body::<Thing>(body.as_bytes()).unwrap_err();
            assert_eq!(field_of(&error), field, "{body}: {error}");
        }
        let good = read_body::<Thing>(br#"{"name":"a\\u0000"}"#).unwrap();
        assert_eq!(good.name, "a\\u0000");
        assert!(read_body::<Thing>(b"{").is_err() && read_body::<Thing>(b"{} x").is_err());
    }

    #[test]
    fn a_list_is_no_object_and_a_list_of_objects_is_one() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Which {
            None,
            One(Thing),
            Some { things: Vec<Thing> },
        }
        let error = read_body::<Thing>(br#"["x",1,null]"#).unwrap_err();
        assert!(error.to_string().contains("expected an object"), "{error}");
        assert!(read_body::<Vec<Thing>>(br#"[["x",1,null]]"#).is_err());
        assert!(read_body::<Which>(br#"{"one":["x",1,null]}"#).is_err());
        assert!(read_body::<Which>(br#"{"some":[[]]}"#).is_err());
        let thing = |name: &str| Thing {
            name: name.into(),
            limit: Some(1),
            inner: None,
        };
        let things = read_body::<Vec<Thing>>(br#"[{"name":"x","limit":1}]"#);
        assert_eq!(things, Ok(vec![thing("x")]));
        assert_eq!(read_body::<Which>(br#""none""#), Ok(Which::None));
        let one = read_body::<Which>(br#"{"one":{"limit":1,"name":"y"}}"#);
        assert_eq!(one, Ok(Which::One(thing("y"))));
        let some = read_body::<Which>(br#"{"some":{"things":[]}}"#);
        assert_eq!(some, Ok(Which::Some { things: Vec::new() }));
        assert_eq!(
            read_body::<(u8, Option<f64>)>(b"[1, 2]"),
            Ok((1, Some(2.0)))
        );
        let free = read_body::<serde_json::Value>(br#"{"a":[1,-1.5,"b",null,true]}"#);
        assert_eq!(free.unwrap()["a"][1], -1.5);
    }
}
