//! What several pages share.

pub mod announce;
pub mod chart;
pub mod device;
pub mod guard;
pub mod layout;
pub mod meter;
pub mod notice;
pub mod picture;
