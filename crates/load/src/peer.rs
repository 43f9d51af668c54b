//! The servers that are measured: how each is started, written to and asked.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::LoadError;
use crate::http::Client;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Millrace,
    Prometheus,
    VictoriaMetrics,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Millrace, Self::Prometheus, Self::VictoriaMetrics];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Millrace => "Millrace",
            Self::Prometheus => "Prometheus",
            Self::VictoriaMetrics => "VictoriaMetrics",
        }
    }

    /// The program, as it is called where packages put it.
    pub(crate) const fn program(self) -> &'static str {
        match self {
            Self::Millrace => "millrace",
            Self::Prometheus => "prometheus",
            Self::VictoriaMetrics => "victoria-metrics",
        }
    }

    /// Under which path Prometheus' HTTP API lies.
    const fn base(self) -> &'static str {
        match self {
            Self::Millrace => "/prometheus",
            Self::Prometheus | Self::VictoriaMetrics => "",
        }
    }

    const fn ready(self) -> &'static str {
        match self {
            Self::Millrace => "/health/ready",
            Self::Prometheus => "/-/ready",
            Self::VictoriaMetrics => "/health",
        }
    }
}

/// A server that runs on a folder of its own; it ends with this.
pub(crate) struct Peer {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    process: Child,
    folder: tempfile::TempDir,
    /// Headers of every request: the key, where there is one.
    headers: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Gone already is ended too.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Peer {
    /// Starts a server and waits until it is ready.
    pub(crate) fn start(kind: Kind, program: &Path) -> Result<Self, LoadError> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        let mut command = Command::new(program);
        let mut headers = String::new();
        match kind {
            Kind::Millrace => {
                let made = Command::new(program)
                    .args(["key", "add", "load", "--scope", "ingest,query"])
                    .env("MILLRACE_DATA", &data)
                    .output()?;
                let text = String::from_utf8_lossy(&made.stdout).into_owned();
                let key = text.split_whitespace().find(|word| word.starts_with("mr_"));
                let key = key.ok_or_else(|| LoadError::Answer("no key was made".into()))?;
                headers = format!("Authorization: Bearer {key}\r\n");
                command
                    .env("MILLRACE_DATA", &data)
                    .env("MILLRACE_ADDR", &address);
            }
            Kind::Prometheus => {
                let config = folder.path().join("prometheus.yml");
                fs::write(&config, "global: {}\n")?;
                command
                    .arg(format!("--config.file={}", config.display()))
                    .arg(format!("--storage.tsdb.path={}", data.display()))
                    .arg(format!("--web.listen-address={address}"))
                    .args(["--web.enable-remote-write-receiver", "--log.level=error"]);
            }
            Kind::VictoriaMetrics => {
                command
                    .arg(format!("-storageDataPath={}", data.display()))
                    .arg(format!("-httpListenAddr={address}"))
                    .args(["-loggerLevel=ERROR", "-search.maxUniqueTimeseries=1000000"]);
            }
        }
        let process = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let peer = Self {
            kind,
            port,
            process,
            folder,
            headers,
        };
        peer.wait_until_ready()?;
        Ok(peer)
    }

    fn wait_until_ready(&self) -> Result<(), LoadError> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            let answer = Client::connect(self.port)
                .and_then(|mut client| client.send("GET", self.kind.ready(), "", b""));
            if matches!(answer, Ok((200, _))) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(LoadError::NotReady(self.kind.name()))
    }

    /// Sends one remote-write 1.0 request, which must be taken.
    pub(crate) fn write(&self, client: &mut Client, body: &[u8]) -> Result<(), LoadError> {
        let path = format!("{}/api/v1/write", self.kind.base());
        let headers = format!(
            "{}Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n",
            self.headers
        );
        let (status, body) = client.send("POST", &path, &headers, body)?;
        if (200..300).contains(&status) {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&body).into_owned();
        Err(LoadError::Refused(self.kind.name(), status, words))
    }

    /// Asks under Prometheus' HTTP API; answers the body.
    pub(crate) fn ask(&self, client: &mut Client, path: &str) -> Result<Vec<u8>, LoadError> {
        let path = format!("{}{path}", self.kind.base());
        let (status, body) = client.send("GET", &path, &self.headers, b"")?;
        if status == 200 {
            return Ok(body);
        }
        let words = String::from_utf8_lossy(&body).into_owned();
        Err(LoadError::Refused(self.kind.name(), status, words))
    }

    /// Processor seconds that the process has used, all threads, user and system.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, LoadError> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name in parentheses may have spaces; user and system time are 14th and 15th.
        let after = stat.rsplit(')').next().unwrap_or_default();
        let ticks: Vec<u64> = after
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse().ok())
            .collect();
        if ticks.len() != 2 {
            return Err(LoadError::Answer(stat));
        }
        // A tick is a hundredth of a second on every Linux that the kernel reports to programs.
        Ok(ticks.iter().sum::<u64>() as f64 / 100.0)
    }

    /// The most memory that the process has had, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64, LoadError> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.map(|kib| kib * 1024)
            .ok_or_else(|| LoadError::Answer("no VmHWM".into()))
    }

    /// Ends the server as an administrator would, and answers how many bytes its folder has then.
    pub(crate) fn stop(mut self) -> Result<u64, LoadError> {
        let id = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let until = Instant::now() + Duration::from_mins(2);
        while self.process.try_wait()?.is_none() {
            if Instant::now() > until {
                return Err(LoadError::NotReady(self.kind.name()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        size_of(&self.folder.path().join("data"))
    }
}

/// Blocks that a folder takes on the disk, in bytes: a file may have been made longer than it is full.
fn size_of(folder: &Path) -> Result<u64, LoadError> {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path: PathBuf = entry.path();
        bytes += if entry.file_type()?.is_dir() {
            size_of(&path)?
        } else {
            entry.metadata()?.blocks() * 512
        };
    }
    Ok(bytes)
}
