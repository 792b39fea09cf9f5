//! One image by itself, outside any set: read, decoded and shrunk as an import does.

use super::decode::{MAX_FILE, decode};
use super::sniff::{HEAD, image_format};
use super::source::File;
use crate::core::error::FileFault;

/// The image of `file` as planar RGB, [3, S, S].
///
/// # Errors
/// [`FileFault`]: what is wrong with the file. One that is no image is not read whole.
pub fn read(file: &File, size: usize) -> Result<Vec<u8>, FileFault> {
    let bytes = |end| file.read(0, end).map_err(|detail| FileFault::Unreadable { detail });
    image_format(&bytes(file.len().min(HEAD as u64))?)?;
    if file.len() > MAX_FILE {
        return Err(FileFault::TooManyBytes { bytes: file.len() });
    }
    decode(&bytes(file.len())?, size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::import::samples;
    use crate::worker::import::source::{Bytes, FileSource};
    use image::{ImageFormat, RgbImage};
    use std::rc::Rc;

    /// Longer than the program reads; only its first bytes may be asked for.
    struct Long(&'static [u8]);

    impl FileSource for Long {
        fn path(&self) -> &str {
            "long"
        }

        fn len(&self) -> u64 {
            MAX_FILE + 1
        }

        fn read(&self, start: u64, end: u64) -> Result<Vec<u8>, String> {
            assert_eq!((start, end), (0, HEAD as u64), "the head alone");
            Ok(self.0.to_vec())
        }
    }

    #[test]
    fn an_image_is_read_as_an_import_reads_it() {
        let image = RgbImage::from_fn(40, 30, |x, y| image::Rgb([5 * x as u8, 8 * y as u8, 90]));
        let bytes = samples::encode(&image.into(), ImageFormat::Png);
        assert_eq!(read(&Bytes::file("a.png", bytes.clone()), 16), decode(&bytes, 16));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_cause() {
        let fault = |bytes: &[u8]| read(&Bytes::file("x", bytes.to_vec()), 16).unwrap_err();
        assert_eq!(fault(b""), FileFault::Empty);
        assert_eq!(fault(b"hello"), FileFault::NotAnImage { looks_like: Some("text".into()) });
        assert!(matches!(fault(b"\x89PNG\r\n\x1a\n and no more"), FileFault::Damaged { .. }));
        let long = |head| read(&(Rc::new(Long(head)) as File), 16).unwrap_err();
        assert_eq!(long(b"\xff\xd8\xff\xe0"), FileFault::TooManyBytes { bytes: MAX_FILE + 1 });
        assert_eq!(long(b"%PDF"), FileFault::NotAnImage { looks_like: Some("PDF document".into()) });
    }
}
