//! A fresh database for each test, of either kind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use api::{Aggregation, Domain, Instant, SeriesId, SourceId, SourceKind, Unit};
use sqlx::Connection;
use store::metrics::ChunkStore;
use store::{DatabaseUrl, NewSeries, NewSource, Store};

/// Runs each of those async functions, which take a [`Home`], as a test on each database.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { crate::harness::on_sqlite(super::$name); })*
        }
        mod postgres {
            $(#[test] fn $name() { crate::harness::on_postgres(super::$name); })*
        }
        mod pooled {
            $(#[test] fn $name() { crate::harness::on_pooled(super::$name); })*
        }
    };
}

pub(crate) use on_both;

/// A fresh database.
pub(crate) struct Home {
    pub(crate) store: Store,
    pub(crate) url: DatabaseUrl,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) raw: String,
}

impl Home {
    /// A connection to `PostgreSQL` that is nobody else's.
    pub(crate) async fn connect(&self) -> sqlx::PgConnection {
        sqlx::PgConnection::connect(&self.raw).await.unwrap()
    }

    /// Runs a statement that the store has no function for.
    pub(crate) async fn sql(&self, text: &'static str) {
        if self.url.is_postgres() {
            let mut db = self.connect().await;
            sqlx::raw_sql(text).execute(&mut db).await.unwrap();
        } else {
            let mut db = sqlx::SqliteConnection::connect(&self.raw).await.unwrap();
            sqlx::raw_sql(text).execute(&mut db).await.unwrap();
        }
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        if self.url.is_postgres() {
            let mut db = self.connect().await;
            sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
        } else {
            let mut db = sqlx::SqliteConnection::connect(&self.raw).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
        }
    }

    /// Its metrics, opened once more: with SQLite they must be closed before.
    pub(crate) async fn metrics(&self) -> ChunkStore {
        ChunkStore::open(&self.url, self.folder.path())
            .await
            .unwrap()
    }

    /// A second handle, as another process would open it.
    pub(crate) async fn open_again(&self) -> Store {
        Store::open(&self.url, self.folder.path()).await.unwrap()
    }
}

pub(crate) fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Home) -> F) {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let raw = format!("sqlite:{}", folder.path().join("millrace.db").display());
        let url = DatabaseUrl::parse(&raw).unwrap();
        run(url, raw, folder, test).await;
    });
}

pub(crate) fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(Home) -> F) {
    match cluster() {
        Some(cluster) => cluster.run(POSTGRES, test),
        None => eprintln!("skipped: no PostgreSQL binaries under /usr/lib/postgresql"),
    }
}

/// Behind `PgBouncer` in transaction mode, which gives each transaction another server.
pub(crate) fn on_pooled<F: Future<Output = ()>>(test: impl FnOnce(Home) -> F) {
    match cluster().filter(|_| Path::new("/usr/sbin/pgbouncer").exists()) {
        Some(cluster) => cluster.run(POOLER, test),
        None => eprintln!("skipped: no PostgreSQL or no /usr/sbin/pgbouncer"),
    }
}

async fn run<F: Future<Output = ()>>(
    url: DatabaseUrl,
    raw: String,
    folder: tempfile::TempDir,
    test: impl FnOnce(Home) -> F,
) {
    let store = Store::open(&url, folder.path()).await.unwrap();
    let handle = store.clone();
    test(Home {
        store,
        url,
        folder,
        raw,
    })
    .await;
    handle.close().await;
}

pub(crate) fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work);
}

/// A `PostgreSQL` of our own on a socket in a temporary folder.
pub(crate) struct Cluster {
    folder: String,
    /// The shell that waits for the end of its input, which is the end of this process however it
    /// comes about, and then stops the server and removes the folder.
    /// A drop guard would not run for a static, nor when the tests are killed.
    _keeper: Child,
}

const POSTGRES: u16 = 5432;
const FOLLOWER: u16 = 5433;
const POOLER: u16 = 6432;

impl Cluster {
    /// One that no other test uses; `None`, and a word about it, where there is no `PostgreSQL`.
    pub(crate) fn own() -> Option<Self> {
        let cluster = binaries().map(|bin| start(&bin));
        if cluster.is_none() {
            eprintln!("skipped: no PostgreSQL binaries under /usr/lib/postgresql");
        }
        cluster
    }

    /// Its database that is always there.
    pub(crate) fn database(&self) -> DatabaseUrl {
        DatabaseUrl::parse(&self.url(POSTGRES, "postgres")).unwrap()
    }

    /// A connection of its administrator to that database.
    pub(crate) async fn connect(&self) -> sqlx::PgConnection {
        let admin = self.url(POSTGRES, "postgres");
        sqlx::PgConnection::connect(&admin).await.unwrap()
    }

    /// The same for a new role that may do nothing but own its own tables.
    pub(crate) async fn of_a_plain_role(&self) -> DatabaseUrl {
        let mut db = self.connect().await;
        let make = "create role plain login; create database plain owner plain";
        for statement in make.split("; ") {
            let statement = sqlx::AssertSqlSafe(statement.to_owned());
            sqlx::raw_sql(statement).execute(&mut db).await.unwrap();
        }
        db.close().await.unwrap();
        let url = self
            .url(POSTGRES, "plain")
            .replace("//millrace@", "//plain@");
        DatabaseUrl::parse(&url).unwrap()
    }

    /// Stops it like a power failure, though what it gave to the operating system is kept.
    pub(crate) fn stop(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts it again.
    pub(crate) fn start_again(&self) {
        self.control(&["-l", "server.log", "-w", "start"]);
    }

    /// Starts a second server that follows it.
    pub(crate) fn follow(&self) {
        let port = FOLLOWER.to_string();
        let from = ["-h", &self.folder, "-U", "millrace", "-D", "follower"];
        let how = ["-R", "-X", "stream", "--checkpoint=fast", "--no-sync"];
        self.run_program("pg_basebackup", &[&from[..], &how[..]].concat());
        let start = ["-D", "follower", "-l", "follower.log", "-w", "start", "-o"];
        self.run_program("pg_ctl", &[&start[..], &[&format!("-p {port}")]].concat());
    }

    fn control(&self, arguments: &[&str]) {
        self.run_program("pg_ctl", &[&["-D", "data"], arguments].concat());
    }

    fn run_program(&self, name: &str, arguments: &[&str]) {
        let program = binaries().unwrap().join(name);
        let mut command = as_postgres(program.to_str().unwrap());
        command
            .args(arguments)
            .current_dir(&self.folder)
            .stdout(Stdio::null());
        assert!(command.status().unwrap().success(), "{name} {arguments:?}");
    }

    fn url(&self, port: u16, database: &str) -> String {
        format!(
            "postgres://millrace@localhost:{port}/{database}?host={}",
            self.folder
        )
    }

    /// Runs the test on a database of its own.
    fn run<F: Future<Output = ()>>(&self, port: u16, test: impl FnOnce(Home) -> F) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        block_on(async {
            let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
            let admin = self.url(POSTGRES, "postgres");
            let mut db = sqlx::PgConnection::connect(&admin).await.unwrap();
            let create = sqlx::AssertSqlSafe(format!("create database {name}"));
            sqlx::raw_sql(create).execute(&mut db).await.unwrap();
            db.close().await.unwrap();
            let raw = self.url(POSTGRES, &name);
            let url = DatabaseUrl::parse(&self.url(port, &name)).unwrap();
            run(url, raw, tempfile::tempdir().unwrap(), test).await;
        });
    }
}

const KEEP: &str = r#"
set -e
folder=$(mktemp -d /tmp/millrace-store-test.XXXXXX)
pooler=
trap '
  [ -z "$pooler" ] || kill "$pooler"
  for data in data follower; do
    [ ! -d "$folder/$data" ] || "$0/pg_ctl" -D "$folder/$data" -m immediate stop >/dev/null 2>&1
  done
  rm -rf "$folder"
' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"
"$0/initdb" -D data -U millrace -A trust -E UTF8 --locale=C.UTF-8 --no-sync >init.log 2>&1
cat >>data/postgresql.conf <<END
fsync = off
max_connections = 400
listen_addresses = ''
unix_socket_directories = '$folder'
END
"$0/pg_ctl" -D data -l server.log -w start >/dev/null
if [ -x /usr/sbin/pgbouncer ]; then
  echo '"millrace" ""' >users
  cat >pooler.ini <<END
[databases]
* = host=$folder
[pgbouncer]
listen_port = 6432
unix_socket_dir = $folder
auth_type = trust
auth_file = $folder/users
pool_mode = transaction
default_pool_size = 5
max_client_conn = 400
# Each test has a database, and each database five servers of its own.
server_idle_timeout = 2
server_round_robin = 1
END
  /usr/sbin/pgbouncer -q pooler.ini >pooler.log 2>&1 &
  pooler=$!
  until [ -S .s.PGSQL.6432 ]; do kill -0 "$pooler"; sleep 0.1; done
fi
echo "$folder"
read -r _ || true
"#;

fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| binaries().map(|bin| start(&bin)))
        .as_ref()
}

fn binaries() -> Option<PathBuf> {
    std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .max()
}

fn start(bin: &Path) -> Cluster {
    let mut keeper = as_postgres("sh")
        .args(["-c", KEEP])
        .arg(bin)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .current_dir("/")
        .spawn()
        .unwrap();
    let mut folder = String::new();
    BufReader::new(keeper.stdout.take().unwrap())
        .read_line(&mut folder)
        .unwrap();
    assert!(!folder.is_empty(), "PostgreSQL did not start");
    Cluster {
        folder: folder.trim().to_owned(),
        _keeper: keeper,
    }
}

/// A command of a user that `PostgreSQL` runs for: it refuses to run as root.
fn as_postgres(program: &str) -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout == b"0\n" {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", program]);
        command
    } else {
        Command::new(program)
    }
}

/// A second, in microseconds.
pub(crate) const S: i64 = Instant::SECOND;

/// An instant so many seconds into the tests' time.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_seconds(1_700_000_000 + seconds)
}

pub(crate) fn a_source(key: &str) -> NewSource {
    NewSource {
        external_key: key.into(),
        name: format!("Source {key}"),
        kind: SourceKind::Push,
        demo: false,
        expected_every_seconds: Some(60),
    }
}

pub(crate) fn a_series(key: &str) -> NewSeries {
    NewSeries {
        key: key.into(),
        name: "metric".into(),
        title: format!("Series {key}"),
        labels: Vec::new(),
        unit: Unit::None,
        aggregation: Aggregation::Last,
        domain: Domain::Machine,
        non_negative: false,
        limit: None,
        stake: None,
    }
}

/// A source `key` with so many series `0`, `1`, ….
pub(crate) async fn filled(store: &Store, key: &str, n: u32) -> (SourceId, Vec<SeriesId>) {
    let source = store.upsert_source(&a_source(key), at(0)).await.unwrap();
    let new: Vec<NewSeries> = (0..n).map(|i| a_series(&i.to_string())).collect();
    let ids = store.resolve_series(&source, &new, at(0)).await.unwrap();
    (source, ids)
}

/// A file system of two megabytes, which only root may make.
pub(crate) struct TinyDisk(tempfile::TempDir);

impl TinyDisk {
    /// `None` where nothing can be mounted.
    pub(crate) fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "millrace-test"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then(|| Self(folder))
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let mut unmount = Command::new("umount");
        unmount.arg("-l").arg(self.0.path()).status().unwrap();
    }
}
