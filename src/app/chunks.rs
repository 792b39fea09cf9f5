//! The page in parts. What every page needs is one module, which is there when
//! anything shows; the pages lie in chunks that are fetched when one of theirs is
//! first opened. xtask's `split` cuts the compiled program at the functions here.

// The macro exports the functions by name, which counts as unsafe.
#![allow(unsafe_code)]

use super::pages::{classify::Classify, fine_tune::FineTune, runs::Runs};
use super::pages::{data::Data, evaluate::Evaluate, help::Help, lars::Lars, nt_xent::NtXent, pretrain::Pretrain};
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A part of the program that is fetched by itself; `routes.txt` says which route
/// needs which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chunk {
    Lessons,
    Work,
    Tune,
    Runs,
}

pub const ALL: [Chunk; 4] = [Chunk::Lessons, Chunk::Work, Chunk::Tune, Chunk::Runs];

/// A page that lies in a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    Data,
    Pretrain,
    Evaluate,
    FineTune,
    Classify,
    Runs,
    NtXent,
    Lars,
    Help,
}

impl Page {
    pub fn chunk(self) -> Chunk {
        match self {
            Page::NtXent | Page::Lars => Chunk::Lessons,
            Page::Data | Page::Pretrain => Chunk::Work,
            Page::Evaluate | Page::FineTune | Page::Classify | Page::Help => Chunk::Tune,
            Page::Runs => Chunk::Runs,
        }
    }

    /// The page, where its chunk has come.
    pub fn view(self) -> Option<AnyView> {
        if !here(self.chunk()) {
            return None;
        }
        match self.chunk() {
            Chunk::Lessons => at_once(lessons(self)),
            Chunk::Work => at_once(work(self)),
            Chunk::Tune => at_once(tune(self)),
            Chunk::Runs => at_once(runs(self)),
        }
    }
}

thread_local! {
    static HERE: Cell<[bool; ALL.len()]> = const { Cell::new([false; ALL.len()]) };
}

fn here(chunk: Chunk) -> bool {
    HERE.get()[chunk as usize]
}

/// Fetches a chunk, unless it is here. False where it could not be had; the cause
/// is on the console, and asking again tries again.
pub async fn load(chunk: Chunk) -> bool {
    let loaded = match chunk {
        Chunk::Lessons => fetch_lessons().await,
        Chunk::Work => fetch_work().await,
        Chunk::Tune => fetch_tune().await,
        Chunk::Runs => fetch_runs().await,
    };
    if loaded.is_ok() {
        let mut all = HERE.get();
        all[chunk as usize] = true;
        HERE.set(all);
    }
    loaded.is_ok()
}

/// Fetches every chunk that is not here. One that fails is asked for again, and
/// told of, where its page opens.
pub async fn load_all() {
    for chunk in ALL {
        load(chunk).await;
    }
}

/// What a function of a chunk gives once the chunk is here.
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

#[wasm_split(work, wasm_split_path = leptos::wasm_split, preload(fetch_work), fallible)]
fn work(page: Page) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Page::Data => view! { <Data /> }.into_any(),
        _ => view! { <Pretrain /> }.into_any(),
    })
}

#[wasm_split(tune, wasm_split_path = leptos::wasm_split, preload(fetch_tune), fallible)]
fn tune(page: Page) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Page::Classify => view! { <Classify /> }.into_any(),
        Page::Evaluate => view! { <Evaluate /> }.into_any(),
        Page::Help => view! { <Help /> }.into_any(),
        _ => view! { <FineTune /> }.into_any(),
    })
}

#[wasm_split(runs, wasm_split_path = leptos::wasm_split, preload(fetch_runs), fallible)]
fn runs(_page: Page) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Runs /> }.into_any())
}
