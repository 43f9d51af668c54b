//! Between the reader's layout and the form that people see.

use api::{Column, ColumnRole, DecimalMark, Duplicates, Error, ImportSettings, Result, Separator};
use ingest::table::{self, Decimal, Layout, Role, TableError, TimeFormat, TimeShape};

use super::Reading;

/// The ways of writing dates, each with what it looks like.
const SHAPES: [(TimeShape, &str); 12] = [
    (TimeShape::YearMonthDay, "2024-09-18, 2024-09-18 23:00"),
    (TimeShape::DayMonthYear, "18.09.2024, 18/9/24 (day first)"),
    (TimeShape::MonthDayYear, "09/18/2024, 9/18/24 (month first)"),
    (TimeShape::NamedMonth, "18 Sep 2024, Sep 18, 2024"),
    (TimeShape::YearMonth, "2024-09, 09/2024, Sep 2024"),
    (TimeShape::Quarter, "2024-Q3, Q3 2024"),
    (TimeShape::IsoWeek, "2024-W05"),
    (TimeShape::Compact, "20240918"),
    (TimeShape::Year, "2024"),
    (TimeShape::UnixSeconds, "1726617600 (seconds since 1970)"),
    (
        TimeShape::UnixMillis,
        "1726617600000 (milliseconds since 1970)",
    ),
    (TimeShape::ExcelSerial, "45553 (a spreadsheet's day number)"),
];

/// What a person has to decide before the file can be imported.
pub(super) fn question(layout: &Layout) -> Option<String> {
    if layout.time.ambiguous {
        return Some("The dates fit day-first and month-first alike. Choose how they are written and look again.".into());
    }
    if layout.decimal_ambiguous {
        return Some(
            "A number such as 1,234 fits both ways of writing decimals. Choose one and look again."
                .into(),
        );
    }
    layout.validate().err().map(|error| error.to_string())
}

/// The layout as the form shows it.
pub(super) fn settings(reading: &Reading) -> ImportSettings {
    let layout = &reading.layout;
    ImportSettings {
        source_name: reading.source_name.clone(),
        separator: match layout.separator {
            table::Separator::Comma => Separator::Comma,
            table::Separator::Semicolon => Separator::Semicolon,
            table::Separator::Tab => Separator::Tab,
            table::Separator::Pipe => Separator::Pipe,
        },
        decimal: match layout.decimal {
            Decimal::Point => DecimalMark::Point,
            Decimal::Comma => DecimalMark::Comma,
        },
        time_format: shape_name(layout.time.shape),
        time_formats: SHAPES
            .iter()
            .map(|(shape, example)| (shape_name(*shape), (*example).to_owned()))
            .collect(),
        time_zone: layout.time_zone.clone(),
        duplicates: match layout.duplicates {
            table::Duplicates::Sum => Duplicates::Sum,
            table::Duplicates::Last => Duplicates::Last,
            table::Duplicates::Mean => Duplicates::Mean,
        },
        columns: layout
            .columns
            .iter()
            .map(|c| Column {
                name: c.name.clone(),
                role: match c.role {
                    Role::Time => ColumnRole::Time,
                    Role::Value => ColumnRole::Value,
                    Role::Label => ColumnRole::Label,
                    Role::Ignore => ColumnRole::Ignore,
                },
                unit: c.unit.clone().unwrap_or_default(),
            })
            .collect(),
    }
}

/// The reader's word for a separator.
pub(super) fn separator(chosen: Separator) -> table::Separator {
    match chosen {
        Separator::Comma => table::Separator::Comma,
        Separator::Semicolon => table::Separator::Semicolon,
        Separator::Tab => table::Separator::Tab,
        Separator::Pipe => table::Separator::Pipe,
    }
}

/// A guess under the name and in the time zone of the form: what does not depend on the columns.
pub(super) fn named(mut reading: Reading, form: &ImportSettings) -> Result<Reading> {
    let name = form.source_name.trim();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Error::field(
            "source_name",
            "A source's name has 1 to 200 characters.",
        ));
    }
    name.clone_into(&mut reading.source_name);
    form.time_zone
        .trim()
        .clone_into(&mut reading.layout.time_zone);
    Ok(reading)
}

/// The layout after a person corrected the form. What they looked at is decided.
pub(super) fn corrected(mut reading: Reading, form: &ImportSettings) -> Result<Reading> {
    reading = named(reading, form)?;
    let layout = &mut reading.layout;
    layout.separator = separator(form.separator);
    let decimal = match form.decimal {
        DecimalMark::Point => Decimal::Point,
        DecimalMark::Comma => Decimal::Comma,
    };
    if decimal != layout.decimal {
        decimal.usual_thousands().clone_into(&mut layout.thousands);
    }
    layout.decimal = decimal;
    layout.decimal_ambiguous = false;
    layout.time = TimeFormat {
        shape: shape_of(&form.time_format)?,
        ambiguous: false,
    };
    layout.duplicates = match form.duplicates {
        Duplicates::Sum => table::Duplicates::Sum,
        Duplicates::Last => table::Duplicates::Last,
        Duplicates::Mean => table::Duplicates::Mean,
    };
    for (at, column) in form.columns.iter().enumerate() {
        let Some(kept) = layout
            .columns
            .get_mut(at)
            .filter(|kept| kept.name == column.name)
        else {
            return Err(Error::invalid(
                "The columns changed since the page was loaded. Load it again.",
            ));
        };
        kept.role = match column.role {
            ColumnRole::Time => Role::Time,
            ColumnRole::Value => Role::Value,
            ColumnRole::Label => Role::Label,
            ColumnRole::Ignore => Role::Ignore,
        };
        api::Unit::check_word(&column.unit)
            .map_err(|error| Error::field("columns", error.to_string()))?;
        kept.unit = Some(column.unit.trim().to_owned()).filter(|unit| !unit.is_empty());
    }
    layout.validate().map_err(|error| {
        let field = match error {
            TableError::UnknownTimeZone { .. } => "time_zone",
            _ => "columns",
        };
        Error::field(field, error.to_string())
    })?;
    Ok(reading)
}

/// A shape's name on the wire, which is the reader's own.
fn shape_name(shape: TimeShape) -> String {
    match serde_json::to_value(shape) {
        Ok(serde_json::Value::String(name)) => name,
        // A unit variant is always a string.
        _ => String::new(),
    }
}

fn shape_of(name: &str) -> Result<TimeShape> {
    SHAPES
        .iter()
        .map(|(shape, _)| *shape)
        .find(|shape| shape_name(*shape) == name)
        .ok_or_else(|| Error::field("time_format", "That way of writing dates is not offered."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> Reading {
        let csv =
            b"day;shop;revenue\n03.02.2024;eu;1.234,50\n04.02.2024;us;12,00\n28.02.2024;eu;7,25\n";
        Reading {
            source_name: "sales".into(),
            layout: table::guess(csv, false).unwrap(),
        }
    }

    #[test]
    fn the_form_reads_back_as_the_layout_it_was_made_from() {
        let before = reading();
        let after = corrected(before.clone(), &settings(&before)).unwrap();
        assert_eq!(after.layout, before.layout);
    }

    #[test]
    fn a_table_without_a_date_column_is_refused_in_words() {
        let mut form = settings(&reading());
        form.columns[0].role = ColumnRole::Ignore;
        assert!(matches!(
            corrected(reading(), &form),
            Err(Error::Invalid { .. })
        ));
    }

    #[test]
    fn what_is_wrong_is_said_of_its_own_field() {
        let refused = |form: &ImportSettings| corrected(reading(), form).unwrap_err();
        let mut form = settings(&reading());
        form.time_zone = "Mars/Olympus".into();
        assert!(refused(&form).of_field("time_zone").is_some());
        let mut form = settings(&reading());
        form.columns[2].unit = "x".repeat(41);
        assert!(refused(&form).of_field("columns").is_some());
    }

    #[test]
    fn every_shape_has_a_name_that_reads_back() {
        for (shape, _) in SHAPES {
            assert_eq!(shape_of(&shape_name(shape)), Ok(shape));
        }
        assert!(shape_of("stardate").is_err());
    }
}
