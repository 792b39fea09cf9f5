//! Small parts that many pages use.

use crate::app::reactive::{Show, act, derive, live};
use crate::app::text::{parts as text, units::whole_percent};
use crate::app::{browser::focus, client::Client, state::PendingControl};
use crate::core::report::Picture as Pixels;
use crate::protocol::{Request, Work};
use leptos::ev::MouseEvent;
use leptos::html::{Canvas, Dialog};
use leptos::prelude::*;
use leptos::text_prop::TextProp;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, ImageData};

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

/// A progress bar with its words. `part` is 0 to 1, or `None` while it is unknown; `detail` stands at the right: the
/// part in percent, unless other words are given.
#[component]
pub fn Meter(
    #[prop(into)] label: TextProp,
    #[prop(into)] part: Signal<Option<f64>>,
    #[prop(into, optional)] detail: Option<Signal<String>>,
) -> impl IntoView {
    let detail = detail.unwrap_or_else(|| derive(move || part.get().map_or_else(String::new, whole_percent)));
    let words = label.clone();
    view! {
        <div class="meter">
            <div class="meter-words">
                <span>{live(move || words.get())}</span>
                <span class="meter-detail">{detail}</span>
            </div>
            // Without a value it is indeterminate, to eyes and screen readers alike.
            <progress max="1" value=move || part.get() aria-label=move || label.get()></progress>
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
    /// What it acts on, where several buttons have one label: a screen reader says both.
    #[prop(optional, into)]
    about: Option<String>,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// While this holds the button does nothing, but keeps the focus.
    #[prop(optional, into)]
    held: Signal<bool>,
    mut press: Box<dyn FnMut(MouseEvent)>,
) -> impl IntoView {
    let name = about.map(|about| format!("{}: {about}", label.get()));
    let press = move |event| {
        if !held.get_untracked() {
            press(event);
        }
    };
    view! {
        <button
            type="button"
            class=kind
            aria-label=name
            aria-disabled=move || held.get().then_some("true")
            disabled=disabled
            on:click=act(press)
        >
            {live(move || label.get())}
        </button>
    }
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

/// Buttons that pause or resume work and cancel it, with `children` between them. They stay, and say what was pressed,
/// until that has taken effect. Neither pause nor resume can be pressed while they are `held`.
#[component]
pub fn WorkControls(
    paused: Memo<bool>,
    /// What was pressed and has not taken effect yet.
    #[prop(into)]
    pending: Signal<Option<PendingControl>>,
    #[prop(into)] held: Signal<bool>,
    press: Callback<PendingControl>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let pause_words = move || match (paused.get(), pending.get()) {
        (true, _) => text::RESUME,
        (false, Some(PendingControl::Pause)) => text::PAUSING,
        (false, _) => text::PAUSE,
    };
    let pause = move |_| press.run(if paused.get_untracked() { PendingControl::Resume } else { PendingControl::Pause });
    let cancelling = derive(move || pending.get() == Some(PendingControl::Cancel));
    let cancel_words = move || if cancelling.get() { text::CANCELLING } else { text::CANCEL };
    view! {
        <Button label=pause_words kind="primary" held=held press=act(pause) />
        {children.map(|children| children())}
        <Button label=cancel_words held=cancelling press=act(move |_| press.run(PendingControl::Cancel)) />
    }
}

/// Radio buttons, one for each value with its name and, if that is not empty, a sentence of help. On a page where the
/// same choice stands twice, each needs a `group` of its own.
pub fn choice<T: Copy + PartialEq + Send + Sync + 'static>(
    legend: &'static str,
    group: &'static str,
    options: impl IntoIterator<Item = (T, &'static str, &'static str)>,
    chosen: impl Fn() -> T + Copy + Send + Sync + 'static,
    choose: impl Fn(T) + Copy + Send + Sync + 'static,
) -> AnyView {
    let mut class = "segments";
    let options = options.into_iter().map(|(value, name, help)| {
        let words = if help.is_empty() {
            name.into_any()
        } else {
            class = "choices";
            view! { <strong>{name}</strong> <small>{help}</small> }.into_any()
        };
        view! {
            <label>
                <input type="radio" name=group prop:checked=move || chosen() == value on:change=act(move |_| choose(value)) />
                <span>{words}</span>
            </label>
        }
    });
    let options = options.collect_view();
    view! {
        <fieldset class=class>
            <legend>{legend}</legend>
            <div>{options}</div>
        </fieldset>
    }
    .into_any()
}

/// A table that scrolls sideways where it is wider than the page. `head` are the names of its columns.
#[component]
pub fn Table(
    class: &'static str,
    label: &'static str,
    head: AnyView,
    /// Class of its caption, the label.
    #[prop(default = "visually-hidden")]
    caption: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="scroll-x" tabindex="0" role="group" aria-label=label>
            <table class=class>
                <caption class=caption>{label}</caption>
                <thead>
                    <tr>{head}</tr>
                </thead>
                {children()}
            </table>
        </div>
    }
}

/// Names of columns; `class` is "number" over numbers.
pub fn heads(class: &'static str, names: impl IntoIterator<Item = impl Into<String>>) -> AnyView {
    let names = names.into_iter().map(|name| view! { <th scope="col" class=class>{name.into()}</th> });
    names.collect_view().into_any()
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
    let more = move |_| shown.update(|n| *n = n.saturating_add(step).min(all));
    view! {
        <Show when=move || { shown.get() < all }>
            <p><Button label=move || words(shown.get(), all) press=act(more) /></p>
        </Show>
    }
}

/// A dialog over the page for as long as `open` holds. When it closes, the browser gives the focus back to the button
/// that opened it.
pub fn modal(open: impl Fn() -> bool + 'static) -> NodeRef<Dialog> {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match open() {
            true if !dialog.open() => drop(dialog.show_modal()),
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    dialog
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
    let dialog = modal(move || question.with(Option::is_some));
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
                <Button label=of(|q| q.no.to_owned()) kind="primary" press=act(move |_| question.set(None)) />
                <Button label=of(|q| q.yes.to_owned()) press=act(yes) />
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
            <dd>{live(move || value().unwrap_or_else(|| text::NONE.to_owned()))}</dd>
        </div>
    }
}

/// Shows the section with this id and gives it the focus.
pub fn focus_section(id: &'static str) {
    request_animation_frame(move || {
        if let Some(section) = focus(id) {
            section.scroll_into_view();
        }
    });
}
