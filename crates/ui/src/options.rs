//! The choices of a `<select>`, written as one piece and left alone for as long as they stay the same.
//!
//! As views they were written anew whenever their page is drawn anew, `selected` with them, and what a person had
//! chosen since was lost.

use leptos::attr::{
    Attribute, NextAttribute, any_attribute::AnyAttribute, any_attribute::IntoAnyAttribute as _,
};
use leptos::tachys::renderer::types::Element;
use leptos::wasm_bindgen::JsCast as _;
use leptos::web_sys::HtmlSelectElement;

use crate::form::SelectOption;
use crate::series_colour::fnv_1a;

/// Which choices are there: their HTML's length and hash. Which of them was chosen at first is `data-first`.
const THERE: &str = "data-options";
const FIRST: &str = "data-first";

/// The choices of a `<select>`, as an attribute of it.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    html: String,
    first: String,
}

impl Options {
    /// Those, of which that one is chosen at first.
    pub(crate) fn new(options: &[SelectOption], first: Option<String>) -> Self {
        let mut html = String::new();
        for option in options {
            html.push_str("<option value=\"");
            escape(&option.value, &mut html);
            html.push_str(if first.as_ref() == Some(&option.value) {
                "\" selected>"
            } else {
                "\">"
            });
            escape(&option.label, &mut html);
            html.push_str("</option>");
        }
        let first = first.unwrap_or_default();
        Self { html, first }
    }

    fn mark(&self) -> String {
        format!("{}-{}", self.html.len(), fnv_1a(&self.html))
    }

    fn write(&self, element: &Element) {
        let (there, mark) = (element.get_attribute(THERE), self.mark());
        if there.as_ref() == Some(&mark) {
            return;
        }
        let select: &HtmlSelectElement = element.unchecked_ref();
        let chosen = select.value();
        let stays = there.is_some() && element.get_attribute(FIRST).as_ref() == Some(&self.first);
        element.set_inner_html(&self.html);
        // The choices are others, as when a series has come that can be chosen; what was chosen stays, where nobody
        // else has said another one meanwhile.
        if stays {
            select.set_value(&chosen);
            if select.selected_index() < 0 {
                select.set_value(&self.first);
            }
        }
        for (name, value) in [(THERE, &mark), (FIRST, &self.first)] {
            // Both are names that an attribute can have.
            let _ = element.set_attribute(name, value);
        }
    }
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

impl NextAttribute for Options {
    type Output<NewAttr: Attribute> = Vec<AnyAttribute>;

    fn add_any_attr<NewAttr: Attribute>(self, new_attr: NewAttr) -> Self::Output<NewAttr> {
        vec![self.into_any_attr(), new_attr.into_any_attr()]
    }
}

impl Attribute for Options {
    const MIN_LENGTH: usize = 0;

    type State = Element;
    type AsyncOutput = Self;
    type Cloneable = Self;
    type CloneableOwned = Self;

    fn html_len(&self) -> usize {
        self.html.len()
    }

    fn to_html(self, buf: &mut String, _: &mut String, _: &mut String, inner: &mut String) {
        for (name, value) in [(THERE, &self.mark()), (FIRST, &self.first)] {
            buf.extend([" ", name, "=\""]);
            escape(value, buf);
            buf.push('"');
        }
        inner.push_str(&self.html);
    }

    fn hydrate<const FROM_SERVER: bool>(self, element: &Element) -> Element {
        element.clone()
    }

    fn build(self, element: &Element) -> Element {
        self.write(element);
        element.clone()
    }

    fn rebuild(self, element: &mut Element) {
        self.write(element);
    }

    fn into_cloneable(self) -> Self {
        self
    }

    fn into_cloneable_owned(self) -> Self {
        self
    }

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
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
        assert!(
            html.contains("<option value=\"\">None of &quot;these&quot;</option>"),
            "{html}"
        );
        assert!(
            html.contains("<option value=\"a&amp;b\" selected>&lt;script&gt;</option>"),
            "{html}"
        );
        assert!(
            html.contains(" data-first=\"a&amp;b\"") && html.ends_with("</select>"),
            "{html}"
        );
    }
}
