//! Where published weights are fetched from: the one table of addresses. It names nothing of the program,
//! because xtask includes this file too and builds the page's content security policy from it.
//!
//! Revisions, lengths and sums were read off the Hub's pages and other programs' tables, not off the files
//! themselves: the Hub was out of reach where this was written. A value that could not be found is `None` and
//! is not checked.

/// The Hugging Face Hub.
pub const HUB: &str = "https://huggingface.co";

/// Where the Hub's answers lead: large files are on other hosts of the Hub, whose number grows
/// (`cdn-lfs.huggingface.co`, `cdn-lfs-us-1.hf.co`, `cas-bridge.xethub.hf.co`, `us.aws.cdn.hf.co`, …). Sources
/// of a content security policy.
pub const CONTENT_HOSTS: [&str; 2] = ["https://*.huggingface.co", "https://*.hf.co"];

/// A published file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedFile {
    pub repository: &'static str,
    /// A commit, which never changes, or the name of a branch.
    pub revision: &'static str,
    pub file: &'static str,
    /// In bytes.
    pub length: Option<u64>,
    /// Of the whole file, in hexadecimal digits.
    pub sha256: Option<&'static str>,
}

impl PublishedFile {
    /// The address of the file at the Hub, or at a mirror that is laid out like it.
    pub fn url(&self, hub: &str) -> String {
        format!("{}/{}", hub.trim_end_matches('/'), self.path())
    }

    /// What the file is called, wherever it comes from.
    pub fn path(&self) -> String {
        format!("{}/resolve/{}/{}", self.repository, self.revision, self.file)
    }
}

const FILE: &str = "model.safetensors";

pub const RESNET18: PublishedFile = PublishedFile {
    repository: "timm/resnet18.tv_in1k",
    revision: "bbd144b3e5565108aad885f145491d11bc6ce807",
    file: FILE,
    length: Some(46_807_446),
    sha256: Some("694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81"),
};

pub const RESNET50: PublishedFile = PublishedFile {
    repository: "timm/resnet50.tv_in1k",
    revision: "78f3ecfdb38e06d9b8397f662e7ab8fee96026fa",
    file: FILE,
    length: Some(102_469_840),
    sha256: Some("5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888"),
};

/// Not pinned: only the first digits of its revision were to be found.
pub const RESNET101: PublishedFile =
    PublishedFile { repository: "timm/resnet101.tv_in1k", revision: "main", file: FILE, length: None, sha256: None };

pub const VGG19: PublishedFile = PublishedFile {
    repository: "timm/vgg19.tv_in1k",
    revision: "128d4708565b3a414bcbb9bbad440b2fe37b9f18",
    file: FILE,
    length: None,
    sha256: Some("11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669"),
};

pub const INCEPTION_RESNET_V2: PublishedFile = PublishedFile {
    repository: "timm/inception_resnet_v2.tf_in1k",
    revision: "89854797f99e77e1189626b74d7c07013a4308fa",
    file: FILE,
    length: None,
    sha256: Some("dbea26b13a5fc8351919fed6a94222c0577ce324b2765fd081a798f837ca9d72"),
};
