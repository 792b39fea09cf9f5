//! The worker: where browser meets burn.
