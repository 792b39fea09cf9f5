//! The Hugging Face Hub's addresses. This file names nothing of the program, because xtask includes
//! it too and builds the page's content security policy from it.

/// The Hugging Face Hub.
pub const HUB: &str = "https://huggingface.co";

/// Where the Hub's answers lead: it keeps large files on hosts of its own, of which there are more
/// and more (`cdn-lfs.huggingface.co`, `cdn-lfs-us-1.hf.co`, `cas-bridge.xethub.hf.co`,
/// `us.aws.cdn.hf.co`, …). Sources of a content security policy.
pub const CONTENT_HOSTS: [&str; 2] = ["https://*.huggingface.co", "https://*.hf.co"];
