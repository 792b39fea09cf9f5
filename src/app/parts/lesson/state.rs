//! Where in a lesson a visitor is, its address and its memory.

use crate::app::parts::notice::Announcer;
use crate::app::text::lesson as text;
use crate::core::lesson::progress::Progress;
use crate::core::lesson::query::Place;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Least time between two changes of the address.
const PAUSE: Duration = Duration::from_millis(250);
/// Time from a change to its address: what is seen comes first.
const SOON: Duration = Duration::from_millis(50);

/// What makes a lesson this one.
pub struct Lesson {
    /// Last part of its address; its memory goes by it too.
    pub name: &'static str,
    pub title: &'static str,
    pub lead: &'static str,
    pub steps: &'static [text::Step],
}

/// The step and what was answered; `Copy`.
#[derive(Clone, Copy)]
pub struct Frame {
    pub lesson: &'static Lesson,
    pub place: RwSignal<Place>,
    pub progress: RwSignal<Progress>,
}

impl Frame {
    /// As the last visit left it. An address comes before that: see
    /// [`search`] and [`Place`].
    pub fn open(lesson: &'static Lesson) -> Self {
        let kept = storage().and_then(|s| s.get_item(&key(lesson)).ok().flatten()).unwrap_or_default();
        let progress = Progress::from_text(&kept, lesson.steps.len());
        Self { lesson, place: RwSignal::new(Place::Step(progress.step)), progress: RwSignal::new(progress) }
    }

    /// Index of the last step.
    pub fn last(self) -> usize {
        self.lesson.steps.len() - 1
    }

    /// Keeps the memory in step with the signals, and the address with `query`.
    pub fn follow(self, query: impl Fn() -> String + Send + Sync + 'static) {
        let query: Box<dyn Fn() -> String + Send + Sync> = Box::new(query);
        // Browsers refuse an address that changes with every frame of a drag.
        let waiting = StoredValue::new(None::<TimeoutHandle>);
        let last = StoredValue::new(f64::NEG_INFINITY);
        let stop = move || {
            if let Some(Some(handle)) = waiting.try_update_value(Option::take) {
                handle.clear();
            }
        };
        on_cleanup(stop);
        Effect::new(move |_| {
            let query = query();
            let write = move || {
                last.try_set_value(js_sys::Date::now());
                write(self.lesson, &query);
            };
            stop();
            let rests = js_sys::Date::now() - last.get_value() < PAUSE.as_millis() as f64;
            waiting.set_value(set_timeout_with_handle(write, if rests { PAUSE } else { SOON }).ok());
        });
        Effect::new(move |_| {
            let mut progress = self.progress.get();
            if let Place::Step(step) = self.place.get() {
                progress.step = step;
            }
            // At once: a visitor may leave right after an answer.
            if let Some(storage) = storage() {
                let _ = storage.set_item(&key(self.lesson), &progress.to_text());
            }
        });
    }
}

/// Puts the state in the address.
fn write(lesson: &Lesson, query: &str) {
    let path = window().location().pathname().unwrap_or_default();
    // A change that was still waiting when the visitor went elsewhere.
    if !path.trim_end_matches('/').ends_with(&["/lesson/", lesson.name].concat()) {
        return;
    }
    if let Ok(history) = window().history() {
        let url = [&path, "?", query].concat();
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&url));
    }
}

/// The address's query, as the page was opened.
pub fn search() -> String {
    window().location().search().unwrap_or_default()
}

fn key(lesson: &Lesson) -> String {
    ["simclr-lab.lesson.", lesson.name].concat()
}

/// None where the browser keeps nothing, as in some private windows.
fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// Puts the address on the clipboard, and says how that went.
pub fn copy(announcer: Announcer, said: RwSignal<&'static str>) {
    let href = window().location().href().unwrap_or_default();
    leptos::task::spawn_local(async move {
        // web-sys needs a feature more for it, and an insecure page has none.
        let write = || {
            let clipboard = js_sys::Reflect::get(&window().navigator(), &"clipboard".into()).ok()?;
            let write = js_sys::Reflect::get(&clipboard, &"writeText".into()).ok()?;
            let write: js_sys::Function = wasm_bindgen::JsCast::dyn_into(write).ok()?;
            let promise = write.call1(&clipboard, &href.into()).ok()?;
            wasm_bindgen::JsCast::dyn_into::<js_sys::Promise>(promise).ok()
        };
        let copied = match write() {
            Some(promise) => JsFuture::from(promise).await.is_ok(),
            None => false,
        };
        let words = if copied { text::COPIED } else { text::NOT_COPIED };
        announcer.say(words);
        said.try_set(words);
    });
}
