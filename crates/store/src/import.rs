//! Files on their way in: where each one stands.

use api::{ImportId, ImportSettings, ImportState, Instant};
use sqlx::FromRow;

use crate::convert::{changed, i64_of, of_json, to_json, u64_of};
use crate::db::{execute, read, rows};
use crate::{Result, Store};

/// A file on its way in.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredImport {
    /// The import.
    pub id: ImportId,
    /// What the file was called.
    pub file_name: String,
    /// Where the upload lies.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was uploaded.
    pub created_at: Instant,
    /// Where it stands.
    pub state: ImportState,
    /// How it is read.
    pub settings: ImportSettings,
    /// What would stop it.
    pub question: Option<String>,
}

#[derive(FromRow)]
struct ImportRow {
    id: String,
    file_name: String,
    path: String,
    bytes: i64,
    created_at: i64,
    state: String,
    settings: String,
    question: Option<String>,
}

impl ImportRow {
    fn import(self) -> Result<StoredImport> {
        Ok(StoredImport {
            id: self.id.into(),
            file_name: self.file_name,
            path: self.path,
            bytes: u64_of(self.bytes),
            created_at: Instant(self.created_at),
            state: of_json(&self.state)?,
            settings: of_json(&self.settings)?,
            question: self.question,
        })
    }
}

macro_rules! import_sql {
    ($tail:literal) => {
        concat!(
            "select id, file_name, path, bytes, created_at, state, settings, question from import ",
            $tail
        )
    };
}

impl Store {
    /// Adds an import.
    pub async fn insert_import(&self, import: &StoredImport) -> Result<()> {
        let sql = "insert into import
            (id, file_name, path, bytes, created_at, state, settings, question)
            values ($1, $2, $3, $4, $5, $6, $7, $8)";
        let (state, settings) = (to_json(&import.state)?, to_json(&import.settings)?);
        execute!(
            self,
            sql,
            import.id.as_str(),
            &import.file_name,
            &import.path,
            i64_of(import.bytes),
            import.created_at.micros(),
            &state,
            &settings,
            import.question.as_deref()
        );
        Ok(())
    }

    /// One import.
    pub async fn import(&self, id: &ImportId) -> Result<Option<StoredImport>> {
        let sql = import_sql!("where id = $1");
        let row: Option<ImportRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        row.map(ImportRow::import).transpose()
    }

    /// The latest imports, newest first.
    pub async fn imports(&self, limit: u32) -> Result<Vec<StoredImport>> {
        let sql = import_sql!("order by created_at desc, id desc limit $1");
        let found: Vec<ImportRow> =
            read!(self, db => rows(sql).bind(i64::from(limit)).fetch_all(&mut *db).await?);
        found.into_iter().map(ImportRow::import).collect()
    }

    /// Writes all of an import anew, except when it was uploaded.
    pub async fn update_import(&self, import: &StoredImport) -> Result<()> {
        let sql = "update import set file_name = $2, path = $3, bytes = $4, state = $5,
            settings = $6, question = $7 where id = $1";
        let (state, settings) = (to_json(&import.state)?, to_json(&import.settings)?);
        changed(execute!(
            self,
            sql,
            import.id.as_str(),
            &import.file_name,
            &import.path,
            i64_of(import.bytes),
            &state,
            &settings,
            import.question.as_deref()
        ))
    }

    /// Remembers where an import stands.
    pub async fn set_import_state(&self, id: &ImportId, state: &ImportState) -> Result<()> {
        let sql = "update import set state = $2 where id = $1";
        let state = to_json(state)?;
        changed(execute!(self, sql, id.as_str(), &state))
    }

    /// Forgets an import; its file is not touched. Answers whether it was there.
    pub async fn delete_import(&self, id: &ImportId) -> Result<bool> {
        let sql = "delete from import where id = $1";
        Ok(execute!(self, sql, id.as_str()) > 0)
    }
}
