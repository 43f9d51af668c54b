//! This host's own numbers, every few seconds from the first one.

use api::{Aggregation, Direction, Domain, Limit, Unit};
use service::{HostMetric, HostReading};
use sysinfo::{Disks, MINIMUM_CPU_UPDATE_INTERVAL, Networks, System};

/// Reads this host. Holds the last counters, since rates are differences.
pub(crate) struct Host {
    system: System,
    disks: Disks,
    networks: Networks,
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
        let mut readings = self.processor_and_memory();
        readings.extend(self.disk_space());
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
            let mount = disk.mount_point().to_string_lossy().into_owned();
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
        for name in [
            "cpu_used_percent",
            "memory_used_percent",
            "disk_used_percent",
        ] {
            let value = readings
                .iter()
                .find(|r| r.metric.name == name)
                .unwrap()
                .value;
            assert!((0.0..=100.0).contains(&value), "{name} = {value}");
        }
    }
}
