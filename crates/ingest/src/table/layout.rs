//! How a table is to be read: the value that is guessed, shown, corrected and kept as a template.

use serde::{Deserialize, Serialize};

use super::{MAX_COLUMNS, NumberFormat, TableError};

/// How to read one kind of file. Columns are found by name where the file has a header, so that
/// a kept layout survives columns that move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// How bytes become text.
    pub encoding: Encoding,
    /// What stands between two cells.
    pub separator: Separator,
    /// Lines to pass over before the header (or, without a header, before the first row).
    pub title_rows_to_skip: u32,
    /// Whether the first line after those names the columns.
    pub has_header: bool,
    /// The decimal mark of the whole file.
    pub decimal: Decimal,
    /// The characters that may stand between groups of three digits.
    pub thousands: String,
    /// Every sampled number could be read either way (`1,234`), so a person should say.
    #[serde(default)]
    pub decimal_ambiguous: bool,
    /// The columns, in the order of the file that was guessed from.
    pub columns: Vec<Column>,
    /// How the time column is written.
    pub time: TimeFormat,
    /// The IANA time zone of times that do not say theirs.
    pub time_zone: String,
    /// What becomes of rows that describe the same moment of the same series.
    pub duplicates: Duplicates,
}

impl Layout {
    /// The same layout with another decimal mark, and the thousands that usually go with it.
    #[must_use]
    pub fn with_decimal(mut self, decimal: Decimal) -> Self {
        decimal.usual_thousands().clone_into(&mut self.thousands);
        self.decimal = decimal;
        self.decimal_ambiguous = false;
        self
    }

    /// The number convention of this file.
    pub fn numbers(&self) -> NumberFormat<'_> {
        NumberFormat {
            decimal: self.decimal,
            thousands: &self.thousands,
        }
    }

    /// The column that holds the time, if exactly one does.
    pub fn time_column(&self) -> Option<&Column> {
        let mut times = self
            .columns
            .iter()
            .filter(|column| column.role == Role::Time);
        times.next().filter(|_| times.next().is_none())
    }

    /// The value columns, in the order of [`super::Row::values`].
    pub fn value_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns
            .iter()
            .filter(|column| column.role == Role::Value)
    }

    /// Checks what can be checked without the file.
    pub fn validate(&self) -> Result<(), TableError> {
        if self.columns.len() > MAX_COLUMNS {
            return Err(TableError::TooManyColumns {
                line: 1,
                max: MAX_COLUMNS,
            });
        }
        if self.time_column().is_none() {
            let count = self
                .columns
                .iter()
                .filter(|column| column.role == Role::Time)
                .count();
            return Err(TableError::TimeColumns { count });
        }
        if self.value_columns().next().is_none() {
            return Err(TableError::NoValueColumn);
        }
        for (i, column) in self.columns.iter().enumerate() {
            if self
                .columns
                .iter()
                .take(i)
                .any(|earlier| earlier.name == column.name)
            {
                return Err(TableError::SameName {
                    name: column.name.clone(),
                });
            }
        }
        self.zone().map(drop)
    }

    /// The zone of times that do not say theirs.
    pub(crate) fn zone(&self) -> Result<jiff::tz::TimeZone, TableError> {
        jiff::tz::TimeZone::get(&self.time_zone).map_err(|_| TableError::UnknownTimeZone {
            name: clip(&self.time_zone, 64),
        })
    }
}

/// One column of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in the header, cleaned and made unique; `column 3` without a header.
    pub name: String,
    /// What its cells are for.
    pub role: Role,
    /// The unit of its values, where the cells or the name gave it away: `EUR`, `%`, `kWh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// A few different cells, for a person to recognise the column by.
    #[serde(default)]
    pub examples: Vec<String>,
}

/// What the cells of a column are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// When the row happened. Exactly one column.
    Time,
    /// A number that becomes a series. At least one column.
    Value,
    /// A word that tells series apart: shop, product, service.
    Label,
    /// Not read.
    Ignore,
}

/// How bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, low byte first (Excel's "Unicode text").
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows-1252, Western European; also reads Latin-1.
    Windows1252,
}

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// The tabulator.
    Tab,
    /// `|`
    Pipe,
}

impl Separator {
    /// All of them, the commonest first.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    /// The separator as a byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }
}

/// The decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decimal {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

impl Decimal {
    /// What may stand between groups of three digits where this is the decimal mark: the other
    /// mark, a blank (plain, no-break, narrow no-break, thin), an apostrophe (straight or curly).
    pub const fn usual_thousands(self) -> &'static str {
        match self {
            Self::Point => ", \u{a0}\u{202f}\u{2009}'\u{2019}",
            Self::Comma => ". \u{a0}\u{202f}\u{2009}'\u{2019}",
        }
    }
}

/// What becomes of rows that describe the same moment of the same series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// They are added: costs, orders, quantities.
    Sum,
    /// The last one in the file stands: stock levels, corrected measurements.
    Last,
    /// Their mean stands: temperatures, rates.
    Mean,
}

/// How the time column is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeFormat {
    /// The order and kind of its parts.
    pub shape: TimeShape,
    /// The sample fits day-first and month-first alike, so a person should say.
    #[serde(default)]
    pub ambiguous: bool,
}

/// The order and kind of the parts of a time. Where a day is written, a time of day
/// (`14:30`, `2:30 pm`, fractions, `Z`, `+02:00`) may follow; periods stand for their first instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeShape {
    /// `2024-09-18`, `2024/09/18 23:00`, `2024-09-18T23:00:00.5+02:00`.
    YearMonthDay,
    /// `18.09.2024`, `18/9/24 14:30`.
    DayMonthYear,
    /// `09/18/2024`, `9/18/24 2:30 PM`.
    MonthDayYear,
    /// `18 Sep 2024`, `Sep 18, 2024`, `18. September 2024`; English and German.
    NamedMonth,
    /// `2024-09`, `09/2024`, `Sep 2024`, `Sep-24`.
    YearMonth,
    /// `2024-Q3`, `Q3 2024`.
    Quarter,
    /// `2024-W05`: the ISO week, from its Monday.
    IsoWeek,
    /// `20240918`.
    Compact,
    /// `2024`.
    Year,
    /// Seconds since 1970-01-01 UTC.
    UnixSeconds,
    /// Milliseconds since 1970-01-01 UTC.
    UnixMillis,
    /// Days since 1899-12-30, as spreadsheets count.
    ExcelSerial,
}

/// The first `chars` characters of a text, with an ellipsis where something was cut.
pub(crate) fn clip(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
