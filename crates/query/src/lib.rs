//! PromQL: reads a query, evaluates it over any source of samples, and answers as Prometheus does.
//!
//! ```
//! use query::{Answer, Engine, Samples, Select, SelectedSeries, matches_all};
//!
//! struct Up(SelectedSeries);
//! impl Samples for Up {
//!     type Error = std::convert::Infallible;
//!     fn select(&self, wanted: &Select<'_>) -> Result<Vec<SelectedSeries>, Self::Error> {
//!         let found = matches_all(wanted.matchers, self.0.labels.as_ref());
//!         Ok(found.then(|| self.0.clone()).into_iter().collect())
//!     }
//! }
//!
//! let up = Up(SelectedSeries {
//!     labels: series::Labels::new([("__name__", "up")]).unwrap(),
//!     at_ms: vec![0, 60_000],
//!     values: vec![1.0, 3.0],
//! });
//! let engine = Engine::default();
//! let answer = engine.instant("avg_over_time(up[5m])", 60_000, &up, &|| None).unwrap();
//! assert_eq!(
//!     answer.to_json(),
//!     r#"{"resultType":"vector","result":[{"metric":{},"value":[60,"2"]}]}"#
//! );
//! ```
//!
//! The semantics are those of Prometheus 2.42, which `tests/differential.rs` asks the same questions.
//! Where 3.x differs on purpose, the place says so: windows in `windows.rs`, `atan2` in `binary.rs`.
//!
//! Everything is a pure function of its arguments: no clock, no I/O, no panic. Instants are
//! milliseconds since 1970-01-01T00:00:00Z.
//!
//! Each selector reads once for the whole range, and each operator runs along arrays of all instants:
//! labels are matched once for a series, however many points the answer has.

mod absence;
mod aggregate;
mod answer;
mod binary;
mod call;
mod completion;
mod dates;
mod engine;
mod error;
mod evaluate;
mod functions;
mod histogram;
mod label_functions;
mod label_sets;
mod limits;
mod matching;
mod number;
mod over_time;
mod parse;
mod partial;
mod plan;
mod range_call;
mod rates;
mod regression;
mod row;
mod samples;
mod windows;

pub use answer::{Answer, InstantSample, RangeSeries};
pub use completion::{Word, WordKind, words};
pub use engine::{AnswerType, Engine, Query};
pub use error::{QueryError, Stop};
pub use limits::Limits;
pub use partial::{Partial, Place, partial};
pub use samples::{Samples, Select, SelectedSeries};
pub use series::{MatchOp, Matcher, matches_all};
