//! Form fields: the label, the hint and the error belong to the control, for everyone.
//!
//! `Field` draws the words and tells the control inside it, through context, its id and what
//! describes it. A control also stands alone, with a `label` of its own.

use crate::icon::{Glyph, Icon};
use crate::options::Options;
use leptos::context::Provider;
use leptos::prelude::*;

#[derive(Clone)]
struct Wiring {
    id: String,
    described_by: Signal<Option<String>>,
    invalid: Signal<bool>,
}

/// A control with its label, a hint and, when it is wrong, what is wrong.
#[component]
pub fn Field(
    /// The control's id; the label, hint and error take theirs from it. Unique on the page.
    #[prop(into)]
    id: String,
    /// What to fill in.
    #[prop(into)]
    label: String,
    /// How to fill it in.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong with what was filled in.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// It may be left empty; said beside the label.
    #[prop(optional)]
    optional: bool,
    /// The control.
    children: Children,
) -> impl IntoView {
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let described_by = {
        let hint_id = hint.is_some().then(|| hint_id.clone());
        let error_id = error_id.clone();
        Signal::derive(move || match (error.get().is_some(), &hint_id) {
            (true, Some(hint_id)) => Some(format!("{error_id} {hint_id}")),
            (true, None) => Some(error_id.clone()),
            (false, hint_id) => hint_id.clone(),
        })
    };
    let invalid = Signal::derive(move || error.get().is_some());
    let wiring = Wiring {
        id: id.clone(),
        described_by,
        invalid,
    };
    view! {
        <div class="field">
            <label class="field-label" for=id>
                {label}
                {optional.then(|| view! { <span class="field-optional">"optional"</span> })}
            </label>
            <Provider value=wiring>{children()}</Provider>
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <p class="field-error" id=error_id hidden=move || error.get().is_none()>
                <Icon glyph=Glyph::Alert/>
                <span>{move || error.get()}</span>
            </p>
        </div>
    }
}

fn wiring(label: Option<&str>) -> Option<Wiring> {
    // A control with a label of its own stands alone, even inside a field's form.
    if label.is_some() { None } else { use_context() }
}

fn id_of(wiring: Option<&Wiring>) -> Option<String> {
    wiring.map(|wiring| wiring.id.clone())
}

fn described_by(wiring: Option<&Wiring>) -> Signal<Option<String>> {
    wiring.map_or_else(|| Signal::stored(None), |wiring| wiring.described_by)
}

fn invalid(wiring: Option<&Wiring>) -> Signal<Option<&'static str>> {
    let invalid = wiring.map(|wiring| wiring.invalid);
    Signal::derive(move || {
        invalid
            .is_some_and(|invalid| invalid.get())
            .then_some("true")
    })
}

/// One line of text, a number, a date, a password. Listen with `on:input`; further attributes with
/// `attr:autocomplete=…`, `attr:min=…`.
#[component]
pub fn Input(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// As in HTML; "text" unless said otherwise.
    #[prop(optional, into)]
    r#type: Option<String>,
    /// What stands in it at first.
    #[prop(optional, into)]
    value: Option<String>,
    /// An example, never the label.
    #[prop(optional, into)]
    placeholder: Option<String>,
    /// It may not be left empty.
    #[prop(optional)]
    required: bool,
    /// A label for screen readers, where no `Field` is around it.
    #[prop(optional, into)]
    label: Option<String>,
    /// What stands behind it inside the frame: a unit.
    #[prop(optional, into)]
    suffix: Option<String>,
) -> impl IntoView {
    let wiring = wiring(label.as_deref());
    let numeric = r#type.as_deref() == Some("number");
    let input = view! {
        <input
            class=if numeric { "input num" } else { "input" }
            id=id_of(wiring.as_ref())
            name=name
            type=r#type.unwrap_or_else(|| "text".to_owned())
            value=value
            placeholder=placeholder
            required=required
            step=numeric.then_some("any")
            aria-label=label
            aria-describedby=described_by(wiring.as_ref())
            aria-invalid=invalid(wiring.as_ref())
        />
    };
    match suffix {
        Some(suffix) => view! {
            <span class="input-with">
                {input}
                <span class="input-suffix" aria-hidden="true">
                    {suffix}
                </span>
            </span>
        }
        .into_any(),
        None => input.into_any(),
    }
}

/// Several lines of text.
#[component]
pub fn Textarea(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// What stands in it at first.
    #[prop(optional, into)]
    value: String,
    /// How many lines are seen.
    #[prop(default = 4)]
    rows: u32,
    /// A label for screen readers, where no `Field` is around it.
    #[prop(optional, into)]
    label: Option<String>,
) -> impl IntoView {
    let wiring = wiring(label.as_deref());
    view! {
        <textarea
            class="input"
            id=id_of(wiring.as_ref())
            name=name
            rows=rows
            aria-label=label
            aria-describedby=described_by(wiring.as_ref())
            aria-invalid=invalid(wiring.as_ref())
        >
            {value}
        </textarea>
    }
}

/// One choice of a [`Select`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectOption {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
}

impl SelectOption {
    /// A choice.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
        }
    }
}

/// One of a few choices. Listen with `on:change`.
#[component]
pub fn Select(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// The choices.
    options: Vec<SelectOption>,
    /// The value of the chosen one at first.
    #[prop(optional, into)]
    value: Option<String>,
    /// A label for screen readers, where no `Field` is around it.
    #[prop(optional, into)]
    label: Option<String>,
) -> impl IntoView {
    let wiring = wiring(label.as_deref());
    let options = Options::new(&options, value);
    view! {
        <select
            class="input select"
            id=id_of(wiring.as_ref())
            name=name
            aria-label=label
            aria-describedby=described_by(wiring.as_ref())
            aria-invalid=invalid(wiring.as_ref())
            {..options}
        ></select>
    }
}

/// A yes or no with its words.
#[component]
pub fn Checkbox(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// What yes means.
    #[prop(into)]
    label: String,
    /// Yes at first.
    #[prop(optional)]
    checked: bool,
    /// What is sent for yes.
    #[prop(default = "true".to_owned(), into)]
    value: String,
) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name=name value=value checked=checked/>
            <span>{label}</span>
        </label>
    }
}

/// A place to drop a file on, which is the browser's own file input underneath. Listen with
/// `on:change`.
#[component]
pub fn FileInput(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// As in HTML: ".csv,.tsv".
    #[prop(optional, into)]
    accept: Option<String>,
    /// "Drop a CSV or TSV file here, or choose one".
    #[prop(into)]
    label: String,
    /// "Up to 2 GB. Nothing is stored before you have seen a preview."
    #[prop(optional, into)]
    hint: Option<String>,
) -> impl IntoView {
    view! {
        <label class="drop">
            <Icon glyph=Glyph::Import large=true/>
            <span class="drop-label">{label}</span>
            {hint.map(|hint| view! { <span class="field-hint">{hint}</span> })}
            <input class="drop-input" type="file" name=name accept=accept required/>
        </label>
    }
}
