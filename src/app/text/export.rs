//! Words of exporting a run as an archive, and importing one.

pub const TITLE: &str = "Export the run";
pub const EXPORT: &str = "Export the run (zip)";
pub const EXPORT_HELP: &str =
    "The encoder (safetensors), a Python file that loads it, settings, measurements and features. No image.";
pub const EXPORTING: &str = "Computing the features of all images";
pub const EXPORTED: &str = "The archive was handed to the browser.";
pub const IMPORT: &str = "Import a run (zip)";
pub const IMPORTING: &str = "Reading the archive …";
pub const IMPORT_FILE: &str = "Archive of a run";
pub const IMPORT_HELP: &str = "An archive that was exported here or on another machine. Its run joins the list; going on with \
    it needs its images.";
pub const IMPORTED: &str = "The run was added to the list.";
