//! The worker: images, device, mailbox. Where the browser meets burn.
//!
//! Each module uses only those below it:
//!
//! | module | does |
//! |---|---|
//! | `boot` | starts: panic hook, log, listeners, `Ready`, the pool's threads |
//! | `dispatch` | hands requests to jobs |
//! | `jobs` | import, estimate, pre-training, evaluation, pictures |
//! | `session` | what is loaded and what runs |
//! | `run` | a run, fine-tuning and classifiers, as the session holds them |
//! | `fine_tune_saver` | stores what fine-tuning makes of a run |
//! | `run_saver` | stores the current run while it trains, and says when |
//! | [`weights_download`] | fetches published weights and keeps them |
//! | [`feature_file`] | features of a whole set in a file |
//! | [`run_archive`] | packs a run into an archive and opens it |
//! | [`storage`] | stored runs, over the browser's file system or one in memory |
//! | [`open_weights`] | opens files of published weights: safetensors, PyTorch's |
//! | `files` | `File` objects as byte sources |
//! | [`import`] | decodes images |
//! | `device` | finds WebGPU, else the CPU backend |
//! | `mailbox` | messages in and out |
//! | `event_loop` | yields to the event loop by a macrotask |
//! | `js` | the clock, the console, the memory |
//!
//! All of it compiles natively, so that the compiler and clippy check it there too.
//! Natively only the modules that need no browser run: [`import`], [`run_archive`], [`feature_file`],
//! [`open_weights`], [`weights_download`] and [`storage`] without `weights_download::browser` and `storage::opfs`.

mod boot;
mod device;
mod dispatch;
mod event_loop;
pub mod feature_file;
mod files;
mod fine_tune_saver;
pub mod import;
mod jobs;
mod js;
mod mailbox;
pub mod open_weights;
mod run;
pub mod run_archive;
mod run_saver;
mod session;
pub mod storage;
pub mod weights_download;

pub use boot::start;
