//! The demo company, clocks and builders: for people, screenshots and tests alike.
//!
//! Nothing here reads a clock, a file or a random device: the same anchor and seed give the same
//! company, on every machine and after every restart.

mod builder;
mod calendar;
mod catalogue;
mod chance;
mod clock;
mod cloud;
mod company;
mod goods;
mod money;
mod occasions;
pub mod remote_write;
mod servers;
mod stories;
mod supply;
mod track;
mod workshop;

pub use builder::{SeriesBuilder, finding, series};
pub use clock::{FixedClock, SteppingClock};
pub use company::{Company, DemoSample};
pub use money::DemoPayment;
pub use occasions::DemoEntry;
pub use stories::{Story, StoryKind};
pub use supply::DemoSupply;
pub use track::{DemoSeries, DemoSource};
