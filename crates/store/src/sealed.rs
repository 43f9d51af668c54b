//! Columns that hold sealed secrets: what seals them anew goes through all of them.

use crate::db::{execute, read, rows};
use crate::{Result, Store};

/// A column that holds sealed secrets. A new one is a variant and its two statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedPlace {
    /// What a scraped target is asked with.
    TargetToken,
    /// What an authenticator's codes are made from.
    TotpSecret,
}

impl SealedPlace {
    /// Every place there is.
    pub const ALL: [Self; 2] = [Self::TargetToken, Self::TotpSecret];

    /// The table and the column. It is part of each seal, so it must not change.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TargetToken => "scrape_target.token",
            Self::TotpSecret => "totp.secret",
        }
    }

    /// Each row's id and what it holds.
    const fn all(self) -> &'static str {
        match self {
            Self::TargetToken => {
                "select source_id, token from scrape_target where token is not null order by source_id"
            }
            Self::TotpSecret => "select user_id, secret from totp order by user_id",
        }
    }

    /// Puts `$3` in the place of `$2` in the row `$1`.
    const fn replace(self) -> &'static str {
        match self {
            Self::TargetToken => {
                "update scrape_target set token = $3 where source_id = $1 and token = $2"
            }
            Self::TotpSecret => "update totp set secret = $3 where user_id = $1 and secret = $2",
        }
    }

    /// Takes `$2` away from the row `$1`.
    const fn forget(self) -> &'static str {
        match self {
            Self::TargetToken => {
                "update scrape_target set token = null, revision = revision + 1
                where source_id = $1 and token = $2"
            }
            // Without its secret an authenticator is none: its person sets up another.
            Self::TotpSecret => "delete from totp where user_id = $1 and secret = $2",
        }
    }
}

impl Store {
    /// What a place holds: the id of each row and its text.
    pub async fn sealed(&self, place: SealedPlace) -> Result<Vec<(String, String)>> {
        Ok(read!(self, db => rows(place.all()).fetch_all(&mut *db).await?))
    }

    /// Puts a text in the place of another, if that is still there; answers whether it was.
    pub async fn replace_sealed(
        &self,
        place: SealedPlace,
        row: &str,
        old: &str,
        new: &str,
    ) -> Result<bool> {
        Ok(execute!(self, place.replace(), row, old, new) > 0)
    }

    /// Takes a text away that nobody can open any more; answers whether it was still there.
    pub async fn forget_sealed(&self, place: SealedPlace, row: &str, old: &str) -> Result<bool> {
        Ok(execute!(self, place.forget(), row, old) > 0)
    }
}
