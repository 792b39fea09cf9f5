//! From chosen files to images of one size: folders, archives, tables of labels
//! and CIFAR-10's batches. Knows no browser: files come through
//! [`source::FileSource`], so that all of it is tested natively.

pub mod archive;
pub mod cifar;
pub mod decode;
pub mod importer;
pub mod jpeg;
pub mod library;
pub mod listing;
pub mod shrink;
pub mod single;
pub mod sniff;
pub mod source;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
