//! SimCLR's augmentation: what is drawn for one view (METHOD in ARCHITECTURE.md),
//! and the image operations on slices.

/// One colour operation; the four come in random order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorOp {
    Brightness,
    Contrast,
    Saturation,
    Hue,
}

/// Colour jitter of one view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter {
    pub order: [ColorOp; 4],
    /// Factors, at least 0; 1 leaves the image as it is.
    pub brightness: f32,
    pub contrast: f32,
    pub saturation: f32,
    /// In turns, −0.5 to 0.5; 0 leaves the image as it is.
    pub hue: f32,
}

/// A rectangle of whole pixels inside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    pub top: u32,
    pub left: u32,
    pub height: u32,
    pub width: u32,
}

/// Everything random about one view, drawn on the host and applied on any
/// device, in this order: crop and resize, flip, jitter, grayscale, blur.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewParams {
    pub crop: Crop,
    pub flip: bool,
    pub jitter: Option<Jitter>,
    pub gray: bool,
    /// σ in pixels.
    pub blur_sigma: Option<f32>,
}

impl ViewParams {
    /// The view that is the image itself.
    pub fn identity(size: usize) -> Self {
        let side = size as u32;
        Self {
            crop: Crop { top: 0, left: 0, height: side, width: side },
            flip: false,
            jitter: None,
            gray: false,
            blur_sigma: None,
        }
    }
}
