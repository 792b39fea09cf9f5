//! What a request sets off. Each job is one file and reports through events.

pub mod bench;
pub mod check;
pub mod classify;
pub mod course;
pub mod estimate;
pub mod evaluate;
pub mod fine_tune;
pub mod hub;
pub mod import;
pub mod lesson;
pub mod pictures;
pub mod pretrain;
mod question;
pub mod queue;
pub mod runs;
pub mod takeaway;
pub mod weights;
