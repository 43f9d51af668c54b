//! What a page says when it cannot show what was asked for.

use api::Error;
use leptos::prelude::*;
use leptos_meta::Title;
use ui::{ButtonLink, Notice, PageHead};

use crate::rpc::{self, Failure};

/// A failure in the page's place: what happened, what it means, what to do.
#[component]
pub fn Problem(
    /// What went wrong.
    failure: Failure,
    /// It stands above the form that it is about: loading the page anew would lose what was typed.
    #[prop(optional)]
    of_form: bool,
    /// It stands above the page, which shows what it had.
    #[prop(optional)]
    still_shown: bool,
) -> impl IntoView {
    let Failure(error) = failure;
    rpc::set_status(&error);
    let title = match &error {
        Error::NotFound { .. } => "Not here",
        Error::Forbidden { .. } => "Not allowed",
        Error::Unauthenticated => "Signed out",
        Error::Unavailable { message } if message == rpc::UNREACHED => {
            "The server cannot be reached"
        }
        Error::Internal { .. } | Error::Unavailable { .. } if still_shown => {
            "What is shown may be old"
        }
        Error::Internal { .. } | Error::Unavailable { .. } if of_form => "That was not done",
        Error::Internal { .. } | Error::Unavailable { .. } => "This could not be shown",
        _ => "That did not work",
    };
    let means = match &error {
        Error::Forbidden { .. } => format!("{error} An administrator can give it to you."),
        error => error.to_string(),
    };
    let request_id = match &error {
        Error::Internal { request_id } => Some(request_id.clone()),
        _ => None,
    };
    let signed_out = error == Error::Unauthenticated;
    let again = !of_form && matches!(error, Error::Internal { .. } | Error::Unavailable { .. });
    view! {
        <Notice title=title means request_id=request_id>
            {signed_out.then(|| view! { <ButtonLink href="/login">"Sign in"</ButtonLink> })}
            // No address is this page's own; external, so that the browser fetches it anew.
            {again.then(|| view! { <ButtonLink href="" attr:rel="external">"Try again"</ButtonLink> })}
        </Notice>
    }
}

/// The answer of a form's action, where it failed.
#[component]
pub fn FormProblem<T: Clone + Send + Sync + 'static>(
    /// The action's last answer.
    #[prop(into)]
    answer: Signal<Option<Result<T, Failure>>>,
) -> impl IntoView {
    move || match answer.get() {
        Some(Err(failure)) => Some(view! { <Problem failure of_form=true/> }),
        _ => None,
    }
}

/// What somebody is told who may only look, instead of a form; who may change it is decided in the
/// service, when it is sent.
pub fn may_only_look() -> Failure {
    may_not(api::Permission::MonitoringWrite)
}

/// What somebody is told whose role does not hold the permission that a page needs.
pub fn may_not(permission: api::Permission) -> Failure {
    let permission = permission.as_str().to_owned();
    Failure(Error::Forbidden { permission })
}

/// What a form's action said of one of its fields, where it failed.
pub fn of_field<T: Clone + Send + Sync + 'static>(
    answer: impl Into<Signal<Option<Result<T, Failure>>>>,
    field: &'static str,
) -> Signal<Option<String>> {
    let answer = answer.into();
    Signal::derive(move || match answer.get() {
        Some(Err(failure)) => failure.0.of_field(field).map(str::to_owned),
        _ => None,
    })
}

/// Says in a toast that a form's action was done.
pub fn tell<T: Clone + Send + Sync + 'static>(
    answer: impl Into<Signal<Option<Result<T, Failure>>>>,
    words: &'static str,
) {
    let (answer, toasts) = (answer.into(), ui::use_toasts());
    Effect::new(move || {
        if let Some(Ok(_)) = answer.get() {
            toasts.good(words);
        }
    });
}

/// No page has that address.
#[component]
pub fn NoSuchPage() -> impl IntoView {
    rpc::set_status(&Error::not_found("page"));
    view! {
        <Title text="Not here"/>
        <main class="lone">
            <PageHead
                title="There is no such page"
                lede="The address may be mistyped, or what it showed was removed."
            />
            <ButtonLink href="/">"Back to the Runway"</ButtonLink>
        </main>
    }
}
