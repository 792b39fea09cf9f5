//! The page's program in chunks. What every page needs is one module, which is there when anything shows. The other
//! pages lie in chunks, which are fetched when one of their pages is first opened. xtask's `split` cuts the compiled
//! program at the functions here that are marked with `wasm_split`.

// The macro exports the functions by name, which counts as unsafe.
#![allow(unsafe_code)]

use super::pages::{evaluate::Evaluate, help::Help, images::Images, lars::Lars, nt_xent::NtXent, pretrain::Pretrain};
use super::pages::{fine_tune::FineTune, runs::Runs, try_it::TryIt};
use super::reactive::{act, live};
use super::routes::{Chunk, Page};
use super::text::layout as text;
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Shows pages, and a line in place of a page whose chunk is being fetched, or could not be fetched.
#[derive(Clone, Copy, Default)]
pub struct ChunkLoader {
    /// Changes when a chunk has been fetched.
    fetched: RwSignal<()>,
    failed: RwSignal<bool>,
}

impl ChunkLoader {
    pub fn show(self, page: Page, chunk: Chunk) -> AnyView {
        if let Some(view) = view_of(page, chunk) {
            return view;
        }
        self.fetched.track();
        self.fetch(chunk);
        view! {
            <div class="stack">
                {live(move || {
                    if self.failed.get() {
                        view! {
                            <h1>{text::PAGE_FAILED}</h1>
                            <p>{text::PAGE_FAILED_WHY}</p>
                            <button on:click=act(move |_| self.fetch(chunk))>{text::TRY_AGAIN}</button>
                        }
                            .into_any()
                    } else {
                        view! { <p class="muted" role="status">{text::PAGE_COMING}</p> }.into_any()
                    }
                })}
            </div>
        }
        .into_any()
    }

    fn fetch(self, chunk: Chunk) {
        self.failed.set(false);
        leptos::task::spawn_local(async move {
            if load(chunk).await { self.fetched.set(()) } else { self.failed.set(true) }
        });
    }
}

/// The page, if its chunk is loaded.
fn view_of(page: Page, chunk: Chunk) -> Option<AnyView> {
    if !LOADED.get()[chunk as usize] {
        return None;
    }
    match chunk {
        Chunk::Lessons => at_once(lessons(page)),
        Chunk::Images => at_once(images(page)),
        Chunk::Work => at_once(work(page)),
        Chunk::Tune => at_once(tune(page)),
        Chunk::Runs => at_once(runs(page)),
    }
}

thread_local! {
    static LOADED: Cell<[bool; Chunk::ALL.len()]> = const { Cell::new([false; Chunk::ALL.len()]) };
}

/// Fetches a chunk, unless it is loaded. False if that failed; the cause is on the
/// console, and the next call tries again.
async fn load(chunk: Chunk) -> bool {
    let loaded = match chunk {
        Chunk::Lessons => fetch_lessons().await,
        Chunk::Images => fetch_images().await,
        Chunk::Work => fetch_work().await,
        Chunk::Tune => fetch_tune().await,
        Chunk::Runs => fetch_runs().await,
    };
    if loaded.is_ok() {
        let mut all = LOADED.get();
        all[chunk as usize] = true;
        LOADED.set(all);
    }
    loaded.is_ok()
}

/// Fetches every chunk that is not loaded. One that fails is fetched again when one of
/// its pages is opened, which then reports the failure.
pub async fn load_all() {
    for chunk in Chunk::ALL {
        load(chunk).await;
    }
}

/// The view that a function of a loaded chunk gives: its future is ready at once.
fn at_once(view: impl Future<Output = Result<AnyView, SplitLoaderError>>) -> Option<AnyView> {
    match pin!(view).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(view) => view.ok(),
        Poll::Pending => None,
    }
}

#[wasm_split(lessons, wasm_split_path = leptos::wasm_split, preload(fetch_lessons), fallible)]
fn lessons(page: Page) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Page::Lars => view! { <Lars /> }.into_any(),
        _ => view! { <NtXent /> }.into_any(),
    })
}

#[wasm_split(images, wasm_split_path = leptos::wasm_split, preload(fetch_images), fallible)]
fn images(_page: Page) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Images /> }.into_any())
}

#[wasm_split(work, wasm_split_path = leptos::wasm_split, preload(fetch_work), fallible)]
fn work(_page: Page) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Pretrain /> }.into_any())
}

#[wasm_split(tune, wasm_split_path = leptos::wasm_split, preload(fetch_tune), fallible)]
fn tune(page: Page) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Page::TryIt => view! { <TryIt /> }.into_any(),
        Page::Evaluate => view! { <Evaluate /> }.into_any(),
        Page::Help => view! { <Help /> }.into_any(),
        _ => view! { <FineTune /> }.into_any(),
    })
}

#[wasm_split(runs, wasm_split_path = leptos::wasm_split, preload(fetch_runs), fallible)]
fn runs(_page: Page) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Runs /> }.into_any())
}
