//! What a file is, by its first bytes. Names don't count: their endings are often wrong.

use crate::core::error::FileFault;
use image::ImageFormat;

/// Number of first bytes that [`kind_of_content`] needs.
pub const HEAD: usize = 512;

/// What the first bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// An image that the program decodes.
    Image(ImageFormat),
    Heic,
    Avif,
    Zip,
    /// Another kind of file, by name.
    Other(&'static str),
    Unknown,
}

impl FileKind {
    /// Its name for a person; `None` if it is unknown.
    pub fn name(self) -> Option<String> {
        match self {
            Self::Image(format) => Some(format!("{format:?} image")),
            Self::Heic => Some("HEIC image".into()),
            Self::Avif => Some("AVIF image".into()),
            Self::Zip => Some("zip archive".into()),
            Self::Other(name) => Some(name.into()),
            Self::Unknown => None,
        }
    }
}

/// Signatures at a file's beginning; `?` stands for any byte.
const SIGNATURES: &[(&[u8], FileKind)] = &[
    (b"\x89PNG\r\n\x1a\n", FileKind::Image(ImageFormat::Png)),
    (b"\xff\xd8\xff", FileKind::Image(ImageFormat::Jpeg)),
    (b"RIFF????WEBP", FileKind::Image(ImageFormat::WebP)),
    (b"GIF87a", FileKind::Image(ImageFormat::Gif)),
    (b"GIF89a", FileKind::Image(ImageFormat::Gif)),
    (b"PK\x03\x04", FileKind::Zip),
    (b"PK\x05\x06", FileKind::Zip),
    (b"II*\0", FileKind::Other("TIFF image")),
    (b"MM\0*", FileKind::Other("TIFF image")),
    (b"8BPS", FileKind::Other("Photoshop document")),
    (b"\0\0\0\x0cJXL ", FileKind::Other("JPEG XL image")),
    (b"\xff\x0a", FileKind::Other("JPEG XL image")),
    (b"\0\0\0\x0cjP  ", FileKind::Other("JPEG 2000 image")),
    (b"\0\0\x01\0", FileKind::Other("icon")),
    (b"%PDF", FileKind::Other("PDF document")),
    (b"%!PS", FileKind::Other("PostScript document")),
    (b"\x1f\x8b", FileKind::Other("gzip archive")),
    (b"BZh", FileKind::Other("bzip2 archive")),
    (b"\xfd7zXZ", FileKind::Other("xz archive")),
    (b"(\xb5/\xfd", FileKind::Other("Zstandard archive")),
    (b"7z\xbc\xaf\x27\x1c", FileKind::Other("7-Zip archive")),
    (b"Rar!", FileKind::Other("RAR archive")),
    (b"\x80\x02", FileKind::Other("Python pickle")),
    (b"\x80\x03", FileKind::Other("Python pickle")),
    (b"\x80\x04", FileKind::Other("Python pickle")),
    (b"\x93NUMPY", FileKind::Other("NumPy array")),
    (b"\x89HDF", FileKind::Other("HDF5 file")),
    (b"SQLite format 3", FileKind::Other("SQLite database")),
    (b"\x1aE\xdf\xa3", FileKind::Other("Matroska or WebM video")),
    (b"RIFF????AVI ", FileKind::Other("AVI video")),
    (b"RIFF????WAVE", FileKind::Other("WAVE sound")),
    (b"ID3", FileKind::Other("MP3 sound")),
    (b"OggS", FileKind::Other("Ogg media")),
    (b"fLaC", FileKind::Other("FLAC sound")),
    (b"\x7fELF", FileKind::Other("program")),
    (b"MZ", FileKind::Other("program")),
    (b"\xd0\xcf\x11\xe0", FileKind::Other("Office document")),
];

/// What a file with these first bytes looks like.
pub fn kind_of_content(head: &[u8]) -> FileKind {
    let fits = |signature: &[u8]| {
        head.len() >= signature.len() && signature.iter().zip(head).all(|(s, h)| s == h || *s == b'?')
    };
    if let Some((_, kind)) = SIGNATURES.iter().find(|(signature, _)| fits(signature)) {
        return *kind;
    }
    if head.get(4..8) == Some(b"ftyp") {
        return base_media(head);
    }
    // Many texts begin with "BM"; in a bitmap the header's length follows, a small number.
    if head.starts_with(b"BM") && head.get(14..18).is_some_and(|n| n[0] >= 12 && n[1..] == [0, 0, 0]) {
        return FileKind::Image(ImageFormat::Bmp);
    }
    if head.get(257..262) == Some(b"ustar") {
        return FileKind::Other("tar archive");
    }
    text(head)
}

/// HEIC, AVIF or a video, by the brands in the `ftyp` box (ISO/IEC 14496-12).
fn base_media(head: &[u8]) -> FileKind {
    let length = head[..4].iter().fold(0usize, |n, &b| (n << 8) | usize::from(b));
    let brands = &head[8..length.clamp(8, head.len())];
    let has = |names: &[&[u8; 4]]| brands.chunks_exact(4).any(|brand| names.iter().any(|name| brand == *name));
    if has(&[b"avif", b"avis"]) {
        FileKind::Avif
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        FileKind::Heic
    } else {
        FileKind::Other("MP4 or QuickTime video")
    }
}

fn text(head: &[u8]) -> FileKind {
    let control = |b: &u8| *b < 9 || (14..32).contains(b) && *b != 27;
    if head.is_empty() || head.iter().any(control) {
        return FileKind::Unknown;
    }
    let start = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        FileKind::Other("web page")
    } else if start.contains("<svg") {
        FileKind::Other("SVG drawing")
    } else if start.starts_with("<?xml") {
        FileKind::Other("XML text")
    } else if head.is_ascii() || std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true) {
        FileKind::Other("text")
    } else {
        FileKind::Unknown
    }
}

/// The image format of a file with these first bytes.
///
/// # Errors
/// The fault of a file that the program does not decode.
pub fn image_format(head: &[u8]) -> Result<ImageFormat, FileFault> {
    match kind_of_content(head) {
        FileKind::Image(format) => Ok(format),
        _ if head.is_empty() => Err(FileFault::Empty),
        FileKind::Heic => Err(FileFault::Heic),
        FileKind::Avif => Err(FileFault::Avif),
        other => Err(FileFault::NotAnImage { looks_like: other.name() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        let mut tar = vec![0; 300];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: [(&[u8], FileKind); 15] = [
            (b"\x89PNG\r\n\x1a\n\0\0", FileKind::Image(ImageFormat::Png)),
            (b"\xff\xd8\xff\xe0", FileKind::Image(ImageFormat::Jpeg)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", FileKind::Image(ImageFormat::WebP)),
            (b"GIF89a\x01\0", FileKind::Image(ImageFormat::Gif)),
            (b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", FileKind::Image(ImageFormat::Bmp)),
            (b"BMW is a maker of cars", FileKind::Other("text")),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", FileKind::Heic),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", FileKind::Avif),
            (b"\0\0\0\x14ftypisom\0\0\0\0mp41", FileKind::Other("MP4 or QuickTime video")),
            (b"\xff\xff\xff\xffftyp", FileKind::Other("MP4 or QuickTime video")),
            (b"  <!DOCTYPE html><html>", FileKind::Other("web page")),
            (b"\xef\xbb\xbf<?xml version='1.0'?><svg>", FileKind::Other("SVG drawing")),
            ("Grüße".as_bytes(), FileKind::Other("text")),
            (&tar, FileKind::Other("tar archive")),
            (b"\x01\x02\x03", FileKind::Unknown),
        ];
        for (head, kind) in cases {
            assert_eq!(kind_of_content(head), kind, "{}", String::from_utf8_lossy(head));
        }
        assert_eq!(image_format(b""), Err(FileFault::Empty));
    }

    #[test]
    fn no_bytes_break_it() {
        let mut rng = crate::core::rng::Rng::new(1);
        for length in 0..300 {
            let mut head: Vec<u8> = (0..length).map(|_| rng.next_u64() as u8).collect();
            kind_of_content(&head);
            for (signature, _) in SIGNATURES {
                let n = signature.len().min(head.len());
                head[..n].copy_from_slice(&signature[..n]);
                kind_of_content(&head);
            }
            if length > 8 {
                head[4..8].copy_from_slice(b"ftyp");
                kind_of_content(&head);
            }
        }
    }
}
