//! The protocols in which machines send metrics, all to [`series::Batch`].
//!
//! [`remote_write`] reads what Prometheus sends, [`otlp`] what OpenTelemetry exports, [`influx`] what
//! Telegraf writes, [`exposition`] what a scraped target shows; [`alertmanager`] reads alerts.
//! Every parser takes bytes, [`Limits`] and, where it matters, the server's time. What is wrong by
//! itself is counted in [`Refused`] and the rest is kept; what spoils the whole request is a
//! [`BodyError`] with its status.

pub mod alertmanager;
pub mod compression;
mod error;
pub mod exposition;
mod histogram;
pub mod influx;
mod intake;
mod limits;
mod names;
pub mod otlp;
mod refused;
pub mod remote_write;
mod wire;

pub use error::BodyError;
pub use intake::{Ended, Received, Written};
pub use limits::{Limits, NameScheme};
pub use refused::{Reason, Refused};
