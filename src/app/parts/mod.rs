//! What several pages share.

pub mod chart;
pub mod device;
pub mod estimate;
pub mod files;
pub mod layout;
pub mod leave_guard;
pub mod lesson;
pub mod notice;
pub mod repeat;
pub mod requirements;
pub mod setting_field;
pub mod stored_runs;
pub mod unfinished;
pub mod widgets;
