//! Under what an answer is kept: everything that it depends on.

use api::CacheArea;
use sha2::{Digest, Sha256};

/// What an answer depends on.
pub(crate) struct Key {
    pub(super) area: CacheArea,
    /// Whether what it depends on means the same at every server.
    pub(super) shared: bool,
    /// What it depends on besides, as this process counts it.
    here: u64,
    parts: Sha256,
}

/// The place of an answer in this process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    version: u64,
    here: u64,
    parts: [u8; 32],
}

impl Key {
    /// Of a kind of question, whose name no other has in its area. Parts follow, in a fixed order.
    pub(crate) fn of(area: CacheArea, question: &'static str) -> Self {
        let key = Self {
            area,
            shared: !super::heeds_events(area),
            here: 0,
            parts: Sha256::new(),
        };
        key.with(question)
    }

    /// And of that; what ends one part and begins the next makes a difference.
    pub(crate) fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.parts.update((part.len() as u64).to_be_bytes());
        self.parts.update(part);
        self
    }

    /// And of a number.
    pub(crate) fn with_number(self, number: i64) -> Self {
        self.with(number.to_be_bytes())
    }

    /// And of a number that only this process knows; shared all the same where that is said.
    pub(crate) fn here(mut self, number: u64, shared: bool) -> Self {
        self.here = number;
        self.shared &= shared;
        self
    }

    pub(super) fn slot(&self, version: u64) -> Slot {
        Slot {
            version,
            here: self.here,
            parts: self.parts.clone().finalize().into(),
        }
    }

    /// What its answer is called among servers.
    pub(super) fn name(&self) -> String {
        let parts = self.parts.clone().finalize();
        data_encoding::HEXLOWER.encode(&parts)
    }
}
