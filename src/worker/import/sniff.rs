//! What a file is, by its first bytes. Its name is not asked: extensions lie.

use crate::core::error::FileFault;
use image::ImageFormat;

/// First bytes that [`sniff`] wants to see.
pub const HEAD: usize = 512;

/// What the first bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An image that the program decodes.
    Image(ImageFormat),
    Heic,
    Avif,
    Zip,
    /// Something else that has a name.
    Other(&'static str),
    Unknown,
}

/// Signatures at a file's beginning; `?` stands for any byte.
const SIGNATURES: &[(&[u8], Kind)] = &[
    (b"\x89PNG\r\n\x1a\n", Kind::Image(ImageFormat::Png)),
    (b"\xff\xd8\xff", Kind::Image(ImageFormat::Jpeg)),
    (b"RIFF????WEBP", Kind::Image(ImageFormat::WebP)),
    (b"GIF87a", Kind::Image(ImageFormat::Gif)),
    (b"GIF89a", Kind::Image(ImageFormat::Gif)),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"II*\0", Kind::Other("TIFF image")),
    (b"MM\0*", Kind::Other("TIFF image")),
    (b"8BPS", Kind::Other("Photoshop document")),
    (b"\0\0\0\x0cJXL ", Kind::Other("JPEG XL image")),
    (b"\xff\x0a", Kind::Other("JPEG XL image")),
    (b"\0\0\0\x0cjP  ", Kind::Other("JPEG 2000 image")),
    (b"\0\0\x01\0", Kind::Other("icon")),
    (b"%PDF", Kind::Other("PDF document")),
    (b"%!PS", Kind::Other("PostScript document")),
    (b"\x1f\x8b", Kind::Other("gzip archive")),
    (b"BZh", Kind::Other("bzip2 archive")),
    (b"\xfd7zXZ", Kind::Other("xz archive")),
    (b"(\xb5/\xfd", Kind::Other("Zstandard archive")),
    (b"7z\xbc\xaf\x27\x1c", Kind::Other("7-Zip archive")),
    (b"Rar!", Kind::Other("RAR archive")),
    (b"\x80\x02", Kind::Other("Python pickle")),
    (b"\x80\x03", Kind::Other("Python pickle")),
    (b"\x80\x04", Kind::Other("Python pickle")),
    (b"\x93NUMPY", Kind::Other("NumPy array")),
    (b"\x89HDF", Kind::Other("HDF5 file")),
    (b"SQLite format 3", Kind::Other("SQLite database")),
    (b"\x1aE\xdf\xa3", Kind::Other("Matroska or WebM video")),
    (b"RIFF????AVI ", Kind::Other("AVI video")),
    (b"RIFF????WAVE", Kind::Other("WAVE sound")),
    (b"ID3", Kind::Other("MP3 sound")),
    (b"OggS", Kind::Other("Ogg media")),
    (b"fLaC", Kind::Other("FLAC sound")),
    (b"\x7fELF", Kind::Other("program")),
    (b"MZ", Kind::Other("program")),
    (b"\xd0\xcf\x11\xe0", Kind::Other("Office document")),
];

/// What a file with these first bytes looks like.
pub fn sniff(head: &[u8]) -> Kind {
    let fits = |signature: &[u8]| {
        head.len() >= signature.len() && signature.iter().zip(head).all(|(s, h)| s == h || *s == b'?')
    };
    if let Some((_, kind)) = SIGNATURES.iter().find(|(signature, _)| fits(signature)) {
        return *kind;
    }
    if head.get(4..8) == Some(b"ftyp") {
        return base_media(head);
    }
    // "BM" begins many a text; the header's length is one of a few small numbers.
    if head.starts_with(b"BM") && head.get(14..18).is_some_and(|n| n[0] >= 12 && n[1..] == [0, 0, 0]) {
        return Kind::Image(ImageFormat::Bmp);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Kind::Other("tar archive");
    }
    text(head)
}

/// HEIC, AVIF or a video, by the brands in the `ftyp` box (ISO/IEC 14496-12).
fn base_media(head: &[u8]) -> Kind {
    let length = head[..4].iter().fold(0usize, |n, &b| (n << 8) | usize::from(b));
    let brands = &head[8..length.clamp(8, head.len())];
    let has = |names: &[&[u8; 4]]| brands.chunks_exact(4).any(|brand| names.iter().any(|name| brand == *name));
    if has(&[b"avif", b"avis"]) {
        Kind::Avif
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        Kind::Heic
    } else {
        Kind::Other("MP4 or QuickTime video")
    }
}

fn text(head: &[u8]) -> Kind {
    let control = |b: &u8| *b < 9 || (14..32).contains(b) && *b != 27;
    if head.is_empty() || head.iter().any(control) {
        return Kind::Unknown;
    }
    let start = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        Kind::Other("web page")
    } else if start.contains("<svg") {
        Kind::Other("SVG drawing")
    } else if start.starts_with("<?xml") {
        Kind::Other("XML text")
    } else if head.is_ascii() || std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true) {
        Kind::Other("text")
    } else {
        Kind::Unknown
    }
}

/// The decoder that a file of these first bytes wants.
///
/// # Errors
/// The fault of a file that has none.
pub fn image_format(head: &[u8]) -> Result<ImageFormat, FileFault> {
    let other = |name: Option<&str>| Err(FileFault::NotAnImage { looks_like: name.map(str::to_owned) });
    match sniff(head) {
        Kind::Image(format) => Ok(format),
        _ if head.is_empty() => Err(FileFault::Empty),
        Kind::Heic => Err(FileFault::Heic),
        Kind::Avif => Err(FileFault::Avif),
        Kind::Zip => other(Some("zip archive")),
        Kind::Other(name) => other(Some(name)),
        Kind::Unknown => other(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        let mut tar = vec![0; 300];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: [(&[u8], Kind); 15] = [
            (b"\x89PNG\r\n\x1a\n\0\0", Kind::Image(ImageFormat::Png)),
            (b"\xff\xd8\xff\xe0", Kind::Image(ImageFormat::Jpeg)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Kind::Image(ImageFormat::WebP)),
            (b"GIF89a\x01\0", Kind::Image(ImageFormat::Gif)),
            (b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", Kind::Image(ImageFormat::Bmp)),
            (b"BMW is a maker of cars", Kind::Other("text")),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Kind::Heic),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", Kind::Avif),
            (b"\0\0\0\x14ftypisom\0\0\0\0mp41", Kind::Other("MP4 or QuickTime video")),
            (b"\xff\xff\xff\xffftyp", Kind::Other("MP4 or QuickTime video")),
            (b"  <!DOCTYPE html><html>", Kind::Other("web page")),
            (b"\xef\xbb\xbf<?xml version='1.0'?><svg>", Kind::Other("SVG drawing")),
            ("Grüße".as_bytes(), Kind::Other("text")),
            (&tar, Kind::Other("tar archive")),
            (b"\x01\x02\x03", Kind::Unknown),
        ];
        for (head, kind) in cases {
            assert_eq!(sniff(head), kind, "{}", String::from_utf8_lossy(head));
        }
        assert_eq!(image_format(b""), Err(FileFault::Empty));
    }

    #[test]
    fn no_bytes_break_it() {
        let mut rng = crate::core::rng::Rng::new(1);
        for length in 0..300 {
            let mut head: Vec<u8> = (0..length).map(|_| rng.next_u64() as u8).collect();
            sniff(&head);
            for (signature, _) in SIGNATURES {
                let n = signature.len().min(head.len());
                head[..n].copy_from_slice(&signature[..n]);
                sniff(&head);
            }
            if length > 8 {
                head[4..8].copy_from_slice(b"ftyp");
                sniff(&head);
            }
        }
    }
}
