//! Files that were not used, one by one, with cause and advice.

use crate::app::parts::notice::FaultWords;
use crate::app::reactive::{Show, act, live};
use crate::app::text::{data as text, fault};
use crate::core::report::LeftOut;
use leptos::prelude::*;

/// Rows shown at first and added with each click: a browser does not bear
/// tens of thousands at once.
const PAGE: usize = 200;

#[component]
pub fn LeftOutTable(files: Vec<LeftOut>) -> impl IntoView {
    let all = files.len();
    let files = StoredValue::new(files);
    let shown = RwSignal::new(PAGE.min(all));
    let row = move |index: usize| {
        let (file, why) = files.with_value(|f| (f[index].file.clone(), fault::file_fault(&f[index].fault)));
        view! {
            <tr>
                <th scope="row" class="file-name">{file}</th>
                <td>
                    <FaultWords words=why />
                </td>
            </tr>
        }
    };
    view! {
        <div class="data-left-out" tabindex="0" role="group" aria-label=text::LEFT_OUT>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{text::FILE}</th>
                        <th scope="col">{text::WHY}</th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || 0..shown.get() key=|index| *index children=row />
                </tbody>
            </table>
        </div>
        <Show when=move || { shown.get() < all }>
            <p>
                <button
                    type="button"
                    on:click=act(move |_| shown.update(|n| *n = (*n + PAGE).min(all)))
                >
                    {live(move || text::show_more(shown.get(), all))}
                </button>
            </p>
        </Show>
    }
}
