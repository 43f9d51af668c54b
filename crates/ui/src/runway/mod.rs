//! The Runway: one ranked list of what runs out, breaks or goes over next, on one time axis.
//!
//! Everything here is SVG and words made on the server. Positions are percentages, so that a strip
//! has the width of its place without being stretched, and every line of the list shares the axis.

pub mod axis;
pub mod row;
pub mod strip;

pub use axis::{AXIS_TICKS, Room, RunwayAxis, Tick, axis_position};
pub use row::{Runway, RunwayStrip, StripAction, StripView};
pub use strip::{Reach, Strip, reach_text};
