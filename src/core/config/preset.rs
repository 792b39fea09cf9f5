//! Presets by image size and batch.
