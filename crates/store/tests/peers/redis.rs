//! The real Redis as a child process, on a port of its own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use store::RedisUrl;

/// What it wants to hear first.
pub(crate) const PASSWORD: &str = "s3cret";

pub(crate) struct Redis {
    port: u16,
    process: Child,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Redis {
    /// Starts one; `None`, and a word about it, where the machine has none.
    pub(crate) async fn start() -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = spawn(port);
        if process.is_err() {
            eprintln!("skipped: no redis-server; run scripts/setup.sh test");
        }
        let process = process.ok()?;
        let redis = Self { port, process };
        redis.answers().await;
        Some(redis)
    }

    /// Starts it on the port that it had, empty.
    pub(crate) async fn start_again(&mut self) {
        self.process = spawn(self.port).unwrap();
        self.answers().await;
    }

    pub(crate) fn stop(&mut self) {
        // Gone already is stopped too.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Where it is, for somebody with that password.
    pub(crate) fn url(&self, password: &str) -> RedisUrl {
        let url = format!("redis://:{password}@127.0.0.1:{}", self.port);
        url.parse().unwrap()
    }

    async fn answers(&self) {
        let url = self.url(PASSWORD);
        for _ in 0..100 {
            if url.ping().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        url.ping().await.unwrap();
    }
}

fn spawn(port: u16) -> std::io::Result<Child> {
    let tools = std::env::var_os("MILLRACE_TOOLS").map(PathBuf::from);
    let own = tools.map(|tools| tools.join("bin/redis-server"));
    let program = own.filter(|p| p.exists()).unwrap_or("redis-server".into());
    Command::new(program)
        .args(["--bind", "127.0.0.1", "--save", ""])
        .args(["--port", &port.to_string(), "--requirepass", PASSWORD])
        .stdout(Stdio::null())
        .spawn()
}
