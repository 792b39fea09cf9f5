//! Bounds, defaults and keys of every setting.
