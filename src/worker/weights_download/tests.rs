mod fake;

use super::fetch::open_or_fetch;
use super::stored::{self, Note, StoredFile};
use super::*;
use crate::core::error::{DownloadFault, Fault, StorageFault};
use crate::core::weights_file::{WeightsFault, WeightsFile};
use crate::core::{architecture::Architecture, imagenet::DownloadedWeights};
use crate::worker::storage::memory::Memory;
use crate::worker::storage::{FileSystem, Storage};
use burn::tensor::read_sync as wait;
use fake::{Fake, Ranges};
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest, Sha256};
use std::cell::RefCell;

const ENCODER: ImageNetEncoder = ImageNetEncoder::of(Architecture::ResNet18).unwrap();
const OPEN: PublishedFile = PublishedFile { repository: "timm/net", revision: "main", length: None, sha256: None };

/// A network whose classifier stands amid its tensors, as in timm's files.
fn tensors() -> Vec<(String, Vec<usize>)> {
    [("a.weight", [40, 3]), ("z.weight", [30, 30]), ("z.bias", [7, 1])]
        .map(|(n, s)| (n.to_owned(), s.to_vec()))
        .to_vec()
}

fn value(name: &str, at: usize) -> f32 {
    f32::from(name.as_bytes()[0]) + at as f32
}

/// A published file: the network, counters and a classifier of so many numbers.
fn published(dtype: Dtype, classifier: usize) -> Vec<u8> {
    let number = |v: f32| match dtype {
        Dtype::BF16 => v.to_le_bytes()[2..].to_vec(),
        _ => v.to_le_bytes().to_vec(),
    };
    let floats = |name: &str, count: usize| (0..count).flat_map(|at| number(value(name, at))).collect::<Vec<u8>>();
    let mut stored: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = vec![
        ("a.num_batches_tracked".into(), Dtype::I64, vec![], vec![3; 8]),
        ("fc.weight".into(), dtype, vec![classifier], floats("fc.weight", classifier)),
    ];
    for (name, shape) in tensors() {
        let bytes = floats(&name, shape.iter().product());
        stored.push((name, dtype, shape, bytes));
    }
    let views = stored.iter().map(|(name, d, shape, bytes)| (name, TensorView::new(*d, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

/// A classifier that ranges are worth it for.
const LARGE: usize = 50_000;

/// Gives up after so many bytes of what is wanted.
#[derive(Default)]
struct Patience {
    most: Option<u64>,
    told: RefCell<Vec<(u64, u64)>>,
}

impl DownloadWatch for Patience {
    fn received(&self, received: u64, total: u64) {
        self.told.borrow_mut().push((received, total));
    }

    fn cancelled(&self) -> bool {
        self.most.is_some_and(|most| self.told.borrow().last().is_some_and(|(received, _)| *received >= most))
    }
}

type Kept = StoredFile<<Memory as FileSystem>::OpenFile>;

fn open_or_fetch_as(
    storage: &Storage<Memory>,
    fake: &Fake,
    published: &PublishedFile,
    watch: &Patience,
) -> Result<Kept, Fault> {
    let tensors = tensors();
    let url = published.url("https://hub.test");
    wait(open_or_fetch(storage, &fake, &Wanted { encoder: ENCODER, published, url: &url, tensors: &tensors }, watch))
}

fn open_or_fetch_from(storage: &Storage<Memory>, fake: &Fake) -> Result<Kept, Fault> {
    open_or_fetch_as(storage, fake, &OPEN, &Patience::default())
}

fn fault(fake: &Fake, published: &PublishedFile) -> Fault {
    match open_or_fetch_as(&Storage::default(), fake, published, &Patience::default()) {
        Ok(_) => panic!("fetched"),
        Err(fault) => fault,
    }
}

/// All numbers of the network are there, and nothing else.
fn check(mut file: Kept) {
    let headers = file.tensors().to_vec();
    assert_eq!(headers.len(), tensors().len());
    for (at, header) in headers.iter().enumerate() {
        assert!(tensors().contains(&(header.name.clone(), header.shape.clone())));
        let values = file.read(at).unwrap();
        let bf16 = |v: f32| f32::from_bits(v.to_bits() & 0xffff_0000);
        let right = |(at, v): (usize, &f32)| *v == value(&header.name, at) || *v == bf16(value(&header.name, at));
        assert!(
            values.len() == header.shape.iter().product::<usize>() && values.iter().enumerate().all(right),
            "{}",
            header.name
        );
    }
}

fn fake(file: Vec<u8>, ranges: Ranges) -> Fake {
    Fake { file, ranges, ..Fake::default() }
}

#[test]
fn only_the_encoders_tensors_are_fetched_and_once() {
    for ranges in [Ranges::Given, Ranges::Hidden] {
        let (fake, storage) = (fake(published(Dtype::F32, LARGE), ranges), Storage::new(Memory::default()));
        let watch = Patience::default();
        check(open_or_fetch_as(&storage, &fake, &OPEN, &watch).unwrap());
        assert!(fake.sent.get() < fake.file.len() / 10, "{} of {}", fake.sent.get(), fake.file.len());
        // The beginning, what stands before the classifier and what stands after it.
        assert_eq!(fake.asked.borrow().len(), 3);
        let told = watch.told.borrow();
        let (received, total) = *told.last().unwrap();
        assert!(told.is_sorted() && received == total && told.iter().all(|(_, t)| *t == total));
        let kept = DownloadedWeights { encoder: ENCODER, bytes: total, whole: false };
        // Whole, but not what the program's own table says, of which the list is.
        assert_eq!(wait(stored::list(&storage)).unwrap(), [kept]);
        // The second time it is here.
        check(open_or_fetch_from(&storage, &Fake::default()).unwrap());
        wait(stored::delete(&storage, ENCODER)).unwrap();
        assert!(storage.files().paths().is_empty());
    }
}

#[test]
fn a_gap_that_costs_less_than_a_request_is_fetched_with_the_rest() {
    let fake = fake(published(Dtype::BF16, 1_000), Ranges::Given);
    check(open_or_fetch_from(&Storage::default(), &fake).unwrap());
    assert_eq!(fake.asked.borrow().len(), 2);
}

#[test]
fn without_ranges_the_whole_file_is_taken() {
    for (ranges, requests) in [(Ranges::Ignored, 1), (Ranges::Refused, 2), (Ranges::Shifted, 2)] {
        for dtype in [Dtype::F32, Dtype::BF16] {
            let fake = fake(published(dtype, LARGE), ranges);
            check(open_or_fetch_from(&Storage::default(), &fake).unwrap());
            assert_eq!(fake.asked.borrow().len(), requests);
        }
    }
    // Another file comes in the midst of it: what was fetched is no part of it.
    let fake = fake(published(Dtype::F32, LARGE), Ranges::Given);
    *fake.etag.borrow_mut() = Some("one");
    let storage = Storage::default();
    let patience = Patience { most: Some(1_000), ..Patience::default() };
    assert_eq!(open_or_fetch_as(&storage, &fake, &OPEN, &patience).err(), Some(Fault::Stopped));
    *fake.etag.borrow_mut() = Some("two");
    fake.sent.set(0);
    check(open_or_fetch_from(&storage, &fake).unwrap());
    let alone = Fake { file: fake.file.clone(), ..Fake::default() };
    check(open_or_fetch_from(&Storage::default(), &alone).unwrap());
    assert_eq!(fake.sent.get(), alone.sent.get(), "it began anew");
}

#[test]
fn a_cut_connection_goes_on_where_it_was_cut() {
    for quietly in [false, true] {
        for cuts in [vec![0], vec![3, 900, 70, 1_000, 1], vec![1_024, 10, 10, 10, 10, 10, 10, 10, 10]] {
            let fake = Fake { cuts: RefCell::new(cuts), quietly, ..fake(published(Dtype::F32, LARGE), Ranges::Given) };
            check(open_or_fetch_from(&Storage::default(), &fake).unwrap());
            let whole = Fake { file: fake.file.clone(), ..Fake::default() };
            check(open_or_fetch_from(&Storage::default(), &whole).unwrap());
            // Nothing that is kept was asked for twice: at most the beginning of the header.
            assert!(fake.sent.get() <= whole.sent.get() + 1_024);
        }
    }
    // The whole file can only begin anew.
    let cuts = RefCell::new(vec![20_000, 150_000]);
    let fake = Fake { cuts, ..fake(published(Dtype::F32, LARGE), Ranges::Ignored) };
    check(open_or_fetch_from(&Storage::default(), &fake).unwrap());
    assert_eq!(fake.asked.borrow().len(), 3);
}

#[test]
fn what_was_cancelled_or_cut_off_for_good_goes_on_at_the_next_visit() {
    let fake = fake(published(Dtype::F32, LARGE), Ranges::Given);
    let files = Memory::default();
    let patience = Patience { most: Some(2_000), ..Patience::default() };
    let storage = Storage::new(files.clone());
    assert_eq!(open_or_fetch_as(&storage, &fake, &OPEN, &patience).err(), Some(Fault::Stopped));
    let (before, _) = *patience.told.borrow().last().unwrap();
    assert_eq!(files.unflushed.get(), 0, "what counts is written through");
    // The connection breaks for good.
    let broken = Fake { cuts: RefCell::new(vec![1_024, 500, 0, 0, 0, 0]), file: fake.file.clone(), ..Fake::default() };
    let Err(Fault::Download(DownloadFault::Interrupted { received, total, detail })) =
        open_or_fetch_from(&Storage::new(files.clone()), &broken)
    else {
        panic!("not interrupted")
    };
    assert_eq!((received, &detail[..]), (before + 500, "connection reset"));
    assert_eq!(files.unflushed.get(), 0);
    // Another visit.
    let storage = Storage::new(files);
    let kept = wait(stored::list(&storage)).unwrap();
    assert_eq!(kept, [DownloadedWeights { encoder: ENCODER, bytes: total, whole: false }]);
    fake.sent.set(0);
    let watch = Patience::default();
    check(open_or_fetch_as(&storage, &fake, &OPEN, &watch).unwrap());
    assert_eq!(watch.told.borrow()[0], (received, total));
    assert_eq!(fake.sent.get() as u64, 1_024 + total - received);
}

#[test]
fn ranges_of_one_file_and_the_whole_of_another_do_not_mix() {
    let files = Memory::default();
    let kept = || wait(files.read(&stored::file_path(ENCODER))).unwrap().unwrap();
    let etag = || wait(stored::note(&Storage::new(files.clone()), ENCODER)).unwrap().unwrap().etag;
    let server = |etag, ranges| Fake { etag: RefCell::new(Some(etag)), ..fake(published(Dtype::F32, LARGE), ranges) };
    let patience = Patience { most: Some(3_000), ..Patience::default() };
    let first = server("one", Ranges::Given);
    assert_eq!(open_or_fetch_as(&Storage::new(files.clone()), &first, &OPEN, &patience).err(), Some(Fault::Stopped));
    assert_eq!((kept().len() >= 3_000, etag().as_deref()), (true, Some("one")));
    // The whole of it breaks off for good, before it is as long.
    for (tag, cuts) in [("one", vec![1_500; 4]), ("two", vec![1_500; 4])] {
        let whole = Fake { cuts: RefCell::new(cuts), ..server(tag, Ranges::Ignored) };
        let broken = open_or_fetch_from(&Storage::new(files.clone()), &whole).err();
        assert!(matches!(broken, Some(Fault::Download(DownloadFault::Interrupted { .. }))), "{broken:?}");
        assert!(kept().len() <= 1_500, "{} bytes", kept().len());
        assert_eq!(etag().as_deref(), Some(tag));
    }
    check(open_or_fetch_from(&Storage::new(files.clone()), &first).unwrap());
}

#[test]
fn a_note_that_cant_be_read_hides_nothing() {
    let server = fake(published(Dtype::F32, LARGE), Ranges::Given);
    let files = Memory::default();
    check(open_or_fetch_from(&Storage::new(files.clone()), &server).unwrap());
    let storage = Storage::new(files.clone());
    let notes: Vec<String> = files.paths().into_iter().filter(|path| path.contains("/note")).collect();
    let held: Vec<_> = notes.iter().map(|path| wait(files.lock(path)).unwrap()).collect();
    assert!(matches!(wait(stored::note(&storage, ENCODER)), Err(StorageFault::Held { .. })));
    assert_eq!(wait(stored::list(&storage)).unwrap(), [DownloadedWeights { encoder: ENCODER, bytes: 0, whole: false }]);
    drop(held);
    assert!(wait(stored::list(&storage)).unwrap()[0].bytes > 0);
}

#[test]
fn a_server_that_is_busy_or_away_is_asked_again() {
    let fake = Fake { first: RefCell::new(vec![0, 503, 429]), ..fake(published(Dtype::F32, 9), Ranges::Given) };
    check(open_or_fetch_from(&Storage::default(), &fake).unwrap());
    assert_eq!(fake.rested.get(), 500 + 1_000 + 2_000, "longer and longer");
    let away = |first: Vec<u16>| Fake { first: RefCell::new(first), ..Fake::default() };
    let address = OPEN.url("https://hub.test");
    assert_eq!(
        fault(&away(vec![0; 9]), &OPEN),
        DownloadFault::Unreachable { address: address.clone(), detail: "no connection".into() }.into()
    );
    assert_eq!(
        fault(&away(vec![503; 9]), &OPEN),
        DownloadFault::Status { address: address.clone(), status: 503 }.into()
    );
    let missing = away(vec![404]);
    assert_eq!(fault(&missing, &OPEN), DownloadFault::Status { address, status: 404 }.into());
    assert_eq!((missing.asked.borrow().len(), missing.rested.get()), (1, 0));
}

#[test]
fn a_wrong_file_is_told_by_what_it_seems_to_be() {
    let told = |file: &[u8]| {
        let [one, two] = [Ranges::Given, Ranges::Ignored].map(|ranges| fault(&fake(file.to_vec(), ranges), &OPEN));
        assert_eq!(one, two);
        let Fault::Weights(fault) = one else { panic!("{one:?}") };
        fault
    };
    assert_eq!(told(b""), WeightsFault::Empty);
    assert_eq!(told(b"<!doctype html><html>"), WeightsFault::NotWeights { looks_like: Some("web page".into()) });
    assert_eq!(told(b"PK\x03\x04abcdefgh"), WeightsFault::NotWeights { looks_like: Some("zip archive".into()) });
    assert!(matches!(told(b"\x09\0\0\0\0\0\0\0{\"a\":1}  "), WeightsFault::Damaged { .. }));
    let good = published(Dtype::F32, LARGE);
    assert!(matches!(told(&good[..100]), WeightsFault::Damaged { .. }));
    // A network that lacks a tensor.
    let bytes = [0; 480];
    let view = TensorView::new(Dtype::F32, vec![40, 3], &bytes).unwrap();
    let fault = told(&safetensors::serialize([("a.weight", view)], None).unwrap());
    let WeightsFault::Unfit { nearest, missing, .. } = fault else { panic!("{fault:?}") };
    assert_eq!((nearest, &missing[..]), (ENCODER, &["z.weight".to_owned(), "z.bias".to_owned()][..]));
    // Whole numbers.
    assert!(matches!(told(&published(Dtype::I32, 5)), WeightsFault::Type { .. }));
}

#[test]
fn a_file_of_another_length_is_told() {
    let good = published(Dtype::F32, LARGE);
    let length = good.len() as u64;
    let mut longer = good.clone();
    longer.extend([0; 4]);
    for ranges in [Ranges::Given, Ranges::Ignored, Ranges::Refused] {
        let pinned = PublishedFile { length: Some(length + 8), ..OPEN };
        let wrong = DownloadFault::WrongLength { expected: length + 8, found: length };
        assert_eq!(fault(&fake(good.clone(), ranges), &pinned), wrong.into());
    }
    let wrong = DownloadFault::WrongLength { expected: length, found: length + 4 };
    assert_eq!(fault(&fake(longer, Ranges::Given), &OPEN), wrong.into());
    let cut = good[..good.len() - 4].to_vec();
    for ranges in [Ranges::Given, Ranges::Ignored] {
        let wrong = DownloadFault::WrongLength { expected: length, found: length - 4 };
        assert_eq!(fault(&fake(cut.clone(), ranges), &OPEN), wrong.into());
    }
}

#[test]
fn the_sum_of_the_whole_file_is_compared() {
    let good = published(Dtype::F32, LARGE);
    let sum: &'static str = stored::hex(&Sha256::digest(&good)).leak();
    let pinned = PublishedFile { sha256: Some(sum), ..OPEN };
    let watch = Patience::default();
    check(open_or_fetch_as(&Storage::default(), &fake(good.clone(), Ranges::Ignored), &pinned, &watch).unwrap());
    assert_eq!(watch.told.borrow().last(), Some(&(good.len() as u64, good.len() as u64)));
    let mut changed = good;
    *changed.last_mut().unwrap() ^= 1;
    let storage = Storage::default();
    let server = fake(changed, Ranges::Refused);
    let Err(Fault::Download(DownloadFault::WrongSum { expected, .. })) =
        open_or_fetch_as(&storage, &server, &pinned, &Patience::default())
    else {
        panic!("taken")
    };
    assert_eq!(expected, sum);
    assert!(storage.files().paths().is_empty(), "nothing of it is kept");
}

#[test]
fn kept_weights_that_have_changed_are_told_and_fetched_anew() {
    let server = fake(published(Dtype::F32, LARGE), Ranges::Given);
    let files = Memory::default();
    check(open_or_fetch_from(&Storage::new(files.clone()), &server).unwrap());
    files.corrupt(&stored::file_path(ENCODER), 700);
    let damaged = open_or_fetch_from(&Storage::new(files.clone()), &server).err();
    assert!(matches!(damaged, Some(Fault::Storage(StorageFault::Damaged { .. }))), "{damaged:?}");
    assert!(files.paths().is_empty());
    check(open_or_fetch_from(&Storage::new(files.clone()), &server).unwrap());
    // Weights of another revision are not the ones that are wanted.
    let storage = Storage::new(files);
    let note: Note = wait(stored::note(&storage, ENCODER)).unwrap().unwrap();
    wait(stored::save_note(&storage, ENCODER, &Note { of: "timm/net/resolve/old/model.safetensors".into(), ..note }))
        .unwrap();
    server.asked.borrow_mut().clear();
    check(open_or_fetch_from(&storage, &server).unwrap());
    assert_eq!(server.asked.borrow().len(), 3);
}

#[test]
fn what_storage_says_is_passed_on() {
    let server = fake(published(Dtype::F32, LARGE), Ranges::Given);
    let files = Memory::default();
    files.quota.set(3_000);
    let full = open_or_fetch_from(&Storage::new(files.clone()), &server).err();
    assert!(matches!(full, Some(Fault::Storage(StorageFault::Full { .. }))), "{full:?}");
    files.quota.set(0);
    // Another tab fetches the same.
    let held = wait(files.open(&stored::file_path(ENCODER), true)).unwrap();
    let second = open_or_fetch_from(&Storage::new(files.clone()), &server).err();
    assert!(matches!(second, Some(Fault::Storage(StorageFault::Held { .. }))), "{second:?}");
    assert!(matches!(wait(stored::delete(&Storage::new(files.clone()), ENCODER)), Err(StorageFault::Held { .. })));
    drop(held);
    check(open_or_fetch_from(&Storage::new(files), &server).unwrap());
}

#[test]
fn content_ranges_are_read_strictly() {
    let parse = ContentRange::parse;
    assert_eq!(parse("bytes 0-1023/2000"), Some(ContentRange { part: 0..1024, total: Some(2000) }));
    assert_eq!(parse("bytes 5-5/*"), Some(ContentRange { part: 5..6, total: None }));
    for wrong in ["", "bytes */2000", "items 0-1/2", "bytes 9-3/20", "bytes 0-20/20", "bytes 0-x/9", "bytes 0-9"] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
    let answers = |text: &str, asked| parse(text).unwrap().answers(&asked);
    assert!(answers("bytes 10-19/100", 10..20) && answers("bytes 90-99/100", 90..120));
    assert!(!answers("bytes 0-9/100", 10..20) && !answers("bytes 10-14/100", 10..20));
    assert!(!answers("bytes 90-99/*", 90..120));
}
