//! A progress bar with its words: what, how far.

use leptos::prelude::*;

/// `part` is 0 to 1, none while unknown; `detail` stands at the right.
#[component]
pub fn Meter(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] part: Signal<Option<f64>>,
    #[prop(into, optional)] detail: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="meter">
            <div class="meter-words">
                <span>{label}</span>
                <span class="meter-detail">{detail}</span>
            </div>
            // Without a value it is indeterminate, to eyes and screen readers alike.
            <progress max="1" value=move || part.get() aria-label=label></progress>
        </div>
    }
}
