//! Yields to the event loop. On the CPU backend every await is a microtask, so
//! without a macrotask between steps no message (pause, cancel, ping) would
//! arrive. A message channel, unlike a timer, is not slowed in a hidden tab.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

struct Turns {
    channel: web_sys::MessageChannel,
    /// Keeps the listener alive as long as the channel.
    _listener: Closure<dyn FnMut()>,
}

thread_local! {
    static WAITING: RefCell<VecDeque<js_sys::Function>> = const { RefCell::new(VecDeque::new()) };
    static TURNS: Turns = open();
}

fn open() -> Turns {
    let channel = web_sys::MessageChannel::new().expect("every worker has message channels");
    let listener = Closure::<dyn FnMut()>::new(|| {
        if let Some(resolve) = WAITING.with_borrow_mut(VecDeque::pop_front) {
            // A resolver can't fail.
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    channel.port1().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    Turns { channel, _listener: listener }
}

/// Resolves in the next turn of the event loop, after messages that wait.
pub async fn turn() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        WAITING.with_borrow_mut(|waiting| waiting.push_back(resolve));
        TURNS.with(|turns| {
            turns.channel.port2().post_message(&JsValue::NULL).expect("null can be sent");
        });
    });
    let _ = JsFuture::from(promise).await;
}

/// A line before work that only one may do at a time.
#[derive(Default)]
pub struct Line(RefCell<Weak<Place>>);

/// A place in a line, left when it is dropped.
pub struct Place {
    before: Weak<Place>,
}

impl Line {
    /// The last place; work is done in the order in which places were taken.
    pub fn join(&self) -> Rc<Place> {
        let place = Rc::new(Place { before: self.0.take() });
        self.0.replace(Rc::downgrade(&place));
        place
    }
}

impl Place {
    /// Waits until all before have left.
    pub async fn reached(&self) {
        while self.before.strong_count() > 0 {
            turn().await;
        }
    }
}

/// Milliseconds of a monotonic clock.
pub fn now() -> f64 {
    super::mailbox::scope().performance().map_or_else(js_sys::Date::now, |p| p.now())
}
