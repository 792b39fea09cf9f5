//! Small parts that many pages use.

use crate::app::reactive::{Show, act, live};
use crate::app::text::parts as text;
use crate::app::{client::Client, text::pretrain::NOT_YET};
use crate::core::report::Picture as Pixels;
use crate::protocol::{Request, Work};
use leptos::ev::MouseEvent;
use leptos::html::{Canvas, Dialog};
use leptos::prelude::*;
use leptos::text_prop::TextProp;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlElement, ImageData};

/// The head of a page: its title and a sentence on what the page is for.
#[component]
pub fn PageHead(title: &'static str, lead: &'static str) -> impl IntoView {
    view! {
        <div class="page-head">
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
        </div>
    }
}

/// A progress bar with its words. `part` is 0 to 1, or `None` while it is unknown; `detail` stands at the right.
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

/// One image of the set on a canvas. It has the size of `pixels`; style decides how
/// large it looks. `alt` is what a screen reader says.
#[component]
pub fn Picture(#[prop(into)] pixels: Signal<Pixels>, #[prop(into)] alt: Signal<String>) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    Effect::new(move || {
        let Some(canvas) = canvas.get() else { return };
        pixels.with(|p| {
            canvas.set_width(p.size);
            canvas.set_height(p.size);
            let context = canvas.get_context("2d").ok().flatten();
            let context = context.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok());
            let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&p.rgba), p.size, p.size);
            if let (Some(context), Ok(data)) = (context, data) {
                let _ = context.put_image_data(&data, 0.0, 0.0);
            }
        });
    });
    view! { <canvas node_ref=canvas class="picture" role="img" aria-label=alt></canvas> }
}

/// A button. `kind` is "primary" for the main action and "quiet" for one that is rarely
/// wanted; `press` is called when the button is pressed.
#[component]
pub fn Button(
    #[prop(into)] label: TextProp,
    #[prop(optional)] kind: &'static str,
    #[prop(optional, into)] disabled: Signal<bool>,
    press: Box<dyn FnMut(MouseEvent)>,
) -> impl IntoView {
    view! { <button type="button" class=kind disabled=disabled on:click=press>{live(move || label.get())}</button> }
}

/// A button that cancels work, and says so until the work has ended.
#[component]
pub fn CancelButton(work: Work) -> impl IntoView {
    let client = Client::get();
    let cancelling = RwSignal::new(false);
    let cancel = move |_| {
        cancelling.set(true);
        client.send(Request::Cancel(work));
    };
    let label = move || if cancelling.get() { text::CANCELLING } else { text::CANCEL };
    view! { <Button label=label disabled=cancelling press=act(cancel) /> }
}

/// A button below a list that shows only its first rows: each press shows `step` more.
/// `words` get the number of rows shown and of all.
#[component]
pub fn ShowMore(
    shown: RwSignal<usize>,
    all: usize,
    /// All at once by default.
    #[prop(default = usize::MAX)]
    step: usize,
    words: fn(usize, usize) -> String,
) -> impl IntoView {
    view! {
        <Show when=move || { shown.get() < all }>
            <p>
                <button type="button" on:click=act(move |_| shown.update(|n| *n = n.saturating_add(step).min(all)))>
                    {live(move || words(shown.get(), all))}
                </button>
            </p>
        </Show>
    }
}

/// A question before something is deleted or lost.
#[derive(Clone)]
pub struct Question {
    pub title: String,
    pub words: &'static str,
    /// Words of the button that changes nothing, and of the one that calls `act`.
    pub no: &'static str,
    pub yes: &'static str,
    pub act: Callback<()>,
}

/// A dialog with a [`Question`]. Escape closes it, as the button `no` does.
#[component]
pub fn Ask(question: RwSignal<Option<Question>>) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match question.with(Option::is_some) {
            true if !dialog.open() => drop(dialog.show_modal()),
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let of = move |read: fn(&Question) -> String| {
        move || question.with(|question| question.as_ref().map(read).unwrap_or_default())
    };
    let yes = move |_| {
        if let Some(question) = question.get_untracked() {
            question.act.run(());
        }
        question.set(None);
    };
    view! {
        <dialog
            class="panel ask"
            node_ref=dialog
            aria-labelledby="ask-title"
            aria-describedby="ask-words"
            on:close=act(move |_| question.set(None))
        >
            <h2 id="ask-title">{of(|q| q.title.clone())}</h2>
            <p id="ask-words">{of(|q| q.words.to_owned())}</p>
            <div class="actions">
                <button type="button" class="primary" on:click=act(move |_| question.set(None))>
                    {of(|q| q.no.to_owned())}
                </button>
                <button type="button" on:click=act(yes)>{of(|q| q.yes.to_owned())}</button>
            </div>
        </dialog>
    }
}

/// A name and its value in a list of facts; a dash while there is no value.
#[component]
pub fn Fact(name: &'static str, value: impl Fn() -> Option<String> + Send + Sync + 'static) -> impl IntoView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{live(move || value().unwrap_or_else(|| NOT_YET.to_owned()))}</dd>
        </div>
    }
}

/// Shows the section with this id and gives it the focus.
pub fn focus_section(id: &'static str) {
    request_animation_frame(move || {
        let section = document().get_element_by_id(id).and_then(|section| section.dyn_into::<HtmlElement>().ok());
        if let Some(section) = section {
            let _ = section.focus();
            section.scroll_into_view();
        }
    });
}
