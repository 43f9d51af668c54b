//! What can be wrong with the audit log, and how it is said.

/// Something that is wrong with the log. Numbers are those of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Entries are not there any more.
    Missing {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// The entry does not say what it said.
    Changed {
        /// Which.
        seq: i64,
    },
    /// What stands there is another entry.
    Moved {
        /// Where it stands.
        seq: i64,
        /// Where it stood.
        was: i64,
    },
    /// It was never written by Millrace.
    Inserted {
        /// Which.
        seq: i64,
    },
    /// Its place was taken by another that has a hash of its own: the entry after it, or the head,
    /// remembers another.
    Replaced {
        /// Which.
        seq: i64,
    },
    /// The chain may be whole, but their signatures are not those of what stands there.
    Forged {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// They are not signed, or with a key that is not here: older versions wrote them, or a key was lost,
    /// or somebody put them there.
    Unproven {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// The chain is whole, but an anchor remembers another: one or more of these were replaced, and
    /// all after it hashed anew.
    Rewritten {
        /// The first that may be.
        from: i64,
        /// The last that certainly is.
        to: i64,
    },
}

impl Fault {
    /// Whether it is about that entry, or may be.
    pub(super) fn is_about(&self, entry: i64) -> bool {
        match self {
            Self::Missing { from, to }
            | Self::Forged { from, to }
            | Self::Unproven { from, to }
            | Self::Rewritten { from, to } => (*from..=*to).contains(&entry),
            Self::Moved { seq, was } => entry == *seq || entry == *was,
            Self::Changed { seq } | Self::Inserted { seq } | Self::Replaced { seq } => {
                entry == *seq
            }
        }
    }

    /// The first entry that it is about.
    pub const fn first(&self) -> i64 {
        match self {
            Self::Missing { from, .. }
            | Self::Forged { from, .. }
            | Self::Unproven { from, .. }
            | Self::Rewritten { from, .. } => *from,
            Self::Changed { seq }
            | Self::Moved { seq, .. }
            | Self::Inserted { seq }
            | Self::Replaced { seq } => *seq,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing { from, to } if from == to => write!(f, "entry {from} is missing"),
            Self::Missing { from, to } => write!(f, "entries {from} to {to} are missing"),
            Self::Changed { seq } => write!(f, "entry {seq} was changed"),
            Self::Moved { seq, was } => {
                write!(
                    f,
                    "entry {seq} was moved: what stands there was entry {was}"
                )
            }
            Self::Inserted { seq } => {
                write!(f, "entry {seq} was put in: Millrace never wrote it")
            }
            Self::Replaced { seq } => {
                write!(
                    f,
                    "entry {seq} was replaced by another, with a hash of its own"
                )
            }
            Self::Forged { from, to } if from == to => write!(
                f,
                "entry {from} is not the one that Millrace signed: its signature is another's"
            ),
            Self::Forged { from, to } => write!(
                f,
                "entries {from} to {to} are not those that Millrace signed: their signatures are others'"
            ),
            Self::Unproven { from, to } if from == to => write!(
                f,
                "entry {from} proves nothing: it is not signed with a master key that is here"
            ),
            Self::Unproven { from, to } => write!(
                f,
                "entries {from} to {to} prove nothing: they are not signed with a master key that is here"
            ),
            Self::Rewritten { from, to } if from == to => {
                write!(f, "entry {from} was replaced: an anchor remembers another")
            }
            Self::Rewritten { from, to } => write!(
                f,
                "one or more of entries {from} to {to} were replaced: an anchor remembers others"
            ),
        }
    }
}
