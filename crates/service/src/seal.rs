//! Secrets that are kept and have to be read again: sealed where they are kept, and the master keys
//! that open them.

mod keys;
mod ring;

use std::sync::{Arc, PoisonError, RwLock};

use api::{Caller, Error, Hidden, Result};
use store::{SealedPlace, Sign};

use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::require_system;

pub use keys::KeySource;
pub use ring::{Ring, SealError, new_master_key};

/// Where the store remembers something sealed, so that a server with other keys notices at once.
const CHECK: &str = "secrets.check";
/// What that is.
const CHECK_PLACE: &str = "setting.value";

/// The master keys, once they were read.
#[derive(Default)]
pub(crate) struct Sealer(RwLock<Option<Read>>);

struct Read {
    keys: keys::Keys,
    /// Why nothing may be sealed: servers with other keys share the database.
    others: Option<SealError>,
}

impl Sealer {
    /// The keys as they are now: those of a file are read again when it was changed.
    fn ring(&self) -> std::result::Result<Arc<Ring>, SealError> {
        let mut read = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Ok(read.as_mut().ok_or(SealError::Locked)?.keys.ring())
    }

    /// The same, where something may be sealed with them.
    fn sealing(&self) -> std::result::Result<Arc<Ring>, SealError> {
        let read = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(others) = read.as_ref().and_then(|read| read.others.clone()) {
            return Err(others);
        }
        drop(read);
        self.ring()
    }

    fn set(&self, keys: keys::Keys, others: Option<SealError>) {
        let mut read = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *read = Some(Read { keys, others });
    }
}

impl Sign for Sealer {
    fn sign(&self, said: &str) -> Option<String> {
        self.ring().ok()?.sign(said.as_bytes())
    }
}

impl Hub {
    /// Reads the master keys; makes one where that is wanted and nothing was ever sealed. What an
    /// older version kept in plain text is sealed. For the start of the server.
    ///
    /// # Errors
    /// Where the keys cannot be read, or others sealed what the database holds.
    pub async fn unlock(
        &self,
        caller: &Caller,
        source: KeySource,
    ) -> std::result::Result<(), SealError> {
        require_system(caller).map_err(|_| SealError::Locked)?;
        let check = self.kept_check().await?;
        let any = self.anything_sealed().await?;
        // A new key opens nothing that is there.
        if check.is_none() || !any {
            source.make()?;
        }
        let ring = source.ring()?;
        let check = if let Some(check) = check {
            check
        } else {
            let sealed = ring.seal(CHECK_PLACE, CHECK, &Hidden("millrace".into()))?;
            let put = self.store.put_new_setting(CHECK, &sealed).await;
            put.map_err(|_| SealError::Store)?;
            // Another server may have been faster.
            self.kept_check().await?.unwrap_or(sealed)
        };
        let others = ring.open(CHECK_PLACE, CHECK, &check).err();
        if let Some(why) = &others {
            if any {
                return Err(why.clone());
            }
            tracing::warn!(%why, "another server on this database has another master key: this one can seal no secrets");
        }
        let sealing = others.is_none();
        self.sealer.set(keys::Keys::read(source)?, others);
        if sealing {
            self.seal_plain(caller)
                .await
                .map_err(|_| SealError::Store)?;
        }
        Ok(())
    }

    async fn kept_check(&self) -> std::result::Result<Option<String>, SealError> {
        let kept = self.store.setting(CHECK).await;
        kept.map_err(|_| SealError::Store)
    }

    async fn anything_sealed(&self) -> std::result::Result<bool, SealError> {
        for place in SealedPlace::ALL {
            let kept = self.sealed(place).await?;
            if kept.iter().any(|(_, text)| ring::is_sealed(text)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Seals what an older version kept in plain text.
    async fn seal_plain(&self, caller: &Caller) -> Result<()> {
        for place in SealedPlace::ALL {
            for (row, text) in self.store.sealed(place).await.or_failure(caller)? {
                if ring::is_sealed(&text) {
                    continue;
                }
                let sealed = self.seal(caller, place, &row, &Hidden(text.clone()))?;
                let note = Note::of("secrets.seal").on("secret", &row, place.name());
                let store = self.noting(caller, note);
                let put = store.replace_sealed(place, &row, &text, &sealed).await;
                put.or_failure(caller)?;
            }
        }
        Ok(())
    }

    /// The master keys, where they were read.
    pub(crate) fn ring(&self) -> Option<Arc<Ring>> {
        self.sealer.ring().ok()
    }

    /// Seals a value for one column of one row.
    pub(crate) fn seal(
        &self,
        caller: &Caller,
        place: SealedPlace,
        row: &str,
        secret: &Hidden,
    ) -> Result<String> {
        let ring = self.sealer.sealing();
        let sealed = ring.and_then(|ring| ring.seal(place.name(), row, secret));
        sealed.map_err(|why| unavailable(caller, &why))
    }

    /// Opens what was sealed for that column of that row.
    pub(crate) fn opened(
        &self,
        place: SealedPlace,
        row: &str,
        sealed: &str,
    ) -> std::result::Result<Hidden, SealError> {
        self.sealer.ring()?.open(place.name(), row, sealed)
    }

    /// Seals everything under the first master key, after putting a new one before the others where
    /// the file is the server's own. Servers that run read what is sealed under either.
    ///
    /// # Errors
    /// Where a key is missing or the store failed; what was sealed anew until then stays so.
    pub async fn rotate_secrets(
        &self,
        caller: &Caller,
        source: &KeySource,
    ) -> std::result::Result<Rotation, SealError> {
        require_system(caller).map_err(|_| SealError::Locked)?;
        self.sealer.sealing()?;
        let made = source.renew()?;
        let ring = self.sealer.ring()?;
        let mut rotation = Rotation {
            key: ring.ids().first().copied().unwrap_or_default().to_owned(),
            made,
            sealed: 0,
            already: 0,
        };
        for place in SealedPlace::ALL {
            for (row, text) in self.sealed(place).await? {
                let Some(anew) = ring.reseal(place.name(), &row, &text)? else {
                    rotation.already += 1;
                    continue;
                };
                let put = self.store.replace_sealed(place, &row, &text, &anew).await;
                // Where it is another by now, it was sealed under the new key.
                rotation.sealed += u32::from(put.map_err(|_| SealError::Store)?);
            }
        }
        if let Some(check) = self.kept_check().await?
            && let Some(anew) = ring.reseal(CHECK_PLACE, CHECK, &check)?
        {
            let put = self.store.put_setting(CHECK, &anew).await;
            put.map_err(|_| SealError::Store)?;
        }
        let note = Note::of("secrets.rotate")
            .on("master_key", &rotation.key, "")
            .after(&rotation);
        self.audit(caller, note)
            .await
            .map_err(|_| SealError::Store)?;
        Ok(rotation)
    }

    /// Takes away what nobody can open any more, because its master key is lost; answers how many.
    /// It has to be typed again.
    ///
    /// # Errors
    /// Where there are no keys at all, or the store failed.
    pub async fn forget_sealed(
        &self,
        caller: &Caller,
        source: KeySource,
    ) -> std::result::Result<u32, SealError> {
        require_system(caller).map_err(|_| SealError::Locked)?;
        source.make()?;
        self.sealer.set(keys::Keys::read(source)?, None);
        let ring = self.sealer.ring()?;
        let mut forgotten = 0;
        for place in SealedPlace::ALL {
            for (row, text) in self.sealed(place).await? {
                if ring.knows(&text) || !ring::is_sealed(&text) {
                    continue;
                }
                let note = Note::of("secrets.forget").on("secret", &row, place.name());
                let store = self.noting(caller, note);
                let gone = store.forget_sealed(place, &row, &text).await;
                forgotten += u32::from(gone.map_err(|_| SealError::Store)?);
            }
        }
        let check = self.kept_check().await?;
        if check.is_none_or(|check| !ring.knows(&check)) {
            let sealed = ring.seal(CHECK_PLACE, CHECK, &Hidden("millrace".into()))?;
            let put = self.store.put_setting(CHECK, &sealed).await;
            put.map_err(|_| SealError::Store)?;
        }
        Ok(forgotten)
    }

    async fn sealed(
        &self,
        place: SealedPlace,
    ) -> std::result::Result<Vec<(String, String)>, SealError> {
        let found = self.store.sealed(place).await;
        found.map_err(|_| SealError::Store)
    }
}

/// What came of sealing everything anew.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Rotation {
    /// The key that everything is sealed with now.
    pub key: String,
    /// Whether it was made for this.
    pub made: bool,
    /// How many secrets were sealed anew.
    pub sealed: u32,
    /// How many were sealed with it already.
    pub already: u32,
}

fn unavailable(caller: &Caller, why: &SealError) -> Error {
    tracing::error!(request_id = caller.request_id, error = %why, "a secret cannot be sealed");
    Error::Unavailable {
        message: format!("The secret cannot be sealed, so nothing was kept: {why}."),
    }
}
