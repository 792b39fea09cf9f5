//! Starts the worker: whatever goes wrong from here on reaches the page.

use super::js::{console, describe, memory_bytes, scope};
use super::{dispatch, jobs, mailbox};
use crate::core::error::Fault;
use crate::protocol::{self, Event};
use rayon::{ThreadBuilder, ThreadPoolBuilder};
use std::cell::Cell;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, PromiseRejectionEvent};

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Threads of the pool that no worker runs yet.
static WAITING: Mutex<Vec<ThreadBuilder>> = Mutex::new(Vec::new());
/// Told of each.
static CAME: Condvar = Condvar::new();

/// Installs listeners and says `Ready`; runs as the module's start, also where the module is one of the pool's threads.
pub fn start() {
    if scope().name() == protocol::POOL {
        return;
    }
    #[cfg(target_arch = "wasm32")]
    construct();
    std::panic::set_hook(Box::new(|info| {
        PANICKED.set(true);
        console("error", &info.to_string());
        mailbox::fail(None, Fault::of_device(info.to_string()));
    }));
    // A shader that fails to compile is only ever told to the log.
    if log::set_logger(&Console).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
    listen_to_errors();
    listen("message", |event: MessageEvent| {
        if jobs::bench::receive(&event) || jobs::questions::receive_check(&event) {
            return;
        }
        match mailbox::open(&event) {
            Ok((message, files)) => dispatch::receive(message, files),
            Err(fault) => mailbox::fail(None, fault),
        }
    });
    mailbox::post(None, Event::Ready { version: protocol::VERSION, program: env!("CARGO_PKG_VERSION").into() });
}

/// Posts the memory, with which the page starts the pool's other threads, and makes rayon's pool, of which the calling thread is the
/// first: what it hands to the pool it computes too. Waits until all have come.
#[wasm_bindgen]
pub fn share(threads: u32) -> Result<(), JsError> {
    let failed = |e: JsValue| JsError::new(&describe(&e));
    let message = js_sys::Object::new();
    js_sys::Reflect::set(&message, &"memory".into(), &wasm_bindgen::memory()).map_err(failed)?;
    scope().post_message(&message).map_err(failed)?;
    let hand_over = |thread| {
        waiting().push(thread);
        CAME.notify_one();
        Ok(())
    };
    let pool = ThreadPoolBuilder::new().num_threads(threads as usize).use_current_thread();
    Ok(pool.spawn_handler(hand_over).build_global()?)
}

/// Runs a thread of the pool, until the page ends its worker.
#[wasm_bindgen]
pub fn compute() {
    listen_to_errors();
    let mut threads = waiting();
    let thread = loop {
        if let Some(thread) = threads.pop() {
            break thread;
        }
        threads = CAME.wait(threads).unwrap_or_else(PoisonError::into_inner);
    };
    drop(threads);
    thread.run();
}

fn waiting() -> MutexGuard<'static, Vec<ThreadBuilder>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen_to_errors() {
    // `Worker.onerror` sees neither a rejected promise nor the message of a trap; what is told here it need not see.
    listen("error", |event: ErrorEvent| {
        event.prevent_default();
        report(event.message());
    });
    listen("unhandledrejection", |event: PromiseRejectionEvent| {
        event.prevent_default();
        report(describe(&event.reason()));
    });
}

/// Runs the static constructors, of which the crates under burn have thousands (`inventory`). Where a program doesn't,
/// the linker has every export run them first: then each call from JavaScript, however small, is followed by them all.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
fn construct() {
    unsafe extern "C" {
        /// Made by the linker.
        fn __wasm_call_ctors();
    }
    // SAFETY: it takes and returns nothing, and this is the only call.
    unsafe { __wasm_call_ctors() }
}

fn listen<E: wasm_bindgen::convert::FromWasmAbi + 'static>(name: &str, on: impl FnMut(E) + 'static) {
    let closure = Closure::<dyn FnMut(E)>::new(on);
    scope()
        .add_event_listener_with_callback(name, closure.as_ref().unchecked_ref())
        .expect("a worker's scope takes listeners");
    closure.forget(); // as long as the worker lives
}

/// Tells the page of an error that nobody caught.
fn report(detail: String) {
    // The trap that ends a panic only says "unreachable".
    if !PANICKED.get() {
        console("error", &detail);
        mailbox::fail(None, Fault::of_trap(detail, memory_bytes().unwrap_or_default()));
    }
}

/// Writes to the browser's console.
struct Console;

impl log::Log for Console {
    fn enabled(&self, metadata: &log::Metadata) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let method = if record.level() == log::Level::Error { "error" } else { "debug" };
        console(method, &format!("{}: {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}
