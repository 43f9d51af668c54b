//! Bytes to UTF-8, and files that are no tables told by their first bytes.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{Encoding, TableError};

/// How many bytes of a file are looked at for another format's signature.
pub(crate) const SNIFF_BYTES: usize = 1024;
const BUFFER: usize = 64 * 1024;

const SAVE_AS_CSV: &str = "open it in the program that made it and save it as CSV";
const UNPACK: &str = "unpack it and choose the CSV file inside";

/// Refuses files that are plainly something else.
pub(crate) fn refuse_other_formats(start: &[u8]) -> Result<(), TableError> {
    const SIGNATURES: [(&[u8], &str, &str); 14] = [
        (
            b"\xd0\xcf\x11\xe0",
            "an old Excel or Word file",
            SAVE_AS_CSV,
        ),
        (
            b"%PDF",
            "a PDF document",
            "export the table from the program that made the document",
        ),
        (b"\x1f\x8b", "a gzip archive", UNPACK),
        (b"BZh", "a bzip2 archive", UNPACK),
        (b"\x28\xb5\x2f\xfd", "a zstd archive", UNPACK),
        (b"\xfd7zXZ", "an xz archive", UNPACK),
        (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
        (b"Rar!", "a RAR archive", UNPACK),
        (b"PAR1", "a Parquet file", "export the table as CSV"),
        (
            b"SQLite format 3",
            "an SQLite database",
            "export the table as CSV",
        ),
        (
            b"\x89PNG",
            "a picture",
            "choose the CSV file it was made from",
        ),
        (
            b"\xff\xd8\xff",
            "a picture",
            "choose the CSV file it was made from",
        ),
        (b"{\\rtf", "a formatted text document", SAVE_AS_CSV),
        (b"\x7fELF", "a program", "choose a CSV file"),
    ];
    let not = |what, advice| Err(TableError::NotATable { what, advice });
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        let holds = |name: &[u8]| start.windows(name.len()).any(|window| window == name);
        return if holds(b"[Content_Types]") || holds(b"xl/") || holds(b"_rels/") {
            not(
                "an Excel workbook (XLSX)",
                "in Excel choose Save as, then “CSV UTF-8”",
            )
        } else if holds(b"opendocument.spreadsheet") {
            not("a LibreOffice spreadsheet (ODS)", SAVE_AS_CSV)
        } else {
            not("a ZIP archive", UNPACK)
        };
    }
    if let Some(&(_, what, advice)) = SIGNATURES
        .iter()
        .find(|(bytes, ..)| start.starts_with(bytes))
    {
        return not(what, advice);
    }
    let start = start
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(start)
        .trim_ascii_start();
    let lower = start
        .get(..start.len().min(64))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let begins = |with: &str| lower.starts_with(with.as_bytes());
    if begins("<!doctype html") || begins("<html") || begins("<head") || begins("<table") {
        not(
            "a web page",
            "perhaps a log-in page was saved in the place of the file: download it again",
        )
    } else if begins("<?xml") || begins("<!doctype") {
        not("an XML document", SAVE_AS_CSV)
    } else if is_json(start) {
        not(
            "JSON",
            "send it to POST /api/v1/samples, or export the table as CSV",
        )
    } else {
        Ok(())
    }
}

/// `{"` and `[{` open JSON; a table's first cell does not look so.
fn is_json(start: &[u8]) -> bool {
    let Some((&first, rest)) = start.split_first() else {
        return false;
    };
    let second = rest.trim_ascii_start().first();
    matches!(
        (first, second),
        (b'{', Some(b'"')) | (b'[', Some(b'{' | b'['))
    )
}

/// The encoding of a sample: byte order mark, then the pattern of zero bytes, then validity.
pub(crate) fn guess_encoding(sample: &[u8], truncated: bool) -> Result<Encoding, TableError> {
    if sample.starts_with(b"\xef\xbb\xbf") {
        return Ok(Encoding::Utf8);
    }
    if sample.starts_with(b"\xff\xfe") {
        return Ok(Encoding::Utf16Le);
    }
    if sample.starts_with(b"\xfe\xff") {
        return Ok(Encoding::Utf16Be);
    }
    if sample.contains(&0) {
        let zeros = |odd: usize| {
            sample
                .iter()
                .skip(odd)
                .step_by(2)
                .filter(|&&b| b == 0)
                .count()
        };
        let half = sample.len() / 2;
        return match (zeros(0), zeros(1)) {
            (even, odd) if even == 0 && odd * 2 > half => Ok(Encoding::Utf16Le),
            (even, odd) if odd == 0 && even * 2 > half => Ok(Encoding::Utf16Be),
            _ => Err(binary()),
        };
    }
    let control = sample
        .iter()
        .filter(|&&b| b < 9 || (14..32).contains(&b))
        .count();
    if control * 50 > sample.len() {
        return Err(binary());
    }
    Ok(match std::str::from_utf8(sample) {
        Ok(_) => Encoding::Utf8,
        // A sample may end inside a character.
        Err(error) if truncated && error.error_len().is_none() => Encoding::Utf8,
        Err(_) => Encoding::Windows1252,
    })
}

fn binary() -> TableError {
    TableError::NotATable {
        what: "a binary file",
        advice: "choose a CSV file",
    }
}

/// A source as UTF-8 without a byte order mark.
pub(crate) struct Utf8<R> {
    source: R,
    /// `None` passes bytes through: invalid UTF-8 is a matter of the row it stands in.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
    started: bool,
    finished: bool,
    /// Bytes taken from the source so far.
    pub(crate) bytes: u64,
}

impl<R: Read> Utf8<R> {
    /// Opens a source, refusing what is plainly another format.
    pub(crate) fn open(source: R, encoding: Encoding) -> Result<Self, TableError> {
        let decoder = match encoding {
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some(UTF_16LE.new_decoder_with_bom_removal()),
            Encoding::Utf16Be => Some(UTF_16BE.new_decoder_with_bom_removal()),
            Encoding::Windows1252 => Some(WINDOWS_1252.new_decoder_without_bom_handling()),
        };
        let mut utf8 = Self {
            source,
            decoder,
            raw: vec![0; BUFFER],
            from: 0,
            to: 0,
            ended: false,
            started: false,
            finished: false,
            bytes: 0,
        };
        while utf8.to < SNIFF_BYTES && !utf8.ended {
            utf8.fill()?;
        }
        refuse_other_formats(utf8.pending())?;
        Ok(utf8)
    }

    fn pending(&self) -> &[u8] {
        self.raw.get(self.from..self.to).unwrap_or_default()
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.from == self.to {
            (self.from, self.to) = (0, 0);
        } else if self.from > 0 {
            self.raw.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
        }
        loop {
            let room = self.raw.get_mut(self.to..).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    // A faulty `Read` may claim more than it had room for.
                    self.to = (self.to + count).min(self.raw.len());
                    self.bytes += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // encoding_rs wants room for at least one character.
        if out.len() < 4 || self.finished {
            return Ok(0);
        }
        loop {
            if self.from == self.to && !self.ended {
                self.fill()?;
            }
            let pending = self.raw.get(self.from..self.to).unwrap_or_default();
            let Some(decoder) = &mut self.decoder else {
                let skip = if !self.started && pending.starts_with(b"\xef\xbb\xbf") {
                    3
                } else {
                    0
                };
                self.started = true;
                let text = pending.get(skip..).unwrap_or_default();
                let count = text.len().min(out.len());
                if let (Some(to), Some(from)) = (out.get_mut(..count), text.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.from += skip + count;
                if count == 0 && !self.ended {
                    continue;
                }
                return Ok(count);
            };
            let (result, read, written, _) = decoder.decode_to_utf8(pending, out, self.ended);
            self.from += read;
            self.finished = self.ended && result == CoderResult::InputEmpty;
            if written > 0 || self.finished {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(bytes: &[u8]) -> String {
        refuse_other_formats(bytes).map_or_else(|e| e.to_string(), |()| "text".to_owned())
    }

    #[test]
    fn other_formats_are_named() {
        assert!(what(b"PK\x03\x04....[Content_Types].xml").contains("XLSX"));
        assert!(what(b"PK\x03\x04....a.csv").contains("ZIP"));
        assert!(what(b"%PDF-1.7").contains("PDF"));
        assert!(what(b"\x1f\x8b\x08").contains("gzip"));
        assert!(what(b"\n <!DOCTYPE HTML>").contains("web page"));
        assert!(what(b"[{\"a\":1}]").contains("JSON"));
        assert!(what(b"\xd0\xcf\x11\xe0\xa1").contains("Excel"));
        assert_eq!(what(b"date;value"), "text");
        assert_eq!(what(b"[x],y"), "text");
    }

    #[test]
    fn encodings_are_told_by_marks_zeros_and_validity() {
        assert_eq!(
            guess_encoding(b"\xff\xfea\0", false).unwrap(),
            Encoding::Utf16Le
        );
        assert_eq!(
            guess_encoding(b"a\0;\0b\0", false).unwrap(),
            Encoding::Utf16Le
        );
        assert_eq!(
            guess_encoding(b"\0a\0;\0b", false).unwrap(),
            Encoding::Utf16Be
        );
        assert_eq!(
            guess_encoding("größe".as_bytes(), false).unwrap(),
            Encoding::Utf8
        );
        assert_eq!(
            guess_encoding(b"gr\xf6\xdfe", false).unwrap(),
            Encoding::Windows1252
        );
        assert_eq!(
            guess_encoding(b"date \xe2\x82", true).unwrap(),
            Encoding::Utf8
        );
        assert!(guess_encoding(b"a,b\0\0\0\0\0,c", false).is_err());
    }

    #[test]
    fn text_is_decoded_in_small_pieces_too() {
        struct OneByte<'a>(&'a [u8]);
        impl Read for OneByte<'_> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let take = self.0.len().min(1).min(out.len());
                let (now, later) = self.0.split_at(take);
                out[..take].copy_from_slice(now);
                self.0 = later;
                Ok(take)
            }
        }
        let utf16: Vec<u8> = "\u{feff}größe €"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (bytes, encoding) in [
            (utf16.as_slice(), Encoding::Utf16Le),
            (b"gr\xf6\xdfe \x80", Encoding::Windows1252),
        ] {
            let mut text = String::new();
            Utf8::open(OneByte(bytes), encoding)
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, "größe €");
        }
    }
}
