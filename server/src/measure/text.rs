//! Numbers that are read when somebody asks for them, as lines of the text format ("Exposition
//! formats" of Prometheus' documentation).
//!
//! Not through the recorder: it keeps a gauge that nobody knows any more at its last value, and a counter
//! of somebody else's that began anew at its highest; and its counters are whole numbers.

use std::fmt::Write as _;
use std::sync::Mutex;

use service::{Amount, OwnNumber};
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System};

use super::words;

/// The hub's numbers.
pub(crate) fn own(numbers: &[OwnNumber]) -> String {
    let mut text = String::new();
    let mut before = "";
    for number in numbers {
        let name = format!("millrace_{}", number.name);
        if number.name != before {
            before = number.name;
            let kind = match number.amount {
                Amount::Gauge(_) => "gauge",
                Amount::Counter(_) => "counter",
            };
            head(&mut text, &name, kind, words::of(&name));
        }
        let labels = number.labels.iter();
        let labels: Vec<_> = labels
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        // Writing to a string cannot fail.
        let _ = match number.amount {
            Amount::Gauge(value) => writeln!(text, "{name}{labels} {value}"),
            Amount::Counter(count) => writeln!(text, "{name}{labels} {count}"),
        };
    }
    text
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\n# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

/// What this process takes. Where the system does not tell, lines are left out.
pub(crate) fn process() -> String {
    static SYSTEM: Mutex<Option<System>> = Mutex::new(None);
    let Ok(mut held) = SYSTEM.lock() else {
        return String::new();
    };
    if held.is_none() {
        *held = System::new().ok();
    }
    let own = Pid::from_u32(std::process::id());
    let read = held.as_mut().and_then(|system| {
        let what = ProcessRefreshKind::nothing().with_memory().with_cpu();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, what);
        system.process(own)
    });
    read.map(of_process).unwrap_or_default()
}

fn of_process(process: &Process) -> String {
    let mut text = String::new();
    let mut line = |name: &str, kind: &str, help: &str, value: Option<f64>| {
        let Some(value) = value else { return };
        head(&mut text, name, kind, help);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name} {value}");
    };
    let count = |count: Option<usize>| count.map(|count| count as f64);
    line(
        "process_cpu_seconds_total",
        "counter",
        "CPU time that this process has spent.",
        Some(process.accumulated_cpu_time() as f64 / 1_000.0),
    );
    line(
        "process_resident_memory_bytes",
        "gauge",
        "Resident memory of this process.",
        Some(process.memory() as f64),
    );
    line(
        "process_virtual_memory_bytes",
        "gauge",
        "Virtual memory of this process.",
        Some(process.virtual_memory() as f64),
    );
    line(
        "process_start_time_seconds",
        "gauge",
        "When this process was started, in seconds since 1970.",
        Some(process.start_time() as f64),
    );
    line(
        "process_open_fds",
        "gauge",
        "Files that this process has open.",
        count(process.open_files()),
    );
    line(
        "process_max_fds",
        "gauge",
        "Most files that it may have open.",
        count(process.open_files_limit()),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_name_stand_together_under_what_they_say() {
        let number = |name, labels, amount| OwnNumber {
            name,
            labels,
            amount,
        };
        let text = own(&[
            number("jobs", vec![("kind", "a")], Amount::Gauge(2.0)),
            number("jobs", vec![("kind", "b")], Amount::Gauge(0.5)),
            number("database_commits_total", vec![], Amount::Counter(7)),
        ]);
        let expected = "
# HELP millrace_jobs Jobs of the queue, by kind and state.
# TYPE millrace_jobs gauge
millrace_jobs{kind=\"a\"} 2
millrace_jobs{kind=\"b\"} 0.5

# HELP millrace_database_commits_total Transactions that PostgreSQL committed.
# TYPE millrace_database_commits_total counter
millrace_database_commits_total 7
";
        assert_eq!(text, expected);
    }
}
