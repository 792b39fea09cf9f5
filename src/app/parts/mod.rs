//! What several pages share.

pub mod announce;
pub mod layout;
pub mod meter;
pub mod notice;
pub mod picture;
