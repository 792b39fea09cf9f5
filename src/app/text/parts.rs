//! Words of the parts that several pages share: charts, the device, export and import of a run.

use crate::protocol::DeviceChoice;

pub const PAUSE: &str = "Pause";
pub const PAUSING: &str = "Pausing …";
pub const RESUME: &str = "Resume";
pub const CANCEL: &str = "Cancel";
pub const CANCELLING: &str = "Cancelling …";
pub const CLOSE: &str = "Close";
/// In place of a value that is not there.
pub const NONE: &str = "–";
pub const TABLE: &str = "Show as a table";
pub const WAITING: &str = "Waiting for the first value";
pub const NO_NUMBER: &str = "not a number";
pub const NO_VALUE: &str = "no value yet";

pub fn summary(title: &str, newest: Option<&str>) -> String {
    format!("{title}: {}. The numbers are in the table below.", newest.unwrap_or(NO_VALUE))
}

/// Of a chart with a curve for each of `names`.
pub fn names(title: &str, names: &[&str]) -> String {
    format!("{title} of {}. The numbers are in the table below.", names.join("; "))
}

/// `81.2 % ± 1.3 %`.
pub fn spread(mean: &str, deviation: &str) -> String {
    format!("{mean} ± {deviation}")
}

// The device that the training runs on.
pub const DEVICE: &str = "Device";
pub const NOT_ASKED: &str = "Looked for when the training program is loaded.";
pub const LOOKING: &str = "Looking for a device";
pub const NO_DEVICE: &str = "None: the training program has stopped.";
pub const WEBGPU: &str = "GPU (WebGPU)";
pub const CPU: &str = "CPU";
pub const SOFTWARE: &str = "This browser's WebGPU is emulated by software, which is slower than the CPU itself.";
pub const ONE_THREAD: &str = "On one thread: the browser does not isolate this page. Reloading it may help; over plain http it \
    does not.";
/// "CPU, 8 threads".
pub fn threads(count: u32) -> String {
    if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") }
}
pub const THREADS: &str = "Threads of the CPU";
pub const ALL_CORES: &str = "All cores";
pub const CONFIRM_THREADS: &str = "The training program starts again with another number of threads, and loads the images \
    again. The encoder that you trained is lost. If you want to keep it, download it first.";
pub const CHANGE_THREADS: &str = "Change the threads";
pub const RUN_ON: &str = "Run on";
pub const MORE: &str = "More help";
pub const CONFIRM: &str = "Give the encoder up?";
pub const CONFIRM_WORDS: &str = "The encoder that you trained stays on the device that trained it, and is lost when you \
    change to another one. If you want to keep it, download it first.";
pub const KEEP: &str = "Keep the encoder";
pub const CHANGE: &str = "Change the device";

pub const CHOICES: [(DeviceChoice, &str, &str); 3] =
    [(DeviceChoice::Auto, "Automatic", ""), (DeviceChoice::WebGpu, "WebGPU", ""), (DeviceChoice::Cpu, CPU, "")];

// Exporting a run as an archive, and importing one.
pub const EXPORT_TITLE: &str = "Export the run";
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
