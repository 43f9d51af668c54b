//! Names as Prometheus makes them from OpenTelemetry's (prometheus/otlptranslator, `metric_namer.go`,
//! `label_namer.go`, `unit_namer.go`: underscores and suffixes).

/// What a suffix depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    /// A monotonic sum: `_total`.
    Counter,
    /// A gauge, which is a `_ratio` where its unit is 1.
    Gauge,
    /// Anything else, which has only its unit.
    Other,
}

/// The name of a metric: its words, its unit, and what it is. Empty where nothing is left.
pub(super) fn metric_name(name: &str, unit: &str, suffix: Suffix) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == ':';
    let mut words: Vec<&str> = name
        .split(|c| !allowed(c))
        .filter(|word| !word.is_empty())
        .collect();
    let (main, per) = units(unit);
    let (main, per) = (plain(&main), plain(&per));
    if !main.is_empty() && !words.contains(&main.as_str()) {
        words.push(&main);
    }
    let per = if per.is_empty() {
        per
    } else {
        format!("per_{per}")
    };
    if !per.is_empty() && !words.contains(&per.as_str()) {
        words.push(&per);
    }
    let last = match suffix {
        Suffix::Counter => Some("total"),
        Suffix::Gauge if unit == "1" => Some("ratio"),
        _ => None,
    };
    if let Some(last) = last {
        words.retain(|word| *word != last);
        words.push(last);
    }
    let joined = words.join("_");
    if joined.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("_{joined}");
    }
    joined
}

/// The name of an attribute as a label.
pub(super) fn label_name(key: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = key
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("key_{name}")
    } else if name.starts_with('_') && !name.starts_with("__") {
        format!("key{name}")
    } else {
        name
    }
}

/// A unit's words for what is counted and for what it is counted by: `By/s` is bytes and second.
fn units(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    // What stands in braces is a remark, such as `{request}`.
    let said = |text: &str| {
        let text = text.trim();
        if text.contains(['{', '}']) {
            String::new()
        } else {
            text.to_owned()
        }
    };
    let (main, per) = (said(main), said(per));
    (main_unit(&main).to_owned(), per_unit(&per).to_owned())
}

fn main_unit(unit: &str) -> &str {
    match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "1" => "",
        "%" => "percent",
        other => other,
    }
}

fn per_unit(unit: &str) -> &str {
    match unit {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        other => other,
    }
}

/// A unit with single underscores for what a name may not have, and none at its ends.
fn plain(unit: &str) -> String {
    let words = unit.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_named_as_prometheus_names_them() {
        use Suffix::{Counter, Gauge, Other};
        for (name, unit, suffix, wanted) in [
            (
                "http.server.duration",
                "s",
                Other,
                "http_server_duration_seconds",
            ),
            ("system.io", "By", Counter, "system_io_bytes_total"),
            ("system.io.total", "By", Counter, "system_io_bytes_total"),
            ("requests.total", "1", Counter, "requests_total"),
            ("memory.utilization", "1", Gauge, "memory_utilization_ratio"),
            ("memory.ratio", "1", Gauge, "memory_ratio"),
            ("queue.length", "{item}", Gauge, "queue_length"),
            ("net.rate", "By/s", Gauge, "net_rate_bytes_per_second"),
            ("net.rate", "{packet}/s", Gauge, "net_rate_per_second"),
            ("disk.seconds", "s", Gauge, "disk_seconds"),
            ("broken..name__x", "", Gauge, "broken_name_x"),
            ("3xx.count", "", Counter, "_3xx_count_total"),
            ("speed", "km/h", Gauge, "speed_km_per_hour"),
            ("a", "S m/x", Other, "a_S_m_per_x"),
            ("ns:a", "%", Gauge, "ns:a_percent"),
            ("ä", "", Gauge, ""),
            ("", "", Gauge, ""),
        ] {
            assert_eq!(metric_name(name, unit, suffix), wanted, "{name} in {unit}");
        }
    }

    #[test]
    fn attributes_are_named_as_prometheus_names_them() {
        for (key, wanted) in [
            ("http.method", "http_method"),
            ("123invalid", "key_123invalid"),
            ("_private", "key_private"),
            ("__reserved__", "__reserved__"),
            ("a..b", "a__b"),
            ("ä", "key_"),
        ] {
            assert_eq!(label_name(key), wanted);
        }
    }
}
