#![doc = include_str!("../README.md")]

mod chance;
mod eigen;
mod forest;
mod fused;
mod neighbours;
mod pca;
mod scale;
mod score;
mod stream;
mod table;
mod tail;
mod window;

pub use forest::{ForestOptions, IsolationForest};
pub use fused::{Contribution, FEWEST_ROWS, RowScore, TableDetector};
pub use pca::{Distances, Pca};
pub use score::{IncidentOptions, Incidents, Standing, THRESHOLD, discoveries, q_values};
pub use stream::{CHANNELS, Channel, Point, Stream, StreamOptions, fuse_points, scan};
pub use table::{AnomalyError, Table};
pub use window::{Match, similar};
