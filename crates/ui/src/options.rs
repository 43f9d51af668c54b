//! The choices of a `<select>` as one piece of HTML, which is left alone for as long as it stays the same.
//!
//! As views they were written anew whenever their page is drawn anew, `selected` with them, and what a person had
//! chosen since was lost.

use crate::form::SelectOption;

/// Those, of which that one is chosen at first.
pub(crate) fn html(options: &[SelectOption], first: Option<&str>) -> String {
    let mut html = String::new();
    for option in options {
        html.push_str("<option value=\"");
        escape(&option.value, &mut html);
        html.push_str(if first == Some(&option.value) {
            "\" selected>"
        } else {
            "\">"
        });
        escape(&option.label, &mut html);
        html.push_str("</option>");
    }
    html
}

/// A text as HTML, in an attribute or between tags.
fn escape(text: &str, html: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use leptos::prelude::*;

    use crate::form::{Select, SelectOption};

    #[test]
    fn choices_are_text_and_the_first_choice_is_marked() {
        let options = vec![
            SelectOption::new("", "None of \"these\""),
            SelectOption::new("a&b", "<script>"),
        ];
        let select = || view! { <Select name="x" options value="a&b" label="X"/> }.to_html();
        let html = Owner::new().with(select);
        let expected = "<option value=\"\">None of &quot;these&quot;</option>\
            <option value=\"a&amp;b\" selected>&lt;script&gt;</option></select>";
        assert!(html.ends_with(expected), "{html}");
    }
}
