//! Files through the operations: what is guessed of bad ones, and what an import says that it left out.

use std::time::Duration;

use api::{Caller, ColumnRole, Import, ImportResult, ImportState, Result};

use crate::home::{Home, home};

fn system() -> Caller {
    Caller::system("test")
}

impl Home {
    async fn upload(&self, table: &str) -> Result<Import> {
        self.upload_as("table.csv", table).await
    }

    async fn upload_as(&self, file_name: &str, table: &str) -> Result<Import> {
        let imports = &self.services.imports;
        let staged = imports.stage(&system()).await.unwrap();
        tokio::fs::write(&staged.path, table).await.unwrap();
        imports.accept(&system(), &staged, file_name).await
    }

    async fn import(&self, made: &Import) -> ImportResult {
        let imports = &self.services.imports;
        imports.start(&system(), &made.id).await.unwrap();
        for _ in 0..500 {
            match imports.get(&system(), &made.id).await.unwrap().state {
                ImportState::Done { result } => return result,
                ImportState::Failed { message } => panic!("{message}"),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        panic!("the import did not end");
    }
}

#[tokio::test]
async fn a_table_with_bad_rows_is_shown_and_they_are_counted() {
    let home = home().await;
    let bad = "date,stock\n2026-01-01,5\nfoo,6\n2026-13-45,7\n2026-01-04,eight\n2026-01-05,9,10\n2026-01-06\n";
    let made = home.upload(bad).await.unwrap();
    assert_eq!(made.settings.columns[1].role, ColumnRole::Value);
    assert!(!made.preview.is_empty());
    let result = home.import(&made).await;
    assert!(result.samples >= 1 && result.bad_rows >= 3, "{result:?}");
}

#[tokio::test]
async fn a_name_that_says_something_else_is_refused_and_says_what_to_do() {
    let home = home().await;
    let table = "date,stock\n2026-01-01,5\n2026-01-02,6\n";
    for refused in ["table.exe", "table.XLSX", "table.csv.html"] {
        let error = home.upload_as(refused, table).await.unwrap_err();
        assert!(error.to_string().contains(".csv, .tsv or .txt"), "{error}");
    }
    for taken in [
        "table",
        "TABLE.CSV",
        "list.xls",
        "stock.csv.20261101",
        "é.tsv",
    ] {
        home.upload_as(taken, table).await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_guessed_leaves_no_draft_behind() {
    let home = home().await;
    for (table, says) in [
        ("date,stock\n", "no rows below the header"),
        ("date,stock\n2026-01-01,many\n2026-01-02,few\n", "numbers"),
    ] {
        let error = home.upload(table).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let left = home.services.imports.list(&system()).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn an_import_says_what_it_left_out_and_what_it_replaced() {
    let home = home().await;
    let table = "date,stock\n2026-01-01,5\n2026-01-02,\n2026-01-03,7\n2026-01-03,8\n";
    let made = home.upload(table).await.unwrap();
    let result = home.import(&made).await;
    assert_eq!((result.rows, result.samples), (4, 2));
    assert_eq!((result.empty_values, result.merged_rows), (1, 1));
    assert_eq!(result.replaced, 0);
    let made = home.upload(table).await.unwrap();
    assert_eq!(home.import(&made).await.replaced, 2);
}

#[tokio::test]
async fn rows_of_days_to_come_are_counted_and_kept() {
    // It is the 28th of May.
    let home = home().await;
    let table = "date,stock\n2026-05-27,5\n2026-05-28,4\n2026-05-29,3\n2026-06-30,2\n";
    let made = home.upload(table).await.unwrap();
    let result = home.import(&made).await;
    assert_eq!((result.samples, result.future_rows), (4, 2));
    let words: Vec<_> = result.lost().collect();
    assert!(
        matches!(words[..], [(2, words)] if words.contains("after today")),
        "{words:?}"
    );
}
