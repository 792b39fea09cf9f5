//! Words of the page "Pre-train".

pub const TITLE: &str = "Pre-train";
pub const NO_IMAGES: &str = "No images are loaded yet. Pre-training starts from images.";
pub const GO_IMAGES: &str = "Choose images";
