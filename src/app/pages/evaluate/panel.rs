//! The images behind one cell of the confusion matrix.

use super::judged::Judgement;
use crate::app::client::Client;
use crate::app::parts::notice::FaultWords;
use crate::app::parts::widgets::Picture;
use crate::app::reactive::{Show, act, live};
use crate::app::text::{evaluate as text, fault};
use crate::core::dataset::tree;
use crate::core::error::Fault;
use crate::core::report::Picture as Pixels;
use crate::protocol::{Event, Request};
use leptos::html::Dialog;
use leptos::prelude::*;

/// Images fetched at a time.
const PAGE: usize = 48;

/// A cell by class indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub truth: usize,
    pub said: usize,
}

/// A dialog over the page while a cell is open; closing gives the focus back
/// to the button that opened it, which the browser does by itself.
#[component]
pub fn Panel(report: Judgement, open: RwSignal<Option<Cell>>) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match open.get() {
            Some(_) if !dialog.open() => {
                let _ = dialog.show_modal();
            }
            None if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let title =
        move || open.get().map(|c| report.with_value(|r| text::cell_title(&r.classes[c.truth], &r.classes[c.said])));
    view! {
        <dialog class="panel" node_ref=dialog aria-labelledby="panel-title" on:close=act(move |_| open.set(None))>
            <div class="panel-head">
                <h2 id="panel-title">{title}</h2>
                <button type="button" class="quiet" on:click=act(move |_| open.set(None))>
                    {text::CLOSE}
                </button>
            </div>
            {live(move || open.get().map(|cell| view! { <Images report=report cell=cell /> }))}
        </dialog>
    }
}

#[component]
fn Images(report: Judgement, cell: Cell) -> impl IntoView {
    let client = Client::get();
    let indices = report.with_value(|r| {
        let all = r.truth.iter().zip(&r.predicted).zip(&r.test_images);
        let of_cell = all.filter(|((t, p), _)| usize::from(**t) == cell.truth && usize::from(**p) == cell.said);
        of_cell.map(|(_, &index)| index).collect::<Vec<_>>()
    });
    let total = indices.len();
    let indices = StoredValue::new(indices);
    let pictures = RwSignal::new(Vec::<Pixels>::new());
    let failed = RwSignal::new(None::<Fault>);
    let loading = RwSignal::new(false);
    let more = move || {
        let from = pictures.with_untracked(Vec::len);
        let indices = indices.with_value(|all| all[from..(from + PAGE).min(total)].to_vec());
        loading.set(true);
        client.ask(Request::Pictures { indices }, move |answer| {
            loading.try_set(false);
            match answer {
                Ok(Event::Pictures(mut list)) => drop(pictures.try_update(|all| all.append(&mut list))),
                Ok(_) => {}
                Err(fault) => drop(failed.try_set(Some(fault))),
            }
        });
    };
    more();
    let shown = move || pictures.with(Vec::len);
    let rest = move || !loading.get() && (1..total).contains(&shown());
    let figure = |pixels: Pixels| {
        let name = pixels.name.clone();
        // The folder is the class, which the heading says.
        let short = tree::file_name(&name).to_owned();
        view! {
            <li>
                <figure>
                    <Picture pixels=pixels alt=name.clone() />
                    <figcaption class="file-name" title=name>{short}</figcaption>
                </figure>
            </li>
        }
    };
    view! {
        <p class="muted small">{text::images_of(total)}</p>
        {live(move || failed.get().map(|f| view! { <FaultWords words=fault::fault(&f) /> }))}
        <ul class="panel-images" aria-busy=move || loading.get().to_string()>
            <For each=move || pictures.get() key=|p| p.index children=figure />
        </ul>
        <Show when=move || loading.get()>
            <p role="status">{text::LOADING_PICTURES}</p>
        </Show>
        <Show when=rest>
            <button type="button" on:click=act(move |_| more())>
                {live(move || text::more_pictures(shown(), total))}
            </button>
        </Show>
    }
}
