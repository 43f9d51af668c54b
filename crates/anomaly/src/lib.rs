#![doc = include_str!("../README.md")]

mod chance;
mod change;
mod eigen;
mod feedback;
mod forest;
mod fused;
mod habit;
mod health;
mod neighbours;
mod pca;
mod residual;
mod scale;
mod score;
mod spectral;
mod stream;
mod subpca;
mod sums;
mod table;
mod tail;
mod together;
mod window;

pub use change::{Change, Changed, MOST_POINTS, change_points};
pub use feedback::{HIGHEST_THRESHOLD, LOWEST_THRESHOLD, Sensitivity, Verdict, preview};
pub use forest::{ForestOptions, IsolationForest};
pub use fused::{Contribution, FEWEST_ROWS, RowScore, TableDetector};
pub use health::{Ailment, Deduction, Health, health, severity};
pub use pca::{Distances, Pca};
pub use residual::{ResidualDetector, ResidualScore};
pub use score::{IncidentOptions, Incidents, Standing, THRESHOLD, discoveries, q_values};
pub use spectral::spectral_residual;
pub use stream::{CHANNELS, Channel, Point, Stream, StreamOptions, fuse_points, scan, shares};
pub use subpca::{LONGEST_STRETCH, SubPca};
pub use table::{AnomalyError, Table};
pub use together::{Together, TogetherOptions, together};
pub use window::{Match, similar};
