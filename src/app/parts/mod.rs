//! What several pages share.

pub mod announce;
pub mod chart;
pub mod device;
pub mod estimate;
pub mod guard;
pub mod kept;
pub mod layout;
pub mod lesson;
pub mod link;
pub mod meter;
pub mod notice;
pub mod overlay;
pub mod picture;
pub mod save;
pub mod stored;
pub mod take_home;
pub mod unfinished;
pub mod waits;
