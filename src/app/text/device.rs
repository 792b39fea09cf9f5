//! Words about what the training runs on.

use crate::protocol::DeviceChoice;

pub const TITLE: &str = "Device";
pub const NOT_ASKED: &str = "Looked for when the training program is loaded.";
pub const LOOKING: &str = "Looking for a device";
pub const NONE: &str = "None: the training program has stopped.";
pub const WEBGPU: &str = "GPU (WebGPU)";
pub const CPU: &str = "CPU";
pub const SOFTWARE: &str = "This browser's WebGPU is emulated by software, which is slower than the CPU itself.";
pub const CHOICE: &str = "Run on";
pub const MORE: &str = "More help";
pub const CONFIRM: &str = "Give the encoder up?";
pub const CONFIRM_WORDS: &str = "The encoder that you trained stays on the device that trained it, and is lost when you \
    change to another one. If you want to keep it, download it first.";
pub const KEEP: &str = "Keep the encoder";
pub const CHANGE: &str = "Change the device";

pub fn choice(choice: DeviceChoice) -> &'static str {
    match choice {
        DeviceChoice::Auto => "Automatic",
        DeviceChoice::WebGpu => "WebGPU",
        DeviceChoice::Cpu => "CPU",
    }
}
