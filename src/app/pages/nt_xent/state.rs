//! What a visitor has set, in signals; its address and its memory.

use crate::app::parts::announce::Announcer;
use crate::app::text::nt_xent as text;
use crate::core::error::ConfigFault;
use crate::core::lesson::address::{NtXentState, STEPS};
use crate::core::lesson::matrix::Cosines;
use crate::core::lesson::progress::Progress;
use crate::core::lesson::query::Place;
use crate::core::lesson::row::Row;
use crate::core::nt_xent::Similarities;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Where the browser keeps the progress.
const KEPT: &str = "simclr-lab.lesson.nt-xent";

/// `Copy`; every number of the lesson follows these.
#[derive(Clone, Copy)]
pub struct State {
    pub place: RwSignal<Place>,
    pub tau: RwSignal<f64>,
    pub anchor: RwSignal<usize>,
    pub cosines: RwSignal<Cosines>,
    pub draw: RwSignal<u32>,
    pub progress: RwSignal<Progress>,
}

impl State {
    /// From the address, which comes first, and what was kept of an earlier
    /// visit; with what was wrong with the address.
    pub fn open() -> (Self, Vec<ConfigFault>) {
        let kept = storage().and_then(|s| s.get_item(KEPT).ok().flatten()).unwrap_or_default();
        let progress = Progress::from_text(&kept, STEPS);
        let search = window().location().search().unwrap_or_default();
        let (start, faults) = NtXentState::from_query(&search, progress.step);
        let state = Self {
            place: RwSignal::new(start.place),
            tau: RwSignal::new(start.tau),
            anchor: RwSignal::new(start.anchor),
            cosines: RwSignal::new(start.cosines),
            draw: RwSignal::new(start.draw),
            progress: RwSignal::new(progress),
        };
        (state, faults)
    }

    fn link(&self) -> String {
        let (place, tau, anchor) = (self.place.get(), self.tau.get(), self.anchor.get());
        NtXentState { place, tau, anchor, cosines: self.cosines.get(), draw: self.draw.get() }.to_query()
    }

    /// Keeps address and memory in step with the signals.
    pub fn follow(self) {
        Effect::new(move |_| {
            let query = self.link();
            let path = window().location().pathname().unwrap_or_default();
            // The router may still be on its way here or already gone elsewhere.
            if !path.trim_end_matches('/').ends_with("/lesson/nt-xent") {
                return;
            }
            if let Ok(history) = window().history() {
                let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("{path}?{query}")));
            }
        });
        Effect::new(move |_| {
            let mut progress = self.progress.get();
            if let Place::Step(step) = self.place.get() {
                progress.step = step;
            }
            if let Some(storage) = storage() {
                let _ = storage.set_item(KEPT, &progress.to_text());
            }
        });
    }

    pub fn similarities(self) -> Similarities {
        self.cosines.with(Cosines::similarities)
    }

    /// The chosen anchor's row.
    pub fn row(self) -> Row {
        Row::new(&self.similarities(), self.anchor.get(), self.tau.get())
    }
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
