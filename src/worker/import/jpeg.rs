//! The segments of a JPEG file (ITU-T T.81, annex B). The decoder fills what is
//! missing with grey and says nothing, so that a file cut off in download would
//! pass for a whole one: its end is looked for here.

/// What a walk over the segments found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// The end-of-image marker follows the last scan.
    pub complete: bool,
    /// All coefficients are held at once while decoding: two bytes each.
    pub progressive: bool,
    /// 1 for grey, 3 for colour, 4 for CMYK.
    pub components: u8,
}

/// Walks from marker to marker. Thumbnails inside segments are stepped over.
pub fn walk(bytes: &[u8]) -> Walk {
    let mut found = Walk::default();
    let mut at = 2;
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            0xd9 => {
                found.complete = true;
                return found;
            }
            // Stand alone: TEM, restart, start of image.
            0x01 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let Some(length) = bytes.get(at..at + 2).map(|b| usize::from(b[0]) << 8 | usize::from(b[1])) else { break };
        let frame = matches!(marker, 0xc0..=0xcf) && ![0xc4, 0xc8, 0xcc].contains(&marker);
        if frame {
            found.progressive = marker & 3 == 2;
            found.components = bytes.get(at + 7).copied().unwrap_or_default();
        }
        at += length.max(2);
    }
    found
}

/// The next marker's code at or after `at`, which is then behind it. Passes
/// over coded data, where 0xFF is followed by 0.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let rest = bytes.get(*at..)?;
        *at += rest.iter().position(|&b| b == 0xff)? + 1;
        // Any number of 0xFF may come before a marker.
        while bytes.get(*at) == Some(&0xff) {
            *at += 1;
        }
        let code = *bytes.get(*at)?;
        *at += 1;
        if code != 0 {
            return Some(code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::import::samples;

    #[test]
    fn every_cut_is_seen_and_what_follows_the_end_is_not_asked() {
        let whole = samples::jpeg(20, 12);
        let found = walk(&whole);
        assert_eq!(found, Walk { complete: true, progressive: false, components: 3 });
        for end in 0..whole.len() {
            assert!(!walk(&whole[..end]).complete, "cut at {end}");
        }
        assert!(walk(&[whole.as_slice(), b"\0\0appended\xff"].concat()).complete);
    }

    #[test]
    fn an_end_inside_a_segment_is_not_the_end() {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9];
        assert!(!walk(&bytes).complete);
        bytes.extend([0xff, 0xc2, 0, 8, 8, 0, 1, 0, 1, 4, 0xff, 0xff, 0xd9]);
        assert_eq!(walk(&bytes), Walk { complete: true, progressive: true, components: 4 });
    }
}
