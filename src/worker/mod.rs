//! The worker: images, device, mailbox. Where the browser meets burn.
//!
//! | module | does |
//! |---|---|
//! | `boot` | starts: panic hook, log, listeners, `Ready` |
//! | `mailbox` | messages in and out |
//! | `turn` | yields to the event loop by a macrotask |
//! | `device` | finds WebGPU, else the CPU backend |
//! | `files` | `File` objects as byte sources |
//! | `session` | what is loaded and what runs; hands requests to jobs |
//! | `jobs` | import, estimate, pre-training, evaluation, pictures |
//!
//! Only [`import`] is free of the browser, so only it builds natively.

#[cfg(target_arch = "wasm32")]
mod boot;
#[cfg(target_arch = "wasm32")]
mod device;
#[cfg(target_arch = "wasm32")]
mod files;
pub mod import;
// Kept runs; only its file system is the browser's.
#[cfg(target_arch = "wasm32")]
mod jobs;
#[cfg(target_arch = "wasm32")]
mod mailbox;
#[cfg(target_arch = "wasm32")]
mod session;
pub mod storage;
#[cfg(target_arch = "wasm32")]
mod turn;

#[cfg(target_arch = "wasm32")]
pub use boot::start;
