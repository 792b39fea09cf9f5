//! While work is under way, leaving the page asks first and the screen stays awake.

use crate::app::{browser::promised, reactive::memo, state::Store};
use crate::core::report::RunState;
use js_sys::{Array, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// Installs both; the layout calls it once.
pub fn install(store: Store) {
    let unload = window_event_listener(leptos::ev::beforeunload, move |event| {
        let busy = store.run.get_untracked().is_active()
            || store.evaluating.with_untracked(Option::is_some)
            || untrack(|| store.stored_runs.is_tuning());
        if busy {
            event.prevent_default();
            // For browsers that know only the older way.
            event.set_return_value("1");
        }
    });
    on_cleanup(move || unload.remove());

    let lock = StoredValue::new_local(None::<JsValue>);
    let running = memo(move || matches!(store.run.get(), RunState::Running(_)) || store.stored_runs.is_tuning());
    let update = move || {
        if running.get_untracked() {
            leptos::task::spawn_local(async move {
                let got = request_wake_lock().await;
                // Release the lock before this one, or this one if it came too late.
                release(match running.try_get_untracked() {
                    Some(true) => lock.try_update_value(|lock| std::mem::replace(lock, got)).flatten(),
                    _ => got,
                });
            });
        } else {
            release(lock.try_update_value(Option::take).flatten());
        }
    };
    Effect::new(move |_| {
        running.track();
        update();
    });
    // The browser takes the lock away from a hidden tab.
    let visible = window_event_listener(leptos::ev::visibilitychange, move |_| {
        if !document().hidden() {
            update();
        }
    });
    on_cleanup(move || visible.remove());
}

/// web-sys counts the Screen Wake Lock API as unstable, so it is called by name. `None` if
/// the browser has no such API or refuses.
async fn request_wake_lock() -> Option<JsValue> {
    let api = Reflect::get(&window().navigator(), &"wakeLock".into()).ok()?;
    promised(&api, "request", &Array::of1(&"screen".into())).await.ok()
}

fn release(lock: Option<JsValue>) {
    let Some(lock) = lock else { return };
    leptos::task::spawn_local(async move {
        let _ = promised(&lock, "release", &Array::new()).await;
    });
}
