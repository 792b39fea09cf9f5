//! Yields to the event loop. On the CPU backend every await is a microtask. Without a macrotask between steps no
//! message (pause, cancel, ping) would arrive. A message channel, unlike a timer, is not slowed in a hidden tab.

use super::js::now;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

struct Channel {
    channel: web_sys::MessageChannel,
    /// Keeps the listener alive as long as the channel.
    _listener: Closure<dyn FnMut()>,
}

thread_local! {
    static WAITING: RefCell<VecDeque<js_sys::Function>> = const { RefCell::new(VecDeque::new()) };
    static CHANNEL: Channel = open();
}

fn open() -> Channel {
    let channel = web_sys::MessageChannel::new().expect("every worker has message channels");
    let listener = Closure::<dyn FnMut()>::new(|| {
        if let Some(resolve) = WAITING.with_borrow_mut(VecDeque::pop_front) {
            // A resolver can't fail.
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    channel.port1().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    Channel { channel, _listener: listener }
}

/// Resolves in the next macrotask, after the messages that wait.
pub async fn yield_now() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        WAITING.with_borrow_mut(|waiting| waiting.push_back(resolve));
        CHANNEL.with(|open| open.channel.port2().post_message(&JsValue::NULL).expect("null can be sent"));
    });
    let _ = JsFuture::from(promise).await;
}

/// Lets the first message through, and then one in so many milliseconds.
pub struct Throttle {
    every: f64,
    last: Cell<f64>,
}

impl Throttle {
    pub fn new(every: f64) -> Self {
        Self { every, last: Cell::new(f64::NEG_INFINITY) }
    }

    /// For reports of progress.
    pub fn of_progress() -> Self {
        Self::new(150.0)
    }

    /// Whether a message may go now. If so, the time starts anew.
    pub fn is_due(&self) -> bool {
        let due = now() - self.last.get() > self.every;
        if due {
            self.restart();
        }
        due
    }

    /// Lets the next message go.
    pub fn reset(&self) {
        self.last.set(f64::NEG_INFINITY);
    }

    pub fn restart(&self) {
        self.last.set(now());
    }
}

/// A lock for work that only one task may do at a time. Tasks get it in the order in which they took a [`Ticket`].
#[derive(Default)]
pub struct TicketLock(RefCell<Weak<Ticket>>);

/// A place in the order of a [`TicketLock`]. Dropping it lets the next task in.
pub struct Ticket {
    before: Weak<Ticket>,
}

impl TicketLock {
    /// The place after all others.
    pub fn ticket(&self) -> Rc<Ticket> {
        let ticket = Rc::new(Ticket { before: self.0.take() });
        self.0.replace(Rc::downgrade(&ticket));
        ticket
    }
}

impl Ticket {
    /// Waits until all tickets before this one were dropped.
    pub async fn reached(&self) {
        while self.before.strong_count() > 0 {
            yield_now().await;
        }
    }
}
