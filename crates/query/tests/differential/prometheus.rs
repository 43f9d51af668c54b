//! Debian's Prometheus as a child process: started, fed by remote-write, asked over HTTP, ended.

use crate::memory::Memory;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A Prometheus with no targets. It ends with the value.
pub(crate) struct Prometheus {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Prometheus {
    /// Starts it; `None` where the machine has none.
    pub(crate) fn start() -> Option<Self> {
        Command::new("prometheus")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .ok()?;
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, "global:\n  evaluation_interval: 1m\n").unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--web.enable-remote-write-receiver")
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let prometheus = Self {
            child,
            port,
            _folder: folder,
        };
        let begun = Instant::now();
        while prometheus
            .ask("GET", "/-/ready", "", &[])
            .is_none_or(|(status, _)| status != 200)
        {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "Prometheus does not start"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(prometheus)
    }

    /// Sends every sample, a slice of time after the other, as senders do.
    pub(crate) fn feed(&self, memory: &Memory) {
        const SLICE_MS: i64 = 600_000;
        let all = || memory.series.iter().flat_map(|series| series.at_ms.iter());
        let (first, last) = (*all().min().unwrap(), *all().max().unwrap());
        let mut from = first;
        while from <= last {
            let mut request = Vec::new();
            for series in &memory.series {
                let samples = series.at_ms.iter().zip(&series.values);
                let samples: Vec<_> = samples
                    .filter(|(at, _)| (from..from + SLICE_MS).contains(*at))
                    .collect();
                if samples.is_empty() {
                    continue;
                }
                let mut one = Vec::new();
                for (name, value) in series.labels.as_ref().iter() {
                    let mut label = Vec::new();
                    field(&mut label, 1, name.as_bytes());
                    field(&mut label, 2, value.as_bytes());
                    field(&mut one, 1, &label);
                }
                for (at, value) in samples {
                    let mut sample = vec![1 << 3 | 1];
                    sample.extend_from_slice(&value.to_bits().to_le_bytes());
                    sample.push(2 << 3);
                    varint(&mut sample, u64::try_from(*at).unwrap());
                    field(&mut one, 2, &sample);
                }
                field(&mut request, 1, &one);
            }
            let (status, answer) = self
                .ask(
                    "POST",
                    "/api/v1/write",
                    "application/x-protobuf",
                    &stored(&request),
                )
                .unwrap();
            assert_eq!(status, 204, "{}", String::from_utf8_lossy(&answer));
            from += SLICE_MS;
        }
    }

    /// Asks its API, and answers the JSON.
    pub(crate) fn query(&self, path: &str, form: &[(&str, &str)]) -> serde_json::Value {
        let pairs: Vec<String> = form
            .iter()
            .map(|(k, v)| format!("{k}={}", encoded(v)))
            .collect();
        let form = pairs.join("&");
        let kind = "application/x-www-form-urlencoded";
        let (_, answer) = self.ask("POST", path, kind, form.as_bytes()).unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    /// HTTP/1.0, so that an answer ends where the connection does.
    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let encoding = if kind.ends_with("protobuf") {
            "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n"
        } else {
            ""
        };
        let head = format!(
            "{method} {path} HTTP/1.0\r\nContent-Type: {kind}\r\n{encoding}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let status = std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()?;
        Some((status, answer.split_off(end + 4)))
    }
}

/// A length-delimited field of protobuf.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Snappy's block format with literals only.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 1000 + 16);
    varint(&mut out, bytes.len() as u64);
    for chunk in bytes.chunks(1 << 16) {
        // 61 << 2: a literal whose length less one stands in the next two bytes.
        out.push(61 << 2);
        out.extend_from_slice(&u16::try_from(chunk.len() - 1).unwrap().to_le_bytes());
        out.extend_from_slice(chunk);
    }
    out
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
