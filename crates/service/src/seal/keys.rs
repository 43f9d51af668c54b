//! Where the master keys come from: a file, the environment, or a file that the server makes itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use api::Hidden;

use super::ring::{Ring, SealError, new_master_key};

/// Where the master keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A text, as an environment variable holds it.
    Text(Hidden),
    /// A file that somebody else looks after: a mounted secret, a vault.
    File(PathBuf),
    /// A file of the server's own, made where it is not there.
    Own(PathBuf),
}

impl KeySource {
    fn file(&self) -> Option<&Path> {
        match self {
            Self::Text(_) => None,
            Self::File(file) | Self::Own(file) => Some(file),
        }
    }

    /// The keys, read now.
    ///
    /// # Errors
    /// Where there are none, or what is there is none.
    pub fn ring(&self) -> Result<Ring, SealError> {
        match self {
            Self::Text(text) => Ring::parse(&text.0),
            Self::File(file) | Self::Own(file) => Ring::parse(&read(file)?.0),
        }
    }

    /// Makes the server's own file where there is none.
    pub(super) fn make(&self) -> Result<(), SealError> {
        match self {
            Self::Own(file) if !file.exists() => put(file, &line(&new_master_key()), false),
            _ => Ok(()),
        }
    }

    /// Puts a new key before those of the server's own file; answers whether it is one.
    pub(super) fn renew(&self) -> Result<bool, SealError> {
        let Self::Own(file) = self else {
            return Ok(false);
        };
        let old = read(file)?;
        // What cannot be read must not be made longer.
        Ring::parse(&old.0)?;
        put(file, &format!("{}{}", line(&new_master_key()), old.0), true)?;
        Ok(true)
    }
}

fn line(key: &str) -> String {
    format!("{key}\n")
}

fn fault(file: &Path, why: impl std::fmt::Display) -> SealError {
    SealError::File {
        file: file.display().to_string(),
        why: why.to_string(),
    }
}

fn read(file: &Path) -> Result<Hidden, SealError> {
    let text = std::fs::read_to_string(file);
    text.map(Hidden).map_err(|error| fault(file, error))
}

/// Writes the file whole or not at all, for this user only.
fn put(file: &Path, text: &str, over: bool) -> Result<(), SealError> {
    let written = || -> std::io::Result<()> {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(name);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut open = options.open(&beside)?;
        open.write_all(text.as_bytes())?;
        open.sync_all()?;
        let placed = if over {
            std::fs::rename(&beside, file)
        } else {
            // Fails where another server made one meanwhile: that is the one then.
            match std::fs::hard_link(&beside, file) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
                _ => std::fs::remove_file(&beside),
            }
        };
        placed?;
        match file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            Some(folder) => std::fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    written().map_err(|error| fault(file, error))
}

/// What tells one state of a file from the next.
type Stamp = Option<(SystemTime, u64)>;

/// The keys that were read, and from where.
pub(super) struct Keys {
    source: KeySource,
    ring: Arc<Ring>,
    stamp: Stamp,
}

impl Keys {
    pub(super) fn read(source: KeySource) -> Result<Self, SealError> {
        let stamp = stamp(&source);
        let ring = source.ring()?;
        Ok(Self {
            source,
            ring: Arc::new(ring),
            stamp,
        })
    }

    /// The keys; those of a file that was changed since are read again. While it cannot be read,
    /// the old ones serve.
    pub(super) fn ring(&mut self) -> Arc<Ring> {
        let now = stamp(&self.source);
        if now.is_some() && now != self.stamp {
            match Self::read(self.source.clone()) {
                Ok(keys) => *self = keys,
                Err(error) => {
                    tracing::error!(%error, "the master keys were changed and cannot be read; the old ones serve");
                    self.stamp = now;
                }
            }
        }
        self.ring.clone()
    }
}

fn stamp(source: &KeySource) -> Stamp {
    let about = std::fs::metadata(source.file()?).ok()?;
    Some((about.modified().ok()?, about.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_key_is_made_once_and_for_its_user_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        let own = KeySource::Own(file.clone());
        own.make().unwrap();
        let made = std::fs::read_to_string(&file).unwrap();
        own.make().unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), made);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_key_that_is_put_in_front_is_found_by_who_runs() {
        let folder = tempfile::tempdir().unwrap();
        let own = KeySource::Own(folder.path().join("master.key"));
        own.make().unwrap();
        let mut running = Keys::read(own.clone()).unwrap();
        let old = running.ring();
        assert!(own.renew().unwrap());
        let new = running.ring();
        assert_eq!((old.ids().len(), new.ids().len()), (1, 2));
        assert_eq!(new.ids()[1], old.ids()[0]);
    }

    #[test]
    fn a_file_that_became_nonsense_leaves_the_old_keys() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        let own = KeySource::Own(file.clone());
        own.make().unwrap();
        let mut running = Keys::read(own.clone()).unwrap();
        std::fs::write(&file, "nonsense").unwrap();
        assert_eq!(running.ring().ids().len(), 1);
        assert!(own.renew().is_err());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let gone = KeySource::File("/no/such/file".into());
        let error = Keys::read(gone).err().map(|error| error.to_string());
        assert!(error.unwrap().contains("/no/such/file"));
    }
}
