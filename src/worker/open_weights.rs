//! Opens a file of weights, whatever its format: safetensors, or a PyTorch state dict in today's zip format or
//! in the one before it.

use super::import::file_kind::{FileKind, HEAD, kind_of_content};
use super::import::zip_archive::{open_archive, read_named};
use crate::core::weights_file::pytorch::{OLD_MAGIC, PytorchFile, Stored, open_old, tensors};
use crate::core::weights_file::{WeightsFault, WeightsFile, not_a_float, pickle};
use crate::learn::published::SafetensorsFile;
use std::io::Cursor;
use zip::ZipArchive;

/// Most bytes of the pickle of a state dict: a large one has 200 KB.
const MOST_PICKLE: u64 = 4 << 20;

/// Opens a file of weights by its bytes, whatever its name. No code in it is run.
///
/// # Errors
/// [`WeightsFault`]: what the file seems to be if it holds no weights, or what is wrong with it.
pub fn open(bytes: &[u8]) -> Result<Box<dyn WeightsFile + '_>, WeightsFault> {
    if bytes.is_empty() {
        return Err(WeightsFault::Empty);
    }
    if bytes.starts_with(OLD_MAGIC) {
        return Ok(Box::new(open_old(bytes)?));
    }
    // A safetensors file begins with the length of its header, which is JSON.
    if bytes.get(8) == Some(&b'{') {
        return Ok(Box::new(SafetensorsFile::open(bytes)?));
    }
    match kind_of_content(&bytes[..bytes.len().min(HEAD)]) {
        FileKind::Zip => Ok(Box::new(open_zip(bytes)?)),
        _ => Err(not_weights(bytes)),
    }
}

/// The fault of a file that holds no weights, by its first bytes.
pub fn not_weights(head: &[u8]) -> WeightsFault {
    WeightsFault::NotWeights { looks_like: kind_of_content(&head[..head.len().min(HEAD)]).name() }
}

/// Opens what `torch.save` has written since version 1.6: a zip archive with `data.pkl` and `data/<key>`, all in one
/// folder.
fn open_zip(bytes: &[u8]) -> Result<impl WeightsFile, WeightsFault> {
    let mut zip = open_archive(Cursor::new(bytes)).map_err(|detail| {
        let detail = format!("not a readable zip archive ({detail})");
        WeightsFault::Damaged { detail }
    })?;
    let names: Vec<String> = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    // The folder's name and a slash, or nothing.
    let of = |name: &String| {
        name.strip_suffix("data.pkl").filter(|folder| folder.is_empty() || folder.ends_with('/')).map(str::to_owned)
    };
    let Some(folder) = names.iter().find_map(of) else {
        return Err(WeightsFault::NotWeights { looks_like: Some("zip archive without data.pkl".into()) });
    };
    if names.contains(&format!("{folder}constants.pkl")) {
        return Err(WeightsFault::TorchScript);
    }
    let order = entry(&mut zip, &format!("{folder}byteorder"), 16)?;
    if order.is_some_and(|order| order.starts_with(b"big")) {
        return Err(WeightsFault::Damaged { detail: "its numbers begin with their greatest byte".into() });
    }
    let pickled = entry(&mut zip, &format!("{folder}data.pkl"), MOST_PICKLE)?.unwrap_or_default();
    let storage = move |tensor: &Stored| {
        let width = tensor.header.number.bytes().ok_or_else(|| not_a_float(&tensor.header))?;
        let name = format!("{folder}data/{}", tensor.key);
        let missing = || WeightsFault::Damaged { detail: format!("it has no {name}") };
        entry(&mut zip, &name, (tensor.count as u64).saturating_mul(width as u64))?.ok_or_else(missing)
    };
    Ok(PytorchFile::new(tensors(&pickle::read(&pickled)?)?, storage))
}

/// One file of the archive; `None` if there is no such file.
fn entry(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str, most: u64) -> Result<Option<Vec<u8>>, WeightsFault> {
    let damaged = |detail: String| WeightsFault::Damaged { detail: format!("{name}: {detail}") };
    read_named(zip, name, most).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::weights_file::fixture::{self, Entry};
    use crate::core::{architecture::Architecture, imagenet::ImageNetEncoder};
    use crate::learn::published::{Loaded, load, tensors};
    use crate::learn::{block_on::block_on, encoder::Encoder};
    use crate::worker::import::samples;
    use burn::tensor::Device;
    use zip::CompressionMethod;

    fn archive(files: &[(String, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        samples::zip_by(method, &files)
    }

    /// The files that `torch.save` writes.
    fn saved(folder: &str, entries: &[Entry]) -> Vec<(String, Vec<u8>)> {
        let mut files = vec![
            (format!("{folder}data.pkl"), fixture::state_dict(entries, b"")),
            (format!("{folder}byteorder"), b"little".to_vec()),
        ];
        files.extend(
            entries.iter().enumerate().map(|(key, entry)| (format!("{folder}data/{key}"), entry.bytes.clone())),
        );
        files.push((format!("{folder}version"), b"3\n".to_vec()));
        files
    }

    fn small() -> Vec<Entry> {
        vec![Entry::floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), Entry::counter("bn.num_batches_tracked")]
    }

    fn fault(bytes: &[u8]) -> WeightsFault {
        match open(bytes) {
            Ok(_) => panic!("opened"),
            Err(fault) => fault,
        }
    }

    #[test]
    fn a_state_dict_in_a_zip_is_read_packed_or_not() {
        for (folder, method) in [("net/", CompressionMethod::Stored), ("", CompressionMethod::Deflated)] {
            let bytes = archive(&saved(folder, &small()), method);
            let mut file = open(&bytes).unwrap();
            assert_eq!(file.tensors().len(), 2);
            assert_eq!(file.read(0).unwrap(), [1.0, 2.0, 3.0, 4.0]);
            assert!(matches!(file.read(1), Err(WeightsFault::Type { .. })));
        }
    }

    /// ResNet-18 as torchvision publishes it, in PyTorch's format of today and the one before.
    #[test]
    fn a_whole_network_comes_out_of_pytorchs_files() {
        let device = Device::flex();
        let wanted = tensors(&Encoder::imagenet(ImageNetEncoder::of(Architecture::ResNet18).unwrap(), &device));
        let value = |tensor: usize, entry: usize| ((tensor * 31 + entry) % 1009) as f32 / 1009.0;
        let mut entries: Vec<Entry> = wanted
            .iter()
            .enumerate()
            .map(|(i, (name, shape))| {
                let values: Vec<f32> = (0..shape.iter().product()).map(|entry| value(i, entry)).collect();
                Entry::floats(name, shape, &values)
            })
            .collect();
        entries.push(Entry::counter("bn1.num_batches_tracked"));
        entries.push(Entry::floats("fc.weight", &[10, 512], &[0.0; 5120]));
        let zipped = archive(&saved("resnet18/", &entries), CompressionMethod::Stored);
        let mut fingerprints = Vec::new();
        for bytes in [zipped, fixture::old_file(&entries)] {
            let Loaded { which, encoder, fingerprint } = load(&mut *open(&bytes).unwrap(), &device).unwrap();
            fingerprints.push(fingerprint);
            assert_eq!(which, ImageNetEncoder::of(Architecture::ResNet18).unwrap());
            let loaded = block_on(crate::learn::named_tensors::tensors(&encoder)).unwrap();
            assert_eq!(loaded.len(), wanted.len());
            for (i, (tensor, (name, shape))) in loaded.iter().zip(&wanted).enumerate() {
                assert_eq!((&tensor.name, &tensor.shape), (name, shape));
                assert!(tensor.values.iter().enumerate().all(|(entry, v)| *v == value(i, entry)), "{name}");
            }
        }
        assert_eq!(fingerprints[0], fingerprints[1], "the same weights in both formats");
    }

    #[test]
    fn what_is_no_file_of_weights_is_named() {
        assert_eq!(fault(b""), WeightsFault::Empty);
        let looks_like = |bytes: &[u8]| match fault(bytes) {
            WeightsFault::NotWeights { looks_like } => looks_like.unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        assert_eq!(looks_like(b"<!DOCTYPE html><html>404"), "web page");
        assert_eq!(looks_like(b"\x89PNG\r\n\x1a\n\0\0"), "Png image");
        assert_eq!(looks_like(b"\x89HDF\r\n"), "HDF5 file");
        assert_eq!(looks_like(&[1, 2, 3]), "");
        let photos = archive(&[("cat.png".into(), vec![1])], CompressionMethod::Stored);
        assert_eq!(looks_like(&photos), "zip archive without data.pkl");
        let mut script = saved("net/", &small());
        script.push(("net/constants.pkl".into(), Vec::new()));
        assert_eq!(fault(&archive(&script, CompressionMethod::Stored)), WeightsFault::TorchScript);
    }

    #[test]
    fn a_pickle_that_would_run_something_is_refused() {
        let evil = vec![("net/data.pkl".to_owned(), b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.".to_vec())];
        let refused = fault(&archive(&evil, CompressionMethod::Stored));
        assert!(matches!(&refused, WeightsFault::Global { name } if name.contains("os.system")), "{refused:?}");
    }

    #[test]
    fn damage_is_told() {
        let good = archive(&saved("net/", &small()), CompressionMethod::Stored);
        assert!(matches!(fault(&good[..good.len() / 2]), WeightsFault::Damaged { .. }));
        // One bit of a number: the archive's checksum knows.
        let at = good.windows(4).position(|w| w == 2f32.to_le_bytes()).unwrap();
        let mut changed = good.clone();
        changed[at] ^= 1;
        assert!(matches!(open(&changed).unwrap().read(0), Err(WeightsFault::Damaged { .. })));
        // A storage that is not there, or larger than its tensors need.
        let mut files = saved("net/", &small());
        files.retain(|(name, _)| name != "net/data/0");
        let without = archive(&files, CompressionMethod::Stored);
        let missing = open(&without).unwrap().read(0);
        assert!(
            matches!(&missing, Err(WeightsFault::Damaged { detail }) if detail.contains("net/data/0")),
            "{missing:?}"
        );
        let mut files = saved("net/", &small());
        files.iter_mut().filter(|(name, _)| name == "net/data/0").for_each(|(_, bytes)| bytes.resize(1 << 20, 0));
        let larger = archive(&files, CompressionMethod::Deflated);
        assert!(matches!(open(&larger).unwrap().read(0), Err(WeightsFault::Damaged { .. })));
        let mut files = saved("net/", &small());
        files.iter_mut().filter(|(name, _)| name == "net/byteorder").for_each(|(_, bytes)| *bytes = b"big".to_vec());
        assert!(matches!(fault(&archive(&files, CompressionMethod::Stored)), WeightsFault::Damaged { .. }));
    }
}
