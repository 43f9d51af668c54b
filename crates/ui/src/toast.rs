//! Short news of what was just done, read out by screen readers, with an undo where there is one.

use crate::badge::Tone;
use crate::icon::{Glyph, Icon};
use leptos::prelude::*;
use std::time::Duration;

/// How long one stays; a toast with an action stays three times as long.
const STAYS: Duration = Duration::from_secs(5);

/// One piece of news.
#[derive(Clone, Debug)]
pub struct Toast {
    /// What kind of news.
    pub tone: Tone,
    /// "Limit saved".
    pub text: String,
    /// What can be done about it.
    pub action: Option<ToastAction>,
}

/// What can be done about a toast.
#[derive(Clone, Debug)]
pub struct ToastAction {
    /// "Undo".
    pub label: String,
    /// Does it.
    pub run: Callback<()>,
}

/// Where pages put toasts. Copy it freely.
#[derive(Clone, Copy, Debug)]
pub struct Toasts {
    shown: RwSignal<Vec<(u32, Toast)>>,
    next: StoredValue<u32>,
}

impl Toasts {
    /// Shows it for a while. Alerts stay until they are closed. Call it in event handlers and
    /// Effects only.
    pub fn push(self, toast: Toast) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        let stays = match (toast.tone, toast.action.is_some()) {
            (Tone::Alert, _) => None,
            (_, true) => Some(STAYS * 3),
            (_, false) => Some(STAYS),
        };
        self.shown.update(|shown| shown.push((id, toast)));
        if let Some(stays) = stays {
            set_timeout(move || self.close(id), stays);
        }
    }

    /// Something was done.
    pub fn good(self, text: impl Into<String>) {
        self.push(Toast {
            tone: Tone::Good,
            text: text.into(),
            action: None,
        });
    }

    /// Something could not be done.
    pub fn alert(self, text: impl Into<String>) {
        self.push(Toast {
            tone: Tone::Alert,
            text: text.into(),
            action: None,
        });
    }

    /// Something was done and can be taken back.
    pub fn undoable(self, text: impl Into<String>, undo: Callback<()>) {
        let action = Some(ToastAction {
            label: "Undo".to_owned(),
            run: undo,
        });
        self.push(Toast {
            tone: Tone::Good,
            text: text.into(),
            action,
        });
    }

    fn close(self, id: u32) {
        // The page may have gone in the meantime.
        self.shown
            .try_update(|shown| shown.retain(|(shown_id, _)| *shown_id != id));
    }
}

/// Makes toasts available below; call it once, in the root component.
pub fn provide_toasts() -> Toasts {
    let toasts = Toasts {
        shown: RwSignal::new(Vec::new()),
        next: StoredValue::new(0),
    };
    provide_context(toasts);
    toasts
}

/// The toasts of this page; ones that nobody sees if the root provided none.
pub fn use_toasts() -> Toasts {
    use_context().unwrap_or_else(provide_toasts)
}

/// Where toasts appear; put it once, at the end of the root component.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="region" aria-label="News" aria-live="polite">
            <For each=move || toasts.shown.get() key=|(id, _)| *id let((id, toast))>
                <ToastCard toast=toast close=Callback::new(move |()| toasts.close(id))/>
            </For>
        </div>
    }
}

#[component]
pub(crate) fn ToastCard(
    /// What it says.
    toast: Toast,
    /// Takes it away.
    close: Callback<()>,
) -> impl IntoView {
    let glyph = match toast.tone {
        Tone::Alert | Tone::Warning => Glyph::Alert,
        Tone::Good => Glyph::Check,
        Tone::Neutral | Tone::Accent => Glyph::Info,
    };
    view! {
        <div class=format!("toast {}", toast.tone.class())>
            <Icon glyph=glyph/>
            <p>{toast.text}</p>
            {toast
                .action
                .map(|action| {
                    let press = move |_| {
                        action.run.run(());
                        close.run(());
                    };
                    view! {
                        <button type="button" class="btn btn-small" on:click=press>
                            {action.label}
                        </button>
                    }
                })}
            <button
                type="button"
                class="btn btn-quiet btn-small btn-square"
                aria-label="Close"
                on:click=move |_| close.run(())
            >
                <Icon glyph=Glyph::Cross/>
            </button>
        </div>
    }
}
