#![doc = include_str!("../README.md")]

mod advice;
mod demand;
mod taken;

pub use advice::{Advice, Policy, Position, advise};
pub use demand::Demand;
pub use taken::taken;
