//! What requests set off: one module for each kind of work. A job returns its answer and reports progress by events.
//!
//! | module | does |
//! |---|---|
//! | `import` | reads images |
//! | `pictures` | images and views for a person to look at |
//! | `estimate` | times a step |
//! | `pretrain` | a run: prepared, driven, cancelled |
//! | `training_loop` | the loop of pre-training and fine-tuning |
//! | `evaluate` | kNN and linear evaluation of the encoder |
//! | `fine_tune` | a list of fine-tunings |
//! | `classify` | new images for a trained classifier |
//! | `open_run` | makes a stored run the current one |
//! | `queue` | one run after the other |
//! | `stored_runs` | what is stored: listed, renamed, deleted |
//! | `export` | a run as an archive, and back; the encoder alone |
//! | `published_weights` | opened, fetched, put on the device |
//! | `lesson` | the lesson's loss on the device |
//! | `bench`, `questions` | for `cargo xtask bench` and the browser tests |

pub mod bench;
pub mod classify;
pub mod estimate;
pub mod evaluate;
pub mod export;
pub mod fine_tune;
pub mod import;
pub mod lesson;
pub mod open_run;
pub mod pictures;
pub mod pretrain;
pub mod published_weights;
pub mod questions;
pub mod queue;
pub mod stored_runs;
mod training_loop;
