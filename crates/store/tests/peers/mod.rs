//! The real Prometheus and the real VictoriaMetrics as child processes, on free ports of this machine
//! and in folders of their own: started, stopped, started again, ended with their value.
//!
//! `service` takes this file too.

pub(crate) mod redis;

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use store::metrics::{EngineAddress, EngineKind, EngineStore};

/// An engine that runs, or ran.
pub(crate) struct Peer {
    pub(crate) kind: EngineKind,
    port: u16,
    folder: tempfile::TempDir,
    process: Option<Child>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end("-KILL");
    }
}

impl Peer {
    /// Starts one; `None`, and a word about it, where the machine has none.
    pub(crate) fn start(kind: EngineKind) -> Option<Self> {
        let known = Command::new(program(kind))
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if known.is_err() {
            eprintln!(
                "skipped: no {} on the PATH; run scripts/setup.sh test",
                program(kind)
            );
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let config = "storage:\n  tsdb:\n    out_of_order_time_window: 1h\n";
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = Self {
            kind,
            port: socket.local_addr().unwrap().port(),
            folder,
            process: None,
        };
        drop(socket);
        peer.start_again();
        Some(peer)
    }

    /// Starts it on the folder and the port that it had.
    pub(crate) fn start_again(&mut self) {
        let folder = self.folder.path();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut command = Command::new(program(self.kind));
        arguments(self.kind, folder, self.port, &mut command);
        let process = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        let path = match self.kind {
            EngineKind::Prometheus => "/-/ready",
            EngineKind::VictoriaMetrics => "/health",
        };
        let until = Instant::now() + Duration::from_secs(30);
        while self
            .get(path)
            .is_none_or(|answer| !answer.starts_with("HTTP/1.0 200"))
        {
            let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "it does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it as an administrator would.
    pub(crate) fn stop(&mut self) {
        self.end("-TERM");
    }

    fn end(&mut self, signal: &str) {
        if let Some(mut process) = self.process.take() {
            let id = process.id().to_string();
            // Gone already is ended too.
            let _ = Command::new("kill").args([signal, &id]).status();
            let _ = process.wait();
        }
    }

    /// Waits until what was acknowledged is seen: VictoriaMetrics takes a second for that.
    pub(crate) fn settle(&self) {
        if self.kind == EngineKind::VictoriaMetrics {
            self.get("/internal/force_flush").unwrap();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A store in it.
    pub(crate) fn metrics(&self) -> EngineStore {
        // Peers go and come back within seconds here; how long one is left alone has tests of its own.
        engine(self.kind, &self.url(), None).left_alone_for(Duration::ZERO)
    }

    /// HTTP/1.0, so that an answer ends where the connection does.
    fn get(&self, path: &str) -> Option<String> {
        use std::io::{Read as _, Write as _};
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }
}

fn program(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Prometheus => "prometheus",
        EngineKind::VictoriaMetrics => "victoria-metrics",
    }
}

fn arguments(kind: EngineKind, folder: &Path, port: u16, command: &mut Command) {
    let data = folder.join("data");
    match kind {
        EngineKind::Prometheus => command
            .arg(format!(
                "--config.file={}",
                folder.join("prometheus.yml").display()
            ))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--web.enable-remote-write-receiver"),
        EngineKind::VictoriaMetrics => command
            .arg(format!("-storageDataPath={}", data.display()))
            .arg("-retentionPeriod=100y")
            .arg(format!("-httpListenAddr=127.0.0.1:{port}")),
    };
}

/// A store in an engine at that address. No certificate is believed.
pub(crate) fn engine(kind: EngineKind, url: &str, token: Option<&str>) -> EngineStore {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let address = EngineAddress::new(kind, url, None, token).unwrap();
    EngineStore::new(address, tls).unwrap()
}
