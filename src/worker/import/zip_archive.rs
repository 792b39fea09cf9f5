//! A zip archive of images, opened like a folder. Entries are read one at a time through a small window, so
//! that an archive may be larger than memory.

use super::{File, Reader};
use crate::core::dataset::folders::{is_clutter, is_unsafe};
use crate::core::error::FileFault;
use std::io::{Read, Seek, SeekFrom};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// Most bytes of one entry, unpacked.
pub const MAX_ENTRY: u64 = 256 << 20;
/// An entry is a bomb if it has more bytes than this unpacked ...
const BOMB_BYTES: u64 = 16 << 20;
/// ... and more than this many times its packed size. Deflate packs photographs by 1 to 3.
const BOMB_RATIO: u64 = 40;
/// Bytes of an entry in the archive's directory, at least.
const LEAST_ENTRY: u64 = 46;
/// Bytes at the end of an archive in which the directory's own end must lie: it is followed by a comment of at most
/// 65 535 bytes.
const END: u64 = 65_535 + 22 + 20 + 56;

/// An entry as the archive's directory lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub index: usize,
    pub path: String,
    /// Unpacked size, as claimed.
    pub bytes: u64,
}

/// The entries of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Files that can be read, without folders and clutter.
    pub entries: Vec<Entry>,
    /// Files that can't be read.
    pub faults: Vec<(String, FileFault)>,
}

/// An open archive.
pub struct Archive {
    zip: ZipArchive<Reader>,
}

impl Archive {
    /// Reads the directory at the archive's end.
    ///
    /// # Errors
    /// What is wrong with the archive as a whole.
    pub fn open(file: File) -> Result<Self, String> {
        open_archive(Reader::new(file)).map(|zip| Self { zip })
    }

    /// Its files, in the order of the archive.
    pub fn directory(&self) -> Directory {
        let mut directory = Directory::default();
        let length = self.zip.central_directory_start();
        for index in 0..self.zip.len() {
            let Ok(entry) = self.zip.by_index_data(index) else { continue };
            let path = match entry.name() {
                Ok(name) => name.into_owned(),
                Err(_) => String::from_utf8_lossy(entry.name_raw()).into_owned(),
            };
            if entry.is_dir() || path.ends_with(['/', '\\']) {
                continue;
            }
            let method = entry.compression();
            let supported = matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated);
            let fault = if is_unsafe(&path) {
                Some(FileFault::UnsafePath)
            } else if is_clutter(&path) {
                continue;
            } else if entry.encrypted() {
                Some(FileFault::Encrypted)
            } else if !supported {
                Some(FileFault::Compression { method: method_name(method) })
            } else {
                too_much(entry.size(), entry.compressed_size().min(length), MAX_ENTRY)
            };
            match fault {
                Some(fault) => directory.faults.push((path, fault)),
                None => directory.entries.push(Entry { index, path, bytes: entry.size() }),
            }
        }
        directory
    }

    /// Unpacks an entry. `accept` sees its first bytes, [`super::file_kind::HEAD`] or more if the entry has
    /// them, and may refuse the rest.
    ///
    /// # Errors
    /// What is wrong with the entry, or what `accept` says.
    pub fn read(
        &mut self,
        index: usize,
        accept: impl FnOnce(&[u8]) -> Result<(), FileFault>,
    ) -> Result<Vec<u8>, FileFault> {
        // All entries lie before the directory.
        let length = self.zip.central_directory_start();
        let entry = self.zip.by_index(index).map_err(fault)?;
        let (claimed, packed) = (entry.size(), entry.compressed_size().min(length));
        unpack(entry, claimed, packed, MAX_ENTRY, accept)
    }
}

/// All bytes of an entry that claims so many, `packed` before; at most `most`. `accept` as in [`Archive::read`].
fn unpack(
    mut entry: impl Read,
    claimed: u64,
    packed: u64,
    most: u64,
    accept: impl FnOnce(&[u8]) -> Result<(), FileFault>,
) -> Result<Vec<u8>, FileFault> {
    let too_many = |_| FileFault::TooManyBytes { bytes: claimed };
    let damaged = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => FileFault::Damaged { detail: "the archive ends early".to_owned() },
        _ => FileFault::Damaged { detail: e.to_string() },
    };
    // The claimed size may be a lie: count what comes out.
    const STEP: u64 = 64 * 1024;
    let mut bytes = Vec::new();
    let room = claimed.min(most).min(BOMB_BYTES.max(packed.saturating_mul(BOMB_RATIO)));
    bytes.try_reserve_exact((room + STEP) as usize).map_err(too_many)?;
    let mut accept = Some(accept);
    loop {
        bytes.try_reserve(STEP as usize).map_err(too_many)?;
        let got = entry.by_ref().take(STEP).read_to_end(&mut bytes).map_err(damaged)?;
        if let Some(accept) = accept.take() {
            accept(&bytes)?;
        }
        if let Some(fault) = too_much(bytes.len() as u64, packed, most) {
            return Err(fault);
        }
        if got == 0 {
            return Ok(bytes);
        }
    }
}

/// The fault of an entry whose size is wrong, unpacked or beside its packed size.
fn too_much(unpacked: u64, packed: u64, most: u64) -> Option<FileFault> {
    if unpacked > BOMB_BYTES && unpacked / BOMB_RATIO > packed {
        Some(FileFault::Bomb)
    } else {
        (unpacked > most).then_some(FileFault::TooManyBytes { bytes: unpacked })
    }
}

fn method_name(method: CompressionMethod) -> String {
    // `Unsupported(14)` → `method 14`
    let name = format!("{method:?}");
    match name.strip_prefix("Unsupported(").and_then(|rest| rest.strip_suffix(')')) {
        Some("9") => "Deflate64".to_owned(),
        Some("12") => "bzip2".to_owned(),
        Some("14") => "LZMA".to_owned(),
        Some("93") => "Zstandard".to_owned(),
        Some("95") => "xz".to_owned(),
        Some("98") => "PPMd".to_owned(),
        Some(number) => format!("method {number}"),
        None => name,
    }
}

fn fault(error: ZipError) -> FileFault {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => FileFault::Encrypted,
        ZipError::CompressionMethodNotSupported(number) => {
            FileFault::Compression { method: format!("method {number}") }
        }
        other => FileFault::Damaged { detail: error_detail(other) },
    }
}

/// Opens an archive whose directory can have as many entries as its end claims: room for them is made before they are read.
///
/// # Errors
/// What is wrong with the archive, in words.
pub fn open_archive<R: Read + Seek>(mut reader: R) -> Result<ZipArchive<R>, String> {
    let length = reader.seek(SeekFrom::End(0)).map_err(|e| e.to_string())?;
    let start = length.saturating_sub(END);
    let mut tail = Vec::new();
    reader.seek(SeekFrom::Start(start)).map_err(|e| e.to_string())?;
    reader.by_ref().take(END).read_to_end(&mut tail).map_err(|e| e.to_string())?;
    let last = |signature: &[u8; 4], bytes: &[u8]| bytes.windows(4).rposition(|window| window == signature);
    let number = |at: usize, bytes: usize| {
        let bytes = tail.get(at..at + bytes)?;
        Some(bytes.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    };
    let end = last(b"PK\x05\x06", &tail).ok_or("it has no directory at its end")?;
    // In ZIP64 another end comes before it, and between them the place of that one.
    let wide = last(b"PK\x06\x07", &tail[..end]).filter(|locator| locator + 20 == end);
    let wide = wide.and_then(|locator| last(b"PK\x06\x06", &tail[..locator]));
    let counts = match wide {
        Some(wide) => [number(wide + 24, 8), number(wide + 32, 8)],
        None => [number(end + 8, 2), number(end + 10, 2)],
    };
    let entries = counts.into_iter().flatten().max().ok_or("its directory ends early")?;
    if entries > length / LEAST_ENTRY {
        return Err(format!("its directory claims {entries} entries, for which it has no room"));
    }
    ZipArchive::new(reader).map_err(error_detail)
}

/// What is wrong with an archive, in words.
fn error_detail(error: ZipError) -> String {
    match error {
        ZipError::InvalidArchive(detail) => detail.into_owned(),
        other => other.to_string(),
    }
}

/// Unpacks a file of an archive by its name, and compares its checksum. `None` if the
/// archive has no such file.
///
/// # Errors
/// What is wrong with the file, in words; also if it has more than `most` bytes.
pub fn read_named(zip: &mut ZipArchive<impl Read + Seek>, name: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
    let length = zip.central_directory_start();
    let entry = match zip.by_name(name) {
        Ok(entry) => entry,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(error_detail(error)),
    };
    let (claimed, packed) = (entry.size(), entry.compressed_size().min(length));
    let read = match too_much(claimed, packed, most) {
        Some(fault) => Err(fault),
        None => unpack(entry, claimed, packed, most, |_| Ok(())),
    };
    read.map(Some).map_err(|fault| match fault {
        FileFault::Damaged { detail } => detail,
        FileFault::Bomb => "it unpacks to far more than its packed size".to_owned(),
        _ => format!("more than {most} bytes"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::import::{Bytes, samples};

    fn open(bytes: Vec<u8>) -> Archive {
        Archive::open(Bytes::file("a.zip", bytes)).unwrap()
    }

    /// Overwrites `old` wherever it stands: the local header and the directory.
    fn patch(bytes: &mut [u8], old: &[u8], new: &[u8]) {
        assert_eq!(old.len(), new.len());
        let places: Vec<usize> = (0..bytes.len() - old.len()).filter(|&i| bytes[i..].starts_with(old)).collect();
        assert!(places.len() >= 2);
        places.into_iter().for_each(|i| bytes[i..i + new.len()].copy_from_slice(new));
    }

    /// Sets two bytes at an offset of every local header and directory entry.
    fn set_field(bytes: &mut [u8], local: usize, central: usize, value: [u8; 2]) {
        for i in 0..bytes.len() - 4 {
            let offset = match &bytes[i..i + 4] {
                b"PK\x03\x04" => local,
                b"PK\x01\x02" => central,
                _ => continue,
            };
            bytes[i + offset..i + offset + 2].copy_from_slice(&value);
        }
    }

    #[test]
    fn entries_are_listed_without_clutter_and_read() {
        let files: [(&str, &[u8]); 4] =
            [("set/cat/1.png", b"one"), ("__MACOSX/set/._1.png", b"x"), ("set/.DS_Store", b"x"), ("set/b.txt", b"two")];
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let mut archive = open(samples::zip_by(method, &files));
            let directory = archive.directory();
            assert_eq!(directory.faults, []);
            let paths: Vec<&str> = directory.entries.iter().map(|e| e.path.as_str()).collect();
            assert_eq!(paths, ["set/cat/1.png", "set/b.txt"]);
            assert_eq!(archive.read(directory.entries[1].index, |_| Ok(())).unwrap(), b"two");
        }
    }

    #[test]
    fn paths_that_leave_the_archive_are_named() {
        let files: [(&str, &[u8]); 4] =
            [("xx/a.png", b"1"), ("yy/b.png", b"2"), ("z/c/d.png", b"3"), ("ok\\e.png", b"4")];
        let mut bytes = samples::zip(&files);
        patch(&mut bytes, b"xx/a.png", b"../a.png");
        patch(&mut bytes, b"yy/b.png", b"/y/b.png");
        patch(&mut bytes, b"z/c/d.png", b"z\\..\\.png");
        let directory = open(bytes).directory();
        let unsafe_paths: Vec<&str> = directory.faults.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(unsafe_paths, ["../a.png", "/y/b.png", "z\\..\\.png"]);
        assert!(directory.faults.iter().all(|(_, fault)| *fault == FileFault::UnsafePath));
        assert_eq!(directory.entries.len(), 1, "a backslash alone is Windows' way to write a folder");
    }

    #[test]
    fn encrypted_and_unknown_packing_are_named() {
        let mut bytes = samples::zip(&[("a.png", b"1")]);
        set_field(&mut bytes, 6, 8, [1, 0]);
        assert_eq!(open(bytes).directory().faults, [("a.png".to_owned(), FileFault::Encrypted)]);
        let mut bytes = samples::zip(&[("a.png", b"1")]);
        set_field(&mut bytes, 8, 10, [93, 0]);
        let fault = FileFault::Compression { method: "Zstandard".to_owned() };
        assert_eq!(open(bytes).directory().faults, [("a.png".to_owned(), fault)]);
    }

    #[test]
    fn a_bomb_is_named_by_its_claim_and_when_the_claim_lies() {
        let zeros = vec![0; 20 << 20];
        let mut bytes = samples::zip(&[("a.bmp", &zeros), ("b.bmp", b"fine")]);
        assert_eq!(open(bytes.clone()).directory().faults, [("a.bmp".to_owned(), FileFault::Bomb)]);
        // Unpacked size in the directory: offset 24.
        let directory = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[directory + 24..directory + 28].copy_from_slice(&100u32.to_le_bytes());
        let mut archive = open(bytes);
        assert_eq!(archive.directory().faults, []);
        assert!(matches!(archive.read(0, |_| Ok(())), Err(FileFault::Bomb | FileFault::Damaged { .. })));
        assert_eq!(archive.read(1, |_| Ok(())).unwrap(), b"fine");
    }

    #[test]
    fn a_large_entry_is_no_bomb_unless_the_archive_is_smaller_than_it_claims() {
        let bytes = 300 << 20;
        assert_eq!(too_much(bytes, bytes, MAX_ENTRY), Some(FileFault::TooManyBytes { bytes }));
        let mut bytes = samples::zip_by(CompressionMethod::Stored, &[("a.bin", b"content"), ("b.png", b"fine")]);
        let directory = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        // Packed and unpacked size.
        let size: u32 = 300 << 20;
        for offset in [20, 24] {
            bytes[directory + offset..directory + offset + 4].copy_from_slice(&size.to_le_bytes());
        }
        let found = open(bytes).directory();
        assert_eq!(found.faults, [("a.bin".to_owned(), FileFault::Bomb)]);
        assert_eq!(found.entries.len(), 1);
    }

    #[test]
    fn changed_bytes_are_seen_by_the_checksum_and_a_refusal_stops_early() {
        let mut bytes = samples::zip_by(CompressionMethod::Stored, &[("a.png", b"content")]);
        let at = bytes.windows(7).position(|w| w == b"content").unwrap();
        bytes[at] = b'k';
        assert!(matches!(open(bytes).read(0, |_| Ok(())), Err(FileFault::Damaged { .. })));
        let mut archive = open(samples::zip(&[("a.png", b"content")]));
        assert_eq!(
            archive.read(0, |head| Err(FileFault::BadRow { line: head.len() })),
            Err(FileFault::BadRow { line: 7 })
        );
    }

    #[test]
    fn every_cut_and_random_bytes_give_an_error_and_no_panic() {
        let image = samples::png([1, 2, 3]);
        let bytes = samples::zip(&[("cat/1.png", &image), ("dog/2.png", &image)]);
        let attempt = |bytes: Vec<u8>| {
            let Ok(mut archive) = Archive::open(Bytes::file("a.zip", bytes)) else { return false };
            let directory = archive.directory();
            directory.entries.iter().for_each(|entry| drop(archive.read(entry.index, |_| Ok(()))));
            true
        };
        assert!(attempt(bytes.clone()));
        for end in 0..bytes.len() {
            assert!(!attempt(bytes[..end].to_vec()), "cut at {end}");
        }
        let mut rng = crate::core::rng::Rng::new(4);
        for _ in 0..500 {
            let mut broken = bytes.clone();
            for _ in 0..1 + rng.below(3) {
                let at = rng.below(broken.len());
                broken[at] = rng.next_u64() as u8;
            }
            attempt(broken);
        }
    }
}
