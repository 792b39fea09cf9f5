//! The worker: where browser meets burn.

pub mod import;
