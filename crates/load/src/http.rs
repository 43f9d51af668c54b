//! A client for loopback that costs little: one connection, one request after another.
//!
//! The processors that it uses are the servers' own, so a whole client library would be measured too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::LoadError;

pub(crate) struct Client {
    reader: BufReader<TcpStream>,
    port: u16,
}

impl Client {
    pub(crate) fn connect(port: u16) -> Result<Self, LoadError> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(2)))?;
        Ok(Self {
            reader: BufReader::new(stream),
            port,
        })
    }

    /// Sends a request and reads its answer: status and body.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<(u16, Vec<u8>), LoadError> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.port,
            body.len()
        );
        let stream = self.reader.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        self.answer()
    }

    fn answer(&mut self) -> Result<(u16, Vec<u8>), LoadError> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| LoadError::Answer(line.clone()))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                let value = value.trim().parse();
                length = value.map_err(|_| LoadError::Answer(header.clone()))?;
            }
            chunked |= header == "transfer-encoding: chunked";
        }
        let body = if chunked {
            self.chunks()?
        } else {
            let mut body = vec![0; length];
            self.reader.read_exact(&mut body)?;
            body
        };
        Ok((status, body))
    }

    fn chunks(&mut self) -> Result<Vec<u8>, LoadError> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim_end(), 16)
                .map_err(|_| LoadError::Answer(line.clone()))?;
            let from = body.len();
            // Two bytes more: each chunk ends with a line break.
            body.resize(from + size + 2, 0);
            self.reader
                .read_exact(body.get_mut(from..).unwrap_or_default())?;
            body.truncate(from + size);
            if size == 0 {
                return Ok(body);
            }
        }
    }
}
