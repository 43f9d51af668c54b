//! Imports: any number of samples, all or nothing.
//!
//! Samples wait in a staging table that nobody else sees and that locks nothing: in a file of its
//! own for SQLite, in a temporary table for `PostgreSQL`.
//! The commit makes the source and the series and copies the samples in one transaction; only for
//! that step do other writers of SQLite wait.
//! Writing straight into the sample table inside one long transaction would be less work in all, but
//! would keep SQLite's only writer for as long as the file is being read.

use std::collections::HashMap;
use std::path::Path;

use api::{Instant, SeriesId, SourceId};
use sqlx::sqlite::SqlitePool;
use sqlx::{ConnectOptions, Connection, Postgres, SqliteConnection, Transaction};

use crate::bulk::{Bulk, Put, Row, put_in_order, writable};
use crate::convert::{list, to_json, u64_of};
use crate::db::{Db, column, make_file, rows, run};
use crate::samples::{ENDS, LATE};
use crate::series::resolve_series;
use crate::source::upsert_source;
use crate::{NewSeries, NewSource, Result, Store, StoreError};

/// An import under way. Nothing is visible before [`ImportWriter::commit`]; dropping it forgets all.
pub struct ImportWriter {
    source: NewSource,
    series: Vec<NewSeries>,
    handles: HashMap<String, u32>,
    staging: Staging,
}

impl std::fmt::Debug for ImportWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportWriter")
            .field("series", &self.series.len())
            .finish_non_exhaustive()
    }
}

enum Staging {
    Sqlite {
        connection: SqliteConnection,
        /// To take this process's writer while the samples are copied: waiting for it is fair.
        write: SqlitePool,
    },
    Postgres(Transaction<'static, Postgres>),
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The source that holds its series.
    pub source_id: SourceId,
    /// The series by handle.
    pub series: Vec<SeriesId>,
    /// How many samples are at an instant that had none.
    pub new: u64,
    /// How many took another's place.
    pub replaced: u64,
}

impl Store {
    /// Begins an import into that source, which need not be there yet.
    pub async fn begin_import(&self, source: NewSource) -> Result<ImportWriter> {
        let staging = match &*self.db {
            Db::Sqlite(lite) => {
                let mut connection = lite.options.connect().await?;
                let name = format!("import-{}.stage", crate::new_id(Instant(0)));
                stage(&mut connection, &lite.staging.join(name)).await?;
                Staging::Sqlite {
                    connection,
                    write: lite.write.clone(),
                }
            }
            Db::Postgres(pool) => {
                let mut tx = pool.begin().await?;
                run(
                    "create temporary table staged (series_num bigint not null, at bigint not null,
                    value double precision not null, primary key (series_num, at)) on commit drop",
                )
                .execute(&mut *tx)
                .await?;
                Staging::Postgres(tx)
            }
        };
        Ok(ImportWriter {
            source,
            series: Vec::new(),
            handles: HashMap::new(),
            staging,
        })
    }
}

/// Attaches a staging file to the connection.
async fn stage(connection: &mut SqliteConnection, file: &Path) -> Result<()> {
    // SQLite would not make it: the connection was opened on a file that must be there.
    make_file(file).await.map_err(StoreError::Folder)?;
    run("attach database $1 as stage")
        .bind(file.to_string_lossy().into_owned())
        .execute(&mut *connection)
        .await?;
    // It is thrown away whatever happens, so it needs neither a journal nor the disk's word.
    // Its pages may use 64 MB, because samples of many series do not come in order.
    sqlx::raw_sql(
        "pragma stage.journal_mode = off;
        pragma stage.synchronous = off;
        pragma stage.locking_mode = exclusive;
        pragma stage.cache_size = -65536;
        create table stage.staged (series_num integer not null, at integer not null,
            value real not null, primary key (series_num, at)) strict, without rowid;",
    )
    .execute(&mut *connection)
    .await?;
    // Unix keeps an open file without a name: no crash can leave it behind. Elsewhere this fails
    // and the file stays, which is not worth more code for systems Millrace is not deployed on.
    tokio::fs::remove_file(file).await.ok();
    Ok(())
}

const STAGED: &str = "select count(*) from staged where series_num = $1";

const OVERLAP: &str = "select count(*) from staged t
    join sample x on x.series_num = $2 and x.at = t.at where t.series_num = $1";

const COPY: &str = "insert into sample (series_num, at, value)
    select $2, t.at, t.value from staged t where t.series_num = $1 order by t.at
    on conflict (series_num, at) do update set value = excluded.value
    where sample.value <> excluded.value";

/// Makes the source and the series and copies the samples, on that connection.
macro_rules! copy {
    ($db:ident, $writer:ident, $now:ident) => {{
        let source_id = upsert_source!($db, &$writer.source, $now);
        let series: Vec<SeriesId> = resolve_series!($db, source_id, &$writer.series, $now);
        let wanted = list(series.iter().map(SeriesId::as_str))?;
        let nums: Vec<(String, i64, Option<i64>)> = rows(writable($db))
            .bind(&wanted)
            .fetch_all(&mut *$db)
            .await?;
        let nums: HashMap<String, i64> = nums.into_iter().map(|(id, num, _)| (id, num)).collect();
        let (mut new, mut replaced) = (0, 0);
        for (handle, id) in (0_i64..).zip(&series) {
            let num = *nums.get(id.as_str()).ok_or(StoreError::Missing)?;
            let all: i64 = column(STAGED).bind(handle).fetch_one(&mut *$db).await?;
            let overlap: i64 = column(OVERLAP)
                .bind(handle)
                .bind(num)
                .fetch_one(&mut *$db)
                .await?;
            run(COPY).bind(handle).bind(num).execute(&mut *$db).await?;
            replaced += u64_of(overlap);
            new += u64_of(all - overlap);
        }
        let nums = to_json(&nums.values().collect::<Vec<_>>())?;
        // A file is a history, and may be one of what was known already.
        run(LATE)
            .bind(&nums)
            .bind($now.micros())
            .execute(&mut *$db)
            .await?;
        run(ENDS)
            .bind(&nums)
            .bind(Some($now.micros()))
            .execute(&mut *$db)
            .await?;
        Imported {
            source_id,
            series,
            new,
            replaced,
        }
    }};
}

impl ImportWriter {
    /// The handle of a series, by its key. It is made at the commit if it is not there.
    pub fn series(&mut self, new: NewSeries) -> u32 {
        if let Some(handle) = self.handles.get(&new.key) {
            return *handle;
        }
        let handle = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        self.handles.insert(new.key.clone(), handle);
        self.series.push(new);
        handle
    }

    /// Adds samples: handle, instant, value. The last one of a handle and instant counts.
    /// Values that are not finite are left out. Batches of about 10,000 are fastest.
    pub async fn write(&mut self, samples: &[(u32, Instant, f64)]) -> Result<()> {
        let mut taken: Vec<Row> = samples
            .iter()
            .filter(|(_, _, value)| value.is_finite())
            .map(|&(handle, at, value)| Row {
                num: i64::from(handle),
                at: at.micros(),
                value,
            })
            .collect();
        put_in_order(&mut taken);
        match &mut self.staging {
            Staging::Sqlite { connection, .. } => {
                let mut tx = connection.begin().await?;
                tx.put(Put::Staged, &taken).await?;
                tx.commit().await?;
            }
            Staging::Postgres(tx) => {
                tx.put(Put::Staged, &taken).await?;
            }
        }
        Ok(())
    }

    /// Makes all of it visible at once.
    pub async fn commit(mut self, now: Instant) -> Result<Imported> {
        match &mut self.staging {
            Staging::Sqlite { connection, write } => {
                let turn = write.acquire().await?;
                let mut tx = connection.begin_with("begin immediate").await?;
                let db = &mut *tx;
                let done = copy!(db, self, now);
                tx.commit().await?;
                drop(turn);
                Ok(done)
            }
            Staging::Postgres(tx) => {
                let db = &mut **tx;
                let done = copy!(db, self, now);
                if let Staging::Postgres(tx) = self.staging {
                    tx.commit().await?;
                }
                Ok(done)
            }
        }
    }

    /// Forgets all of it.
    pub async fn rollback(self) -> Result<()> {
        match self.staging {
            Staging::Sqlite { connection, .. } => connection.close().await?,
            Staging::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}
