//! Writes remote-write requests, and protobuf messages of any kind, for tests and for programs that
//! measure.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::needless_pass_by_value,
    reason = "a short encoder; the tests know what they write"
)]

/// A message that is being written; fields appear in the order of the calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoder(
    /// What is written so far.
    pub Vec<u8>,
);

impl Encoder {
    fn raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, number: u32, wire_type: u64) {
        self.raw(u64::from(number) << 3 | wire_type);
    }

    /// A varint field.
    #[must_use]
    pub fn varint(mut self, number: u32, value: u64) -> Self {
        self.tag(number, 0);
        self.raw(value);
        self
    }

    /// A signed field in its zigzag form.
    #[must_use]
    pub fn sint(self, number: u32, value: i64) -> Self {
        self.varint(number, zigzag(value))
    }

    /// A double.
    #[must_use]
    pub fn double(self, number: u32, value: f64) -> Self {
        self.fixed64(number, value.to_bits())
    }

    /// Eight bytes, the lowest first.
    #[must_use]
    pub fn fixed64(mut self, number: u32, value: u64) -> Self {
        self.tag(number, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A field of bytes.
    #[must_use]
    pub fn bytes(mut self, number: u32, bytes: &[u8]) -> Self {
        self.tag(number, 2);
        self.raw(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    /// A field of text.
    #[must_use]
    pub fn text(self, number: u32, text: &str) -> Self {
        self.bytes(number, text.as_bytes())
    }

    /// A message within this one.
    #[must_use]
    pub fn message(self, number: u32, message: Self) -> Self {
        self.bytes(number, &message.0)
    }

    /// Something for each of many.
    #[must_use]
    pub fn each<T>(self, items: impl IntoIterator<Item = T>, f: impl Fn(Self, T) -> Self) -> Self {
        items.into_iter().fold(self, f)
    }

    /// A packed field of varints.
    #[must_use]
    pub fn packed(self, number: u32, values: &[u64]) -> Self {
        let mut inner = Self::default();
        for value in values {
            inner.raw(*value);
        }
        self.message(number, inner)
    }

    /// A packed field of eight bytes each.
    #[must_use]
    pub fn packed_fixed64(self, number: u32, values: &[u64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.bytes(number, &bytes)
    }

    /// A packed field of doubles.
    #[must_use]
    pub fn packed_doubles(self, number: u32, values: &[f64]) -> Self {
        let bits: Vec<u64> = values.iter().map(|v| v.to_bits()).collect();
        self.packed_fixed64(number, &bits)
    }
}

/// The zigzag form of a signed number.
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// A remote-write sample, in both versions.
pub fn sample(at_ms: i64, value: f64) -> Encoder {
    Encoder::default().double(1, value).varint(2, at_ms as u64)
}

/// A remote-write 1.0 series.
pub fn v1_series(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Encoder {
    Encoder::default()
        .each(labels, |m, (name, value)| {
            m.message(1, Encoder::default().text(1, name).text(2, value))
        })
        .each(samples, |m, (at_ms, value)| {
            m.message(2, sample(*at_ms, *value))
        })
}

/// Labels and samples of a series.
pub type Series<'a> = (Vec<(&'a str, &'a str)>, Vec<(i64, f64)>);

/// A remote-write 2.0 request of series with their samples.
pub fn v2_request(series: &[Series<'_>]) -> Encoder {
    let mut symbols = vec![""];
    let mut known = std::collections::HashMap::from([("", 0_u64)]);
    let mut messages = Vec::new();
    for (labels, samples) in series {
        let mut references = Vec::new();
        for text in labels.iter().flat_map(|(name, value)| [*name, *value]) {
            references.push(*known.entry(text).or_insert_with(|| {
                symbols.push(text);
                symbols.len() as u64 - 1
            }));
        }
        messages.push(
            Encoder::default()
                .packed(1, &references)
                .each(samples, |m, (at_ms, value)| {
                    m.message(2, sample(*at_ms, *value))
                }),
        );
    }
    Encoder::default()
        .each(symbols, |m, symbol| m.text(4, symbol))
        .each(messages, |m, series| m.message(5, series))
}
