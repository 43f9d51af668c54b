//! The choices of a `<select>`, written as one piece and left alone for as long as they stay the same.
//!
//! As views they were written anew whenever their page is drawn anew, `selected` with them, and what a person had
//! chosen since was lost.

use leptos::attr::{
    Attribute, NextAttribute, any_attribute::AnyAttribute, any_attribute::IntoAnyAttribute as _,
};
use leptos::tachys::renderer::types::Element;

use crate::form::SelectOption;
use crate::series_colour::fnv_1a;

/// Which choices are there: the length and the hash of their HTML.
const THERE: &str = "data-options";

/// The choices of a `<select>`, as an attribute of it.
#[derive(Clone, Debug)]
pub(crate) struct Options(String);

impl Options {
    /// Those, of which that one is chosen at first.
    pub(crate) fn new(options: &[SelectOption], first: Option<&str>) -> Self {
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
        Self(html)
    }

    fn mark(&self) -> String {
        format!("{}-{}", self.0.len(), fnv_1a(&self.0))
    }

    fn write(&self, element: &Element) {
        let mark = self.mark();
        if element.get_attribute(THERE).as_ref() != Some(&mark) {
            element.set_inner_html(&self.0);
            // A name that an attribute can have.
            let _ = element.set_attribute(THERE, &mark);
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
        self.0.len()
    }

    fn to_html(self, buf: &mut String, _: &mut String, _: &mut String, inner: &mut String) {
        buf.extend([" ", THERE, "=\"", &self.mark(), "\""]);
        inner.push_str(&self.0);
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
            html.contains(" data-options=\"") && html.ends_with("</select>"),
            "{html}"
        );
    }
}
