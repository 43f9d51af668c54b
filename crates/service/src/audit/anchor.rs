//! The head of the audit log, written down outside of the database again and again.
//!
//! Whoever can write to the database can take away its end, or hash it anew from any entry on. What
//! lies in this file they would have to change as well, and each line is signed with a key that is
//! derived from the master key.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use api::Instant;
use serde::{Deserialize, Serialize};
use store::Anchor;

use crate::seal::Ring;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    /// The number of the newest entry.
    entry: i64,
    /// Its hash.
    hash: String,
    /// When the line was written.
    time: String,
    /// Who wrote it: what the master key says of the three others.
    by: String,
}

impl Line {
    fn said(&self) -> String {
        let Self {
            entry, hash, time, ..
        } = self;
        format!("millrace anchor 1\n{entry}\n{hash}\n{time}")
    }
}

/// What a file of anchors says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors {
    /// What can be compared with.
    pub anchors: Vec<Anchor>,
    /// What is wrong with the file itself, each in a sentence.
    pub faults: Vec<String>,
    /// How many lines are signed with a master key that is not here. They are compared with where there is
    /// no master key at all; beside one, anybody can have written them.
    pub unknown: u32,
}

/// Reads a file of anchors; a file that is not there has none.
///
/// # Errors
/// Where it is there and cannot be read.
pub fn read_anchors(file: &Path, ring: Option<&Ring>) -> std::io::Result<Anchors> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Anchors::default()),
        Err(error) => return Err(error),
    };
    let mut read = Anchors::default();
    let mut unproven = None;
    let lines = text.split_inclusive('\n').enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let Ok(parsed) = serde_json::from_str::<Line>(line) else {
            // A crash may leave half of the last one.
            if line.ends_with('\n') {
                let name = file.display();
                read.faults
                    .push(format!("line {} of {name} is no anchor", number + 1));
            }
            continue;
        };
        match ring.and_then(|ring| ring.signed(parsed.said().as_bytes(), &parsed.by)) {
            Some(false) => {
                let name = file.display();
                let words = format!("line {} of {name} was not written by Millrace", number + 1);
                read.faults.push(words);
                continue;
            }
            Some(true) => {}
            None => {
                read.unknown += 1;
                if ring.is_some() {
                    unproven = unproven.max(Some(parsed.entry));
                    continue;
                }
            }
        }
        read.anchors.push(Anchor {
            seq: parsed.entry,
            hash: parsed.hash,
        });
    }
    // What an older key signed is covered by what the present one signed later.
    let proven = read.anchors.iter().map(|anchor| anchor.seq).max();
    if let Some(entry) = unproven.filter(|_| unproven > proven) {
        read.faults.push(format!(
            "the newest anchor in {}, of entry {entry}, is signed with a master key that is not here: put that key back below the present one, or it proves nothing",
            file.display()
        ));
    }
    Ok(read)
}

/// The file that a server writes.
#[derive(Debug)]
pub(super) struct AnchorFile(pub(super) PathBuf);

impl AnchorFile {
    /// Adds a line, and waits until the disk has it.
    pub(super) fn add(&self, anchor: &Anchor, now: Instant, ring: &Ring) -> std::io::Result<()> {
        let time = jiff::Timestamp::from_microsecond(now.micros()).unwrap_or_default();
        let mut line = Line {
            entry: anchor.seq,
            hash: anchor.hash.clone(),
            time: time.to_string(),
            by: String::new(),
        };
        line.by = ring.sign(line.said().as_bytes()).unwrap_or_default();
        let mut options = std::fs::OpenOptions::new();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.0)?;
        let mut text = serde_json::to_string(&line).map_err(std::io::Error::other)?;
        text.push('\n');
        if ends_torn(&mut file)? {
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_data()
    }
}

/// Whether the last line was not finished.
fn ends_torn(file: &mut std::fs::File) -> std::io::Result<bool> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != [b'\n'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::new_master_key;

    fn ring() -> Ring {
        Ring::parse(&new_master_key()).unwrap()
    }

    fn anchor(seq: i64) -> Anchor {
        Anchor {
            seq,
            hash: format!("h{seq}"),
        }
    }

    #[test]
    fn what_was_written_is_read_and_a_line_that_was_changed_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = AnchorFile(folder.path().join("audit.anchors"));
        let ring = ring();
        for seq in [3, 9] {
            file.add(&anchor(seq), Instant(0), &ring).unwrap();
        }
        let read = read_anchors(&file.0, Some(&ring)).unwrap();
        assert_eq!(read.anchors, [anchor(3), anchor(9)]);
        assert!(read.faults.is_empty() && read.unknown == 0);

        let text = std::fs::read_to_string(&file.0).unwrap();
        std::fs::write(&file.0, text.replace("h3", "h4")).unwrap();
        let read = read_anchors(&file.0, Some(&ring)).unwrap();
        assert_eq!(read.anchors, [anchor(9)]);
        assert!(
            read.faults[0].starts_with("line 1 of "),
            "{:?}",
            read.faults
        );
    }

    #[test]
    fn without_the_key_anchors_are_read_and_said_to_be_unchecked() {
        let folder = tempfile::tempdir().unwrap();
        let file = AnchorFile(folder.path().join("audit.anchors"));
        file.add(&anchor(3), Instant(0), &ring()).unwrap();
        let read = read_anchors(&file.0, None).unwrap();
        assert_eq!((read.anchors, read.unknown), (vec![anchor(3)], 1));
        assert!(read.faults.is_empty(), "{:?}", read.faults);
    }

    #[test]
    fn an_anchor_of_an_unknown_key_proves_nothing_beside_a_known_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = AnchorFile(folder.path().join("audit.anchors"));
        let ours = ring();
        file.add(&anchor(3), Instant(0), &ring()).unwrap();
        let read = read_anchors(&file.0, Some(&ours)).unwrap();
        assert_eq!((read.anchors, read.unknown), (vec![], 1));
        assert!(read.faults[0].contains("of entry 3"), "{:?}", read.faults);
        // The present key signed what came after: the older one may be gone.
        file.add(&anchor(9), Instant(0), &ours).unwrap();
        let read = read_anchors(&file.0, Some(&ours)).unwrap();
        assert_eq!((read.anchors, read.unknown), (vec![anchor(9)], 1));
        assert!(read.faults.is_empty(), "{:?}", read.faults);
    }

    #[test]
    fn half_a_line_is_no_fault_and_the_next_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = AnchorFile(folder.path().join("audit.anchors"));
        let ring = ring();
        file.add(&anchor(3), Instant(0), &ring).unwrap();
        let whole = std::fs::read_to_string(&file.0).unwrap();
        std::fs::write(&file.0, format!("{whole}{{\"entry\":5,\"ha")).unwrap();
        let read = read_anchors(&file.0, Some(&ring)).unwrap();
        assert_eq!((read.anchors.len(), read.faults.len()), (1, 0));
        file.add(&anchor(9), Instant(0), &ring).unwrap();
        let read = read_anchors(&file.0, Some(&ring)).unwrap();
        assert_eq!(read.anchors, [anchor(3), anchor(9)]);
    }

    #[test]
    fn no_file_is_no_anchor() {
        let none = read_anchors(Path::new("/no/such/file"), None).unwrap();
        assert_eq!(none, Anchors::default());
    }
}
