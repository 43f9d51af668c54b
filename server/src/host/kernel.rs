//! What Linux tells beside what `sysinfo` reads on every system: how busy disks are, how many
//! processes run or wait, how many files are open, and how many more a file system can hold.
//!
//! Formats: the kernel's documentation, `admin-guide/iostats` and `filesystems/proc`. On another
//! system, and where a file cannot be read, there is nothing to tell.

use std::collections::HashMap;
use std::fs::read_to_string;
use std::path::Path;

/// `admin-guide/iostats`: always 512 bytes, whatever the disk's own.
const SECTOR_BYTES: u64 = 512;

/// What a disk has done since the system was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DiskCounts {
    /// Reads that were completed.
    pub(super) reads: u64,
    /// Bytes that were read.
    pub(super) read_bytes: u64,
    /// Writes that were completed.
    pub(super) writes: u64,
    /// Bytes that were written.
    pub(super) written_bytes: u64,
    /// Milliseconds in which it had something to do.
    pub(super) busy_ms: u64,
}

/// What a disk did between two readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DiskRates {
    /// Reads a second.
    pub(super) reads: f64,
    /// Bytes read a second.
    pub(super) read_bytes: f64,
    /// Writes a second.
    pub(super) writes: f64,
    /// Bytes written a second.
    pub(super) written_bytes: f64,
    /// The share of the time in which it had something to do, in percent.
    pub(super) busy_percent: f64,
}

impl DiskCounts {
    /// What came since an earlier reading. Nothing where a count went back, as it does where another disk
    /// took its place: then nobody knows.
    pub(super) fn since(&self, before: &Self, elapsed_seconds: f64) -> Option<DiskRates> {
        if elapsed_seconds <= 0.0 {
            return None;
        }
        let rate = |now: u64, before: u64| Some(now.checked_sub(before)? as f64 / elapsed_seconds);
        Some(DiskRates {
            reads: rate(self.reads, before.reads)?,
            read_bytes: rate(self.read_bytes, before.read_bytes)?,
            writes: rate(self.writes, before.writes)?,
            written_bytes: rate(self.written_bytes, before.written_bytes)?,
            // A thousand milliseconds in a second are all of it.
            busy_percent: (rate(self.busy_ms, before.busy_ms)? / 10.0).min(100.0),
        })
    }
}

/// The counts of each disk as a whole that has ever done anything.
pub(super) fn disks() -> HashMap<String, DiskCounts> {
    let text = read_to_string("/proc/diskstats").unwrap_or_default();
    let mut disks = diskstats(&text);
    // Parts of disks have no folder there; loops and memory are no disks.
    disks.retain(|name, _| {
        let is_whole = Path::new("/sys/block")
            .join(name.replace('/', "!"))
            .exists();
        is_whole
            && !["loop", "ram", "zram"]
                .iter()
                .any(|kind| name.starts_with(kind))
    });
    disks
}

fn diskstats(text: &str) -> HashMap<String, DiskCounts> {
    let lines = text.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(2);
        let name = fields.next()?;
        let counts: Option<Vec<u64>> = fields.take(10).map(|field| field.parse().ok()).collect();
        let [reads, _, read, _, writes, _, written, _, _, busy_ms] =
            <[u64; 10]>::try_from(counts?).ok()?;
        let counts = DiskCounts {
            reads,
            read_bytes: read.saturating_mul(SECTOR_BYTES),
            writes,
            written_bytes: written.saturating_mul(SECTOR_BYTES),
            busy_ms,
        };
        (counts != DiskCounts::default()).then(|| (name.to_owned(), counts))
    });
    lines.collect()
}

/// How many processes run, and how many wait for a disk.
pub(super) fn processes() -> Option<(u64, u64)> {
    running_and_blocked(&read_to_string("/proc/stat").ok()?)
}

fn running_and_blocked(text: &str) -> Option<(u64, u64)> {
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    };
    Some((of("procs_running ")?, of("procs_blocked ")?))
}

/// The share of the files that may be open which are, in percent. Nothing where there is no bound to
/// speak of, as on newer kernels.
pub(super) fn open_files_percent() -> Option<f64> {
    percent_of_files(&read_to_string("/proc/sys/fs/file-nr").ok()?)
}

fn percent_of_files(text: &str) -> Option<f64> {
    let mut fields = text.split_ascii_whitespace().map(str::parse::<u64>);
    let (open, _, most) = (
        fields.next()?.ok()?,
        fields.next()?.ok()?,
        fields.next()?.ok()?,
    );
    let bounded = most > 0 && most < u64::MAX / 4;
    bounded.then(|| open as f64 / most as f64 * 100.0)
}

/// The share of the files that a file system can hold which it holds, in percent. Nothing where it
/// makes room for them as they come, as btrfs does.
pub(super) fn inodes_used_percent(mount: &Path) -> Option<f64> {
    let told = rustix::fs::statvfs(mount).ok()?;
    let free = told.f_favail as f64 / told.f_files as f64;
    (told.f_files > 0).then_some((1.0 - free) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_read_and_what_is_no_line_of_them_is_left_out() {
        let text = "   8  0 sda 100 5 2000 30 50 6 1000 40 0 70 110 0 0 0 0 3 1\n\
            7 0 loop0 0 0 0 0 0 0 0 0 0 0 0\n\
            8 1 sda1 x 5\n\
            8 2 old 1 2 3\n\n";
        let disks = diskstats(text);
        assert_eq!(disks.len(), 1);
        let expected = DiskCounts {
            reads: 100,
            read_bytes: 1_024_000,
            writes: 50,
            written_bytes: 512_000,
            busy_ms: 70,
        };
        assert_eq!(disks["sda"], expected);
    }

    #[test]
    fn rates_are_what_came_since_and_unknown_where_a_count_went_back() {
        let counts = |all: u64| DiskCounts {
            reads: all,
            read_bytes: 512 * all,
            writes: 2 * all,
            written_bytes: 1_024 * all,
            busy_ms: 100 * all,
        };
        let rates = counts(30).since(&counts(10), 4.0).unwrap();
        let expected = DiskRates {
            reads: 5.0,
            read_bytes: 2_560.0,
            writes: 10.0,
            written_bytes: 5_120.0,
            busy_percent: 50.0,
        };
        assert_eq!(rates, expected);
        assert_eq!(counts(10).since(&counts(30), 4.0), None);
        assert_eq!(counts(30).since(&counts(10), 0.0), None);
    }

    #[test]
    fn processes_and_files_are_read() {
        let text = "cpu 1 2 3\nprocesses 70000\nprocs_running 3\nprocs_blocked 1\n";
        assert_eq!(running_and_blocked(text), Some((3, 1)));
        assert_eq!(running_and_blocked("procs_running 3\n"), None);
        assert_eq!(percent_of_files("305\t0\t1220\n"), Some(25.0));
        assert_eq!(percent_of_files("305 0 9223372036854775807"), None);
        assert_eq!(percent_of_files("305 0"), None);
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_file_system() {
        assert_eq!(inodes_used_percent(Path::new("/no such/folder")), None);
    }
}
