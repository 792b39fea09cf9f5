//! The worker: images, device, mailbox. Where the browser meets burn.
//!
//! | module | does |
//! |---|---|
//! | `boot` | starts: panic hook, log, listeners, `Ready` |
//! | `mailbox` | messages in and out |
//! | `turn` | yields to the event loop by a macrotask |
//! | `device` | finds WebGPU, else the CPU backend |
//! | `files` | `File` objects as byte sources |
//! | `keep` | stores the run at hand while it trains |
//! | `beside` | stores what is made of it: fine-tuning under way, the last classifier |
//! | [`hub`] | fetches published weights and keeps them |
//! | [`storage`] | stored runs, over the browser's file system or one in memory |
//! | [`weights`] | opens files of published weights: safetensors, PyTorch's |
//! | `session` | what is loaded and what runs; hands requests to jobs |
//! | `jobs` | import, estimate, pre-training, evaluation, pictures |
//!
//! Only [`import`], [`takeaway`], [`weights`], [`hub`] and [`storage`] (but for `hub::browser` and `storage::opfs`) are free of the browser,
//! so only they build natively.

#[cfg(target_arch = "wasm32")]
mod beside;
#[cfg(target_arch = "wasm32")]
mod boot;
#[cfg(target_arch = "wasm32")]
mod device;
#[cfg(target_arch = "wasm32")]
mod files;
pub mod hub;
pub mod import;
#[cfg(target_arch = "wasm32")]
mod jobs;
#[cfg(target_arch = "wasm32")]
mod keep;
#[cfg(target_arch = "wasm32")]
mod mailbox;
#[cfg(target_arch = "wasm32")]
mod session;
pub mod storage;
pub mod takeaway;
#[cfg(target_arch = "wasm32")]
mod turn;
pub mod weights;

#[cfg(target_arch = "wasm32")]
pub use boot::start;
