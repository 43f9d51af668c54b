//! Fields and controls in their states.

use crate::button::{Button, ButtonKind};
use crate::form::{Checkbox, Field, FileInput, Input, Select, SelectOption, Textarea};
use crate::page::Card;
use leptos::prelude::*;

/// Forms in their states.
#[component]
pub fn FormGallery() -> impl IntoView {
    let kinds = vec![
        SelectOption::new("under", "runs out at"),
        SelectOption::new("over", "breaks at"),
    ];
    view! {
        <Card title="Limit of /var on db-1">
            <form class="row-form">
                <Field id="gallery-kind" label="It">
                    <Select name="kind" options=kinds value="over"/>
                </Field>
                <Field id="gallery-value" label="Value" hint="Empty: no limit, nothing is watched.">
                    <Input name="value" r#type="number" value="90" suffix="%"/>
                </Field>
                <Field
                    id="gallery-wrong"
                    label="E-mail"
                    error=Some("It needs a name, an @ and a domain.".to_owned())
                >
                    <Input name="email" r#type="email" value="anna"/>
                </Field>
                <Button kind=ButtonKind::Primary>"Save"</Button>
            </form>
        </Card>
        <Card title="Import stock counts">
            <form class="stack">
                <FileInput
                    name="file"
                    accept=".csv,.tsv"
                    label="Drop a CSV or TSV file here, or choose one"
                    hint="Up to 2 GB. Nothing is stored before you have seen a preview."
                />
                <Field id="gallery-note" label="Note" optional=true>
                    <Textarea name="note" value="Counted in the workshop on Fri 20 Nov"/>
                </Field>
                <Checkbox name="head" label="The first row holds names" checked=true/>
                <Input name="search" label="Search series" placeholder="walnut, db-1, orders"/>
            </form>
        </Card>
    }
}
