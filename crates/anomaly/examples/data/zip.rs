//! Takes an entry out of a zip archive, stored or deflated: all that `NumPy` writes.
//!
//! After PKWARE's "APPNOTE.TXT - .ZIP File Format Specification", sections 4.3.7, 4.3.12 and 4.3.16; no zip64, whose
//! archives are larger than 4 GiB.

use std::error::Error;
use std::io::Read;

/// The most bytes an entry may have unpacked.
const MOST: u64 = 4 << 30;

/// The bytes of an entry; `None` if the archive has none of that name.
pub(crate) fn entry(archive: &[u8], name: &str) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    let end = archive
        .windows(4)
        .rposition(|bytes| bytes == b"PK\x05\x06")
        .ok_or("the file is no zip archive")?;
    let mut at = number(archive, end + 16, 4)?;
    for _ in 0..number(archive, end + 10, 2)? {
        let (name_length, extra, comment) = (
            number(archive, at + 28, 2)?,
            number(archive, at + 30, 2)?,
            number(archive, at + 32, 2)?,
        );
        if archive.get(at + 46..at + 46 + name_length) == Some(name.as_bytes()) {
            return unpack(archive, at).map(Some);
        }
        at += 46 + name_length + extra + comment;
    }
    Ok(None)
}

/// Unpacks the entry whose line in the directory is at this place.
fn unpack(archive: &[u8], at: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let (method, size) = (number(archive, at + 10, 2)?, number(archive, at + 20, 4)?);
    let local = number(archive, at + 42, 4)?;
    let begin = local + 30 + number(archive, local + 26, 2)? + number(archive, local + 28, 2)?;
    let packed = archive
        .get(begin..begin + size)
        .ok_or("the archive is cut short")?;
    match method {
        0 => Ok(packed.to_vec()),
        8 => {
            let mut bytes = Vec::new();
            flate2::read::DeflateDecoder::new(packed)
                .take(MOST)
                .read_to_end(&mut bytes)?;
            Ok(bytes)
        }
        _ => Err(format!("zip method {method} is neither stored nor deflated").into()),
    }
}

/// A little-endian number of the archive.
fn number(archive: &[u8], at: usize, length: usize) -> Result<usize, Box<dyn Error>> {
    let bytes = archive
        .get(at..at + length)
        .ok_or("the archive is cut short")?;
    Ok(bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}
