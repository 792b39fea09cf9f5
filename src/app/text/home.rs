//! Words of the page "Home".

pub const TITLE: &str = "Learn to see without labels";
pub const LEAD: &str = "Train a SimCLR image encoder on your own pictures, on your own GPU, in this tab. \
    Then see what it learned.";
