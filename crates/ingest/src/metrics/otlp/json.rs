//! How JSON writes what protobuf holds: 64-bit integers as strings or numbers, and numbers that JSON
//! does not have as words (protobuf.dev, "`ProtoJSON` format").

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use crate::metrics::wire::MAX_REPEATED;

/// `null` is the same as absent.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

pub(super) fn unsigned<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    let number = Option::<Number>::deserialize(d)?;
    number.map(Number::unsigned).transpose()
}

pub(super) fn signed<'de, D: Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
    let number = Option::<Number>::deserialize(d)?;
    number.map(Number::signed).transpose()
}

pub(super) fn double<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    Ok(Option::<Number>::deserialize(d)?.map(Number::double))
}

pub(super) fn unsigneds<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u64>, D::Error> {
    let numbers = d.deserialize_any(ListVisitor)?;
    numbers.into_iter().map(Number::unsigned).collect()
}

pub(super) fn doubles<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<f64>, D::Error> {
    let numbers = d.deserialize_any(ListVisitor)?;
    Ok(numbers.into_iter().map(Number::double).collect())
}

/// A list of numbers, or `null`, that is not longer than one of protobuf may be.
struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = Vec<Number>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Vec<Number>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Number>, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = seq.next_element()? {
            if numbers.len() >= MAX_REPEATED {
                return Err(de::Error::custom("a list is too long"));
            }
            numbers.push(number);
        }
        Ok(numbers)
    }
}

/// A number of any form.
enum Number {
    Unsigned(u64),
    Signed(i64),
    Double(f64),
}

impl Number {
    fn unsigned<E: de::Error>(self) -> Result<u64, E> {
        match self {
            Self::Unsigned(number) => Ok(number),
            Self::Signed(_) => Err(E::custom("a number is below zero")),
            Self::Double(number) => whole(number)?.try_into().map_err(E::custom),
        }
    }

    fn signed<E: de::Error>(self) -> Result<i64, E> {
        match self {
            Self::Unsigned(number) => number.try_into().map_err(E::custom),
            Self::Signed(number) => Ok(number),
            Self::Double(number) => whole(number),
        }
    }

    fn double(self) -> f64 {
        match self {
            Self::Unsigned(number) => number as f64,
            Self::Signed(number) => number as f64,
            Self::Double(number) => number,
        }
    }
}

/// An integer that is written with a point or an exponent.
#[expect(
    clippy::cast_possible_truncation,
    reason = "below 2^63, which is checked first"
)]
fn whole<E: de::Error>(number: f64) -> Result<i64, E> {
    if number.fract() == 0.0 && number.abs() < 9.2e18 {
        Ok(number as i64)
    } else {
        Err(E::custom("a number is not whole"))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a number in quotation marks")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number::Unsigned(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
        Ok(Number::Signed(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Number, E> {
        Ok(Number::Double(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        if let Ok(number) = text.parse() {
            return Ok(Number::Unsigned(number));
        }
        if let Ok(number) = text.parse() {
            return Ok(Number::Signed(number));
        }
        let number = text.parse().map(Number::Double);
        number.map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}
