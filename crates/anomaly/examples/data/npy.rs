//! Reads an array of `NumPy`: numbers of any type, in either order.
//!
//! After the format's description in `NumPy` Enhancement Proposal 1, versions 1.0 to 3.0.

use std::error::Error;

/// Numbers in C order, and how many there are along each axis.
pub(crate) type Array = (Vec<f64>, Vec<usize>);

/// The array that these bytes are.
pub(crate) fn read(bytes: &[u8]) -> Result<Array, Box<dyn Error>> {
    let cut = "the array is cut short";
    let length = match bytes.get(..8) {
        Some([0x93, b'N', b'U', b'M', b'P', b'Y', version, _]) => {
            let digits = if *version == 1 { 2 } else { 4 };
            let digits = bytes.get(8..8 + digits).ok_or(cut)?;
            digits.len()
                + digits
                    .iter()
                    .rev()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        }
        _ => return Err("the entry is no array of NumPy".into()),
    };
    let header = bytes.get(8..8 + length).ok_or(cut)?;
    let header = String::from_utf8_lossy(header);
    let after = |key: &str| {
        header
            .split_once(key)
            .map(|(_, rest)| rest.trim_start_matches([':', ' ']))
    };
    let kind = after("'descr'")
        .and_then(|rest| rest.split('\'').nth(1))
        .ok_or("no type")?;
    let fortran = after("'fortran_order'").is_some_and(|rest| rest.starts_with("True"));
    let shape = after("'shape'")
        .and_then(|rest| rest.split(['(', ')']).nth(1))
        .ok_or("no shape")?;
    let shape: Vec<usize> = shape
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let mut values = numbers(kind, &bytes[8 + length..])?;
    if values.len() != shape.iter().product::<usize>() {
        return Err(cut.into());
    }
    if let ([rows, width], true) = (shape.as_slice(), fortran) {
        let by_column = values;
        values = (0..rows * width)
            .map(|place| by_column[place % width * rows + place / width])
            .collect();
    }
    Ok((values, shape))
}

#[expect(clippy::cast_lossless, reason = "one macro for all types")]
/// The numbers of a type such as `<f8`; digits beyond those of `f64` are lost.
fn numbers(kind: &str, bytes: &[u8]) -> Result<Vec<f64>, Box<dyn Error>> {
    macro_rules! of {
        ($type:ty) => {{
            let whole = bytes.chunks_exact(size_of::<$type>());
            whole
                .map(|bytes| Ok(<$type>::from_le_bytes(bytes.try_into()?) as f64))
                .collect()
        }};
    }
    match kind {
        "<f8" => of!(f64),
        "<f4" => of!(f32),
        "<i8" => of!(i64),
        "<i4" => of!(i32),
        "<i2" => of!(i16),
        "|i1" => of!(i8),
        "<u8" => of!(u64),
        "<u4" => of!(u32),
        "<u2" => of!(u16),
        "|u1" | "|b1" => of!(u8),
        _ => Err(format!("arrays of type {kind} are not read").into()),
    }
}
