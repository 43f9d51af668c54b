//! A stream of text as records of cells, within limits of memory.
//!
//! On `csv-core` rather than `csv`: that one grows a record without bound and takes a quotation
//! mark that is never closed for the rest of the file.

use std::io::Read;
use std::ops::ControlFlow;

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::decode::Utf8;
use super::{Encoding, MAX_CELL_BYTES, MAX_COLUMNS, MAX_ROW_BYTES, Separator, TableError};

const BUFFER: usize = 64 * 1024;

/// Reads records from a source.
pub(crate) struct Records<R> {
    source: Utf8<R>,
    core: csv_core::Reader,
    input: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
    /// The line that the next byte stands on.
    line: u64,
    last_was_return: bool,
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes and cells of the current record.
    used: usize,
    count: usize,
    start_line: u64,
}

/// One record: its bytes lie together, its cells are found by their ends.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    /// The line the record starts on.
    pub(crate) line: u64,
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Record<'a> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of a cell; nothing beyond the last.
    pub(crate) fn cell(&self, i: usize) -> &'a [u8] {
        let start = i
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = self.ends.get(i).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub(crate) fn cells(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map(move |i| self.cell(i))
    }

    /// All cells as text, with a mark in the place of what is not.
    pub(crate) fn texts(self) -> Vec<String> {
        self.cells()
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect()
    }
}

impl<R: Read> Records<R> {
    /// Opens a source and passes over its title lines.
    pub(crate) fn open(
        source: R,
        encoding: Encoding,
        separator: Separator,
        lines_to_skip: u32,
    ) -> Result<Self, TableError> {
        let mut records = Self {
            source: Utf8::open(source, encoding)?,
            core: ReaderBuilder::new().delimiter(separator.byte()).build(),
            input: vec![0; BUFFER],
            from: 0,
            to: 0,
            ended: false,
            line: 1,
            last_was_return: false,
            cells: vec![0; 8 * 1024],
            ends: vec![0; MAX_COLUMNS + 1],
            used: 0,
            count: 0,
            start_line: 1,
        };
        records.skip_until(|line, byte| line > u64::from(lines_to_skip) && byte != b'\n')?;
        Ok(records)
    }

    /// Bytes taken from the source so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.source.bytes
    }

    /// The next record, or `None` at the end. Blank lines are no records.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, TableError> {
        self.skip_until(|_, byte| byte != b'\n' && byte != b'\r')?;
        if self.from == self.to {
            return Ok(None);
        }
        (self.used, self.count, self.start_line) = (0, 0, self.line);
        loop {
            if self.from == self.to {
                self.fill()?;
                if self.from == self.to {
                    self.close()?;
                    break;
                }
            }
            if self.feed()?.is_break() {
                break;
            }
        }
        let bytes = self.cells.get(..self.used).unwrap_or_default();
        if let Some(at) = memchr::memchr(0, bytes) {
            let before = bytes.get(..at).unwrap_or_default();
            let line = self.start_line + memchr::memchr_iter(b'\n', before).count() as u64;
            return Err(TableError::ZeroByte { line });
        }
        let ends = self.ends.get(..self.count).unwrap_or_default();
        Ok(Some(Record {
            line: self.start_line,
            bytes,
            ends,
        }))
    }

    /// Gives the core what is buffered; `Break` when the record is whole.
    fn feed(&mut self) -> Result<ControlFlow<()>, TableError> {
        let input = self.input.get(self.from..self.to).unwrap_or_default();
        let output = self.cells.get_mut(self.used..).unwrap_or_default();
        let ends = self.ends.get_mut(self.count..).unwrap_or_default();
        let (result, read, written, ended) = self.core.read_record(input, output, ends);
        let consumed = input.get(..read).unwrap_or_default();
        count_lines(consumed, &mut self.line, &mut self.last_was_return);
        self.from += read;
        self.used += written;
        self.count += ended;
        self.check_cells(ended)?;
        match result {
            ReadRecordResult::Record => return Ok(ControlFlow::Break(())),
            ReadRecordResult::End | ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputEndsFull => return Err(self.too_many_columns()),
            ReadRecordResult::OutputFull => {
                if self.cells.len() >= MAX_ROW_BYTES {
                    return Err(TableError::TooLong {
                        line: self.start_line,
                        max: MAX_ROW_BYTES,
                    });
                }
                self.cells.resize(self.cells.len() * 2, 0);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Ends a record that the end of the file cut off. A line feed ends it, unless it stands
    /// inside quotation marks, where the core takes it for text: the only way to tell.
    fn close(&mut self) -> Result<(), TableError> {
        if self.cells.len() == self.used {
            self.cells.resize(self.used + 1, 0);
        }
        let output = self.cells.get_mut(self.used..).unwrap_or_default();
        let ends = self.ends.get_mut(self.count..).unwrap_or_default();
        let (result, _, written, ended) = self.core.read_record(b"\n", output, ends);
        self.count += ended;
        match result {
            ReadRecordResult::Record => self.check_cells(ended),
            ReadRecordResult::OutputEndsFull => Err(self.too_many_columns()),
            _ if written > 0 => Err(TableError::UnclosedQuote {
                line: self.start_line,
            }),
            _ => Ok(()),
        }
    }

    /// Checks the cells that just ended and the one that is still open.
    fn check_cells(&self, ended: usize) -> Result<(), TableError> {
        if self.count > MAX_COLUMNS {
            return Err(self.too_many_columns());
        }
        let first = self.count.saturating_sub(ended);
        let mut start = first
            .checked_sub(1)
            .and_then(|i| self.ends.get(i))
            .copied()
            .unwrap_or(0);
        let closed = self.ends.get(first..self.count).unwrap_or_default();
        for end in closed.iter().copied().chain([self.used]) {
            if end.saturating_sub(start) > MAX_CELL_BYTES {
                return Err(TableError::TooLong {
                    line: self.start_line,
                    max: MAX_CELL_BYTES,
                });
            }
            start = end;
        }
        Ok(())
    }

    fn too_many_columns(&self) -> TableError {
        TableError::TooManyColumns {
            line: self.start_line,
            max: MAX_COLUMNS,
        }
    }

    /// Drops bytes until one satisfies the test, or the file ends.
    fn skip_until(&mut self, test: impl Fn(u64, u8) -> bool) -> Result<(), TableError> {
        loop {
            while let Some(&byte) = self.input.get(self.from..self.to).and_then(<[u8]>::first) {
                if test(self.line, byte) {
                    return Ok(());
                }
                count_lines(&[byte], &mut self.line, &mut self.last_was_return);
                self.from += 1;
            }
            self.fill()?;
            if self.from == self.to {
                return Ok(());
            }
        }
    }

    fn fill(&mut self) -> Result<(), TableError> {
        (self.from, self.to) = (0, 0);
        if !self.ended {
            self.to = self.source.read(&mut self.input)?;
            self.ended = self.to == 0;
        }
        Ok(())
    }
}

/// Counts `\n`, `\r\n` and lone `\r` as one line end each.
fn count_lines(bytes: &[u8], line: &mut u64, last_was_return: &mut bool) {
    if !*last_was_return && memchr::memchr(b'\r', bytes).is_none() {
        *line += memchr::memchr_iter(b'\n', bytes).count() as u64;
        return;
    }
    for &byte in bytes {
        if byte == b'\r' || (byte == b'\n' && !*last_was_return) {
            *line += 1;
        }
        *last_was_return = byte == b'\r';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, skip: u32) -> Result<Vec<(u64, Vec<String>)>, TableError> {
        let mut records = Records::open(text.as_bytes(), Encoding::Utf8, Separator::Comma, skip)?;
        let mut all = Vec::new();
        while let Some(record) = records.next()? {
            all.push((record.line, record.texts()));
        }
        Ok(all)
    }

    #[test]
    fn records_know_the_line_they_start_on() {
        let lines = |text| -> Vec<u64> { read(text, 0).unwrap().iter().map(|r| r.0).collect() };
        assert_eq!(lines("a,b\n\n\"x\ny\",2\nc,d"), [1, 3, 5]);
        assert_eq!(lines("a,b\r\n\r\n\"x\r\ny\",2\r\nc,d\r\n"), [1, 3, 5]);
        assert_eq!(lines("a,b\rc,d\re,f"), [1, 2, 3]);
    }

    #[test]
    fn title_lines_are_passed_over() {
        assert_eq!(
            read("Report \"\n\na,b\n", 2).unwrap(),
            [(3, vec!["a".into(), "b".into()])]
        );
        assert_eq!(
            read("x\r\na,b\r\n", 1).unwrap(),
            [(2, vec!["a".into(), "b".into()])]
        );
        assert!(read("x\n", 9).unwrap().is_empty());
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_with_its_line() {
        let error = read("a,b\n1,\"x\n2,y\n", 0).unwrap_err();
        assert!(
            matches!(error, TableError::UnclosedQuote { line: 2 }),
            "{error}"
        );
        assert!(read("a,\"b\"", 0).is_ok());
    }

    #[test]
    fn long_cells_zero_bytes_and_wide_rows_are_refused_with_their_line() {
        let long = format!("a\n{}\n", "x".repeat(MAX_CELL_BYTES + 1));
        assert!(matches!(
            read(&long, 0),
            Err(TableError::TooLong { line: 2, .. })
        ));
        assert!(matches!(
            read("a\nb\0c\n", 0),
            Err(TableError::ZeroByte { line: 2 })
        ));
        let wide = format!("a\n{}\n", ",".repeat(MAX_COLUMNS));
        assert!(matches!(
            read(&wide, 0),
            Err(TableError::TooManyColumns { line: 2, .. })
        ));
        let just = format!("{}\n", ",".repeat(MAX_COLUMNS - 1));
        assert_eq!(read(&just, 0).unwrap()[0].1.len(), MAX_COLUMNS);
    }
}
