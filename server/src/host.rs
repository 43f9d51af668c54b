//! This host's own numbers, every few seconds from the first one.

mod kernel;

use std::collections::HashMap;

use api::{Aggregation, Direction, Domain, Limit, Unit};
use service::{HostMetric, HostReading};
use sysinfo::{Components, Disks, MINIMUM_CPU_UPDATE_INTERVAL, Networks, System};

use kernel::DiskCounts;

/// Warmer no chip is, and colder no room: sensors that are not there say such things.
const SOUND_DEGREES: std::ops::RangeInclusive<f32> = -60.0..=200.0;

/// Reads this host. Holds the last counters, since rates are differences.
pub(crate) struct Host {
    system: System,
    disks: Disks,
    networks: Networks,
    sensors: Components,
    done_by_disks: HashMap<String, DiskCounts>,
    name: String,
}

impl Host {
    /// A reader whose first rates are right after one interval.
    ///
    /// # Errors
    /// Where the system does not tell, as on a kernel without /proc.
    pub(crate) fn new() -> Result<Self, sysinfo::Error> {
        let mut system = System::new()?;
        system.refresh_cpu_usage();
        system.refresh_memory();
        Ok(Self {
            system,
            disks: Disks::new_with_refreshed_list()?,
            networks: Networks::new_with_refreshed_list()?,
            sensors: Components::new_with_refreshed_list()?,
            done_by_disks: kernel::disks(),
            name: System::host_name().unwrap_or_else(|_| "this host".into()),
        })
    }

    /// The host's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How long must lie between two readings for the CPU's share to be one.
    pub(crate) const fn shortest_interval() -> std::time::Duration {
        MINIMUM_CPU_UPDATE_INTERVAL
    }

    /// Reads everything; `elapsed_seconds` since the last reading makes rates of counters.
    pub(crate) fn read(&mut self, elapsed_seconds: f64) -> Vec<HostReading> {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        self.disks.refresh(true);
        self.networks.refresh(true);
        self.sensors.refresh(true);
        let mut readings = self.processor_and_memory();
        readings.extend(self.processes());
        readings.extend(self.disk_space());
        readings.extend(self.disk_work(elapsed_seconds));
        readings.extend(self.temperatures());
        readings.extend(self.traffic(elapsed_seconds));
        readings
    }

    fn processor_and_memory(&self) -> Vec<HostReading> {
        let mut out = vec![self.reading(
            "cpu_used_percent",
            "CPU",
            Unit::Percent,
            vec![],
            None,
            f64::from(self.system.global_cpu_usage()),
        )];
        let total = self.system.total_memory();
        if total > 0 {
            let used = self.system.used_memory() as f64 / total as f64 * 100.0;
            out.push(self.reading(
                "memory_used_percent",
                "Memory",
                Unit::Percent,
                vec![],
                Some(full(95.0)),
                used,
            ));
        }
        if self.system.total_swap() > 0 {
            let used = self.system.used_swap() as f64 / self.system.total_swap() as f64 * 100.0;
            out.push(self.reading(
                "swap_used_percent",
                "Swap",
                Unit::Percent,
                vec![],
                None,
                used,
            ));
        }
        if let Ok(load) = System::load_average() {
            out.push(self.reading("load1", "Load, 1 min", Unit::None, vec![], None, load.one));
        }
        out
    }

    fn disk_space(&self) -> Vec<HostReading> {
        let mut seen = Vec::new();
        let mut out = Vec::new();
        for disk in &self.disks {
            // One file system can be mounted many times (containers do): the shortest path stands for it.
            let device = disk.name().to_string_lossy().into_owned();
            if disk.total_space() == 0 || seen.contains(&device) {
                continue;
            }
            seen.push(device);
            let inodes = kernel::inodes_used_percent(disk.mount_point());
            let mount = disk.mount_point().to_string_lossy().into_owned();
            if let Some(used) = inodes {
                out.push(self.reading(
                    "inodes_used_percent",
                    &format!("Inodes {mount}"),
                    Unit::Percent,
                    vec![("mount".into(), mount.clone())],
                    Some(full(95.0)),
                    used,
                ));
            }
            let used = 100.0 * (1.0 - disk.available_space() as f64 / disk.total_space() as f64);
            out.push(self.reading(
                "disk_used_percent",
                &format!("Disk {mount}"),
                Unit::Percent,
                vec![("mount".into(), mount)],
                Some(full(95.0)),
                used,
            ));
        }
        out
    }

    fn processes(&self) -> Vec<HostReading> {
        let mut out = Vec::new();
        if let Some((running, blocked)) = kernel::processes() {
            let unit = || Unit::Count("processes".into());
            for (name, what, count) in [
                ("processes_running", "Running processes", running),
                (
                    "processes_blocked",
                    "Processes that wait for a disk",
                    blocked,
                ),
            ] {
                out.push(self.reading(name, what, unit(), vec![], None, count as f64));
            }
        }
        if let Some(used) = kernel::open_files_percent() {
            let what = "Open files";
            let limit = Some(full(90.0));
            out.push(self.reading(
                "open_files_percent",
                what,
                Unit::Percent,
                vec![],
                limit,
                used,
            ));
        }
        out
    }

    /// What each disk did since the last reading.
    fn disk_work(&mut self, elapsed_seconds: f64) -> Vec<HostReading> {
        let now = kernel::disks();
        let before = std::mem::replace(&mut self.done_by_disks, now);
        let mut out = Vec::new();
        for (disk, now) in &self.done_by_disks {
            // One that has just been plugged in has no rate yet.
            let before = before.get(disk);
            let Some(rates) = before.and_then(|before| now.since(before, elapsed_seconds)) else {
                continue;
            };
            let bytes = || Unit::BytesPerSecond;
            let operations = || Unit::Count("operations/s".into());
            for (name, what, unit, value) in [
                (
                    "disk_read_bytes_per_second",
                    "read",
                    bytes(),
                    rates.read_bytes,
                ),
                (
                    "disk_written_bytes_per_second",
                    "written",
                    bytes(),
                    rates.written_bytes,
                ),
                ("disk_reads_per_second", "reads", operations(), rates.reads),
                (
                    "disk_writes_per_second",
                    "writes",
                    operations(),
                    rates.writes,
                ),
                (
                    "disk_busy_percent",
                    "busy",
                    Unit::Percent,
                    rates.busy_percent,
                ),
            ] {
                let labels = vec![("disk".into(), disk.clone())];
                let what = format!("Disk {disk} {what}");
                out.push(self.reading(name, &what, unit, labels, None, value));
            }
        }
        out
    }

    fn temperatures(&self) -> Vec<HostReading> {
        let known = self.sensors.iter().filter_map(|sensor| {
            let sound = |degrees: &f32| SOUND_DEGREES.contains(degrees);
            let degrees = sensor.temperature().filter(sound)?;
            // The chip says itself where it stops; nobody is asked for a limit then.
            let limit = sensor.critical().filter(|most| sound(most) && *most > 0.0);
            let labels = vec![("sensor".into(), sensor.label().to_owned())];
            let what = format!("Temperature of {}", sensor.label());
            let unit = Unit::Count("°C".into());
            let limit = limit.map(|most| full(f64::from(most)));
            let mut reading = self.reading(
                "temperature_celsius",
                &what,
                unit,
                labels,
                limit,
                degrees.into(),
            );
            reading.metric.non_negative = false;
            Some(reading)
        });
        known.collect()
    }

    fn traffic(&self, elapsed_seconds: f64) -> Vec<HostReading> {
        if elapsed_seconds <= 0.0 {
            return Vec::new();
        }
        let mut out = Vec::new();
        for (interface, data) in &self.networks {
            let interface = interface.to_string_lossy().into_owned();
            if interface == "lo" || (data.total_received() == 0 && data.total_transmitted() == 0) {
                continue;
            }
            for (name, word, bytes) in [
                ("network_received_bytes_per_second", "in", data.received()),
                ("network_sent_bytes_per_second", "out", data.transmitted()),
            ] {
                out.push(self.reading(
                    name,
                    &format!("Network {interface} {word}"),
                    Unit::BytesPerSecond,
                    vec![("interface".into(), interface.clone())],
                    None,
                    bytes as f64 / elapsed_seconds,
                ));
            }
        }
        out
    }

    fn reading(
        &self,
        name: &str,
        what: &str,
        unit: Unit,
        mut labels: Vec<(String, String)>,
        limit: Option<Limit>,
        value: f64,
    ) -> HostReading {
        labels.push(("host".into(), self.name.clone()));
        labels.sort();
        HostReading {
            metric: HostMetric {
                name: name.into(),
                title: format!("{what} on {}", self.name),
                labels,
                unit,
                aggregation: Aggregation::Mean,
                domain: Domain::Machine,
                non_negative: true,
                limit,
            },
            value,
        }
    }
}

fn full(value: f64) -> Limit {
    Limit {
        value,
        direction: Direction::Rising,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_has_a_processor_memory_and_a_disk_and_their_shares_are_shares() {
        let mut host = Host::new().unwrap();
        std::thread::sleep(Host::shortest_interval());
        let readings = host.read(0.2);
        let mut names = vec![
            "cpu_used_percent",
            "memory_used_percent",
            "disk_used_percent",
        ];
        if cfg!(target_os = "linux") {
            names.push("inodes_used_percent");
            names.push("open_files_percent");
        }
        for name in names {
            let value = readings
                .iter()
                .find(|r| r.metric.name == name)
                .unwrap()
                .value;
            assert!((0.0..=100.0).contains(&value), "{name} = {value}");
        }
    }
}
