//! A walk over the chunks of a WebP file (RFC 9649) before it is decoded. The decoder makes room for what a chunk or a
//! frame claims before it reads it; here every claim is held against the file.

/// Whether every chunk lies within the file, and every frame has the sides that are claimed for it.
///
/// # Errors
/// What does not fit, in words.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let mut canvas = None;
    for chunk in Chunks(bytes.get(12..).unwrap_or_default()) {
        let (kind, body) = chunk?;
        match (&kind, canvas) {
            (b"VP8X", None) => canvas = Some([u24(body, 4)? + 1, u24(body, 7)? + 1]),
            // A file of one chunk has no canvas, and what follows that chunk is not read.
            (_, None) => break,
            (b"ANMF", Some(canvas)) => {
                let frame = [u24(body, 6)? + 1, u24(body, 9)? + 1];
                if frame[0] > canvas[0] || frame[1] > canvas[1] {
                    return Err(format!("a frame of {frame:?} pixels on a canvas of {canvas:?}"));
                }
                for chunk in Chunks(body.get(16..).unwrap_or_default()) {
                    let (kind, body) = chunk?;
                    fits(kind, body, frame)?;
                }
            }
            (_, Some(canvas)) => fits(kind, body, canvas)?,
        }
    }
    Ok(())
}

/// Chunks one after the other: four letters, the length, and so many bytes, padded to an even number.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<([u8; 4], &'a [u8]), String>;

    fn next(&mut self) -> Option<Self::Item> {
        const READ: [&[u8; 4]; 9] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"EXIF", b"XMP ", b"ICCP"];
        let (kind, rest) = self.0.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        match rest.split_at_checked(length) {
            Some((body, rest)) => {
                self.0 = rest.get(length % 2..).unwrap_or_default();
                Some(Ok((*kind, body)))
            }
            // Some programs append bytes of their own.
            None if !READ.contains(&kind) => None,
            None => Some(Err(format!("{} ends after the file", String::from_utf8_lossy(kind).trim()))),
        }
    }
}

/// Whether the picture in a chunk has these sides; other chunks have none.
fn fits(kind: [u8; 4], body: &[u8], sides: [u32; 2]) -> Result<(), String> {
    let found = match &kind {
        b"VP8 " => [u24(body, 5)? >> 8 & 0x3fff, u24(body, 7)? >> 8 & 0x3fff],
        b"VP8L" => [u24(body, 1)? & 0x3fff, u24(body, 2)? >> 6 & 0x3fff].map(|less_one| less_one + 1),
        _ => return Ok(()),
    };
    if found == sides { Ok(()) } else { Err(format!("a picture of {found:?} pixels in the place of {sides:?}")) }
}

/// Three bytes, little-endian.
fn u24(body: &[u8], at: usize) -> Result<u32, String> {
    let bytes = body.get(at..at + 3).ok_or("a chunk ends early")?;
    Ok(bytes.iter().rev().fold(0, |n, &byte| n << 8 | u32::from(byte)))
}
