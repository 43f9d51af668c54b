//! Lines of CSV (RFC 4180) that no spreadsheet runs as formulas.

use ingest::table::csv_safe;

/// The cells as a line with its end.
pub(crate) fn line<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|text| cell(text.as_ref())).collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(text: &str) -> String {
    let text = csv_safe(text);
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two() {
        assert_eq!(cell("=cmd()@x.org"), "'=cmd()@x.org");
        assert_eq!(cell("a\",\"b"), "\"a\"\",\"\"b\"");
        assert_eq!(line(["1,5", "ash"]), "\"1,5\",ash\r\n");
    }
}
