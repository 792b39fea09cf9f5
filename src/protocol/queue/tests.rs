use super::*;
use crate::core::{
    architecture::Architecture, config::RunConfig, imagenet::ImageNetEncoder, lesson::nt_xent::device::LessonBatch,
};
use crate::protocol::{DeviceChoice, ImageSource, ImportRole};

fn load(source: ImageSource, size: u32) -> Request {
    Request::Load { source, size, seed: 1 }
}

fn import(role: ImportRole) -> Request {
    load(ImageSource::Files { role, paths: vec!["a.png".into()], refused: Vec::new() }, 32)
}

fn estimate() -> Request {
    Request::Estimate { config: RunConfig::default() }
}

fn resize(size: u32) -> Request {
    load(ImageSource::Again, size)
}

fn sample() -> Request {
    load(ImageSource::Sample { images_per_class: 2 }, 32)
}

/// Numbers of all that may leave.
fn leave(queue: &mut Queue<&str>) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop()).map(|p| p.id).collect()
}

/// Numbers of what a new worker would be asked.
fn reloaded(queue: &mut Queue<&str>) -> Vec<u32> {
    queue.stop();
    queue.reload();
    queue.waiting.iter().map(|p| p.id).collect()
}

/// Imports that were answered: (request, whether it gave a set).
fn imported(answers: &[(Request, bool)]) -> Queue<&'static str> {
    let mut queue = Queue::new();
    for (request, good) in answers {
        let (id, _) = queue.push(request.clone(), vec!["file"]);
        assert_eq!(queue.pop().map(|p| p.id), Some(id));
        assert!(queue.answered(id, *good));
    }
    queue
}

#[test]
fn jobs_leave_one_after_the_other_and_the_rest_at_once() {
    let mut queue = Queue::new();
    let requests = [
        sample(),
        estimate(),
        Request::Ping,
        Request::NtXent(LessonBatch { z: Vec::new(), dim: 2, temperature: 0.5 }),
        Request::Pause,
    ];
    let [sample, estimate, ping, loss, pause] = requests.map(|r| queue.push(r, Vec::new()).0);
    assert_eq!(leave(&mut queue), [sample, ping, pause]);
    assert!(!queue.answered(ping, true));
    assert_eq!(leave(&mut queue).len(), 0, "a ping's answer frees nobody");
    queue.answered(sample, false);
    assert_eq!((leave(&mut queue), queue.estimates()), (vec![estimate], true), "also after a fault");
    queue.answered(estimate, true);
    assert_eq!((leave(&mut queue), queue.estimates()), (vec![loss], false));
}

#[test]
fn the_device_is_chosen_before_what_waits() {
    let mut queue: Queue<&str> = Queue::new();
    let (sample, _) = queue.push(sample(), Vec::new());
    assert_eq!(queue.push_first(Request::UseDevice(DeviceChoice::Cpu)), 2);
    assert_eq!(leave(&mut queue), [2]);
    queue.answered(2, true);
    assert_eq!(leave(&mut queue), [sample]);
}

#[test]
fn only_the_newest_estimate_is_made_and_none_once_a_run_starts() {
    let mut queue: Queue<&str> = Queue::new();
    let (first, _) = queue.push(sample(), Vec::new());
    let (older, _) = queue.push(estimate(), Vec::new());
    let (newest, dropped) = queue.push(estimate(), Vec::new());
    assert_eq!(dropped, [older], "told to whoever asked");
    assert_eq!(leave(&mut queue), [first]);
    queue.answered(first, true);
    assert_eq!(leave(&mut queue), [newest]);
    let (waiting, dropped) = queue.push(estimate(), Vec::new());
    assert!(dropped.is_empty(), "{newest} has left");
    let (start, dropped) = queue.push(Request::Start { config: RunConfig::default() }, Vec::new());
    assert_eq!(dropped, [waiting]);
    queue.answered(newest, true);
    // A run is not answered at its end, so it holds nothing up: the worker refuses.
    assert_eq!(leave(&mut queue), [start]);
}

#[test]
fn nothing_asked_of_a_run_overtakes_its_start() {
    // The worker would refuse both during an estimate, which is not the person's work.
    for start in [Request::Start { config: RunConfig::default() }, Request::Resume(Paused::Run)] {
        let mut queue: Queue<&str> = Queue::new();
        let (timing, _) = queue.push(estimate(), Vec::new());
        assert_eq!(leave(&mut queue), [timing]);
        let (start, _) = queue.push(start, Vec::new());
        let (ping, _) = queue.push(Request::Ping, Vec::new());
        let (pause, _) = queue.push(Request::Pause, Vec::new());
        let (cancel, _) = queue.push(Request::Cancel(Work::Run), Vec::new());
        assert_eq!(leave(&mut queue), [ping]);
        queue.answered(timing, true);
        assert_eq!(leave(&mut queue), [start, pause, cancel]);
    }
}

#[test]
fn a_new_worker_loads_what_made_the_set() {
    let (new, more) = (import(ImportRole::New), import(ImportRole::AddTraining));
    assert_eq!(reloaded(&mut imported(&[(new.clone(), true), (more.clone(), true)])), [1, 2]);
    assert_eq!(reloaded(&mut imported(&[(sample(), true), (new.clone(), true), (more, true)])), [2, 3]);
    assert_eq!(reloaded(&mut imported(&[(new, true), (resize(16), true), (resize(64), true), (sample(), true)])), [4]);
    let mut queue = imported(&[(sample(), true), (resize(16), true), (resize(64), true)]);
    assert_eq!(reloaded(&mut queue), [1, 3]);
    assert_eq!(leave(&mut queue), [1]);
    queue.answered(1, true);
    assert_eq!(leave(&mut queue), [3]);
    assert!(queue.answered(3, true) && !Queue::<&str>::new().reload());
}

#[test]
fn an_import_that_failed_or_was_refused_changes_nothing() {
    let new = import(ImportRole::New);
    let mut queue = imported(&[(sample(), true), (new.clone(), false), (resize(16), false)]);
    assert_eq!(reloaded(&mut queue), [1]);
    assert!(reloaded(&mut imported(&[(new, false)])).is_empty());
}

#[test]
fn an_import_that_waits_when_the_worker_ends_is_tried_again_and_one_under_way_is_not() {
    let mut queue = imported(&[(sample(), true)]);
    queue.push(import(ImportRole::New), vec!["file"]);
    assert_eq!(reloaded(&mut queue), [1, 2]);
    assert_eq!(queue.waiting[1].files, ["file"]);

    // The set before the one that may have ended the worker comes again.
    let mut queue = imported(&[(sample(), true)]);
    queue.push(import(ImportRole::New), vec!["file"]);
    assert_eq!(leave(&mut queue), [2]);
    assert_eq!(reloaded(&mut queue), [1]);
    assert_eq!(leave(&mut queue), [1]);
    assert!(reloaded(&mut queue).is_empty(), "so does one that was good once");
}

#[test]
fn a_cancel_takes_out_what_the_worker_has_not_heard_of() {
    let mut queue: Queue<&str> = Queue::new();
    let device = queue.push_first(Request::UseDevice(DeviceChoice::Auto));
    let (images, _) = queue.push(sample(), Vec::new());
    let (evaluation, _) = queue.push(Request::Evaluate, Vec::new());
    assert_eq!(leave(&mut queue), [device]);
    assert!(queue.cancelled(Work::Run).is_empty());
    assert_eq!(queue.cancelled(Work::Evaluation), [evaluation]);
    assert_eq!(queue.cancelled(Work::Import), [images]);
    queue.answered(device, true);
    assert!(leave(&mut queue).is_empty() && reloaded(&mut queue).is_empty());

    // Under way, it is the worker's to end.
    let mut queue: Queue<&str> = Queue::new();
    queue.push(sample(), Vec::new());
    assert_eq!(leave(&mut queue), [1]);
    assert!(queue.cancelled(Work::Import).is_empty());
}

/// It waits for the network: other work goes on.
#[test]
fn a_fetch_leaves_beside_a_job() {
    let mut queue: Queue<&str> = Queue::new();
    let (images, _) = queue.push(sample(), Vec::new());
    let fetch =
        Request::FetchWeights { encoder: ImageNetEncoder::of(Architecture::ResNet18).unwrap(), address: String::new() };
    let (fetch, _) = queue.push(fetch, Vec::new());
    let (next, _) = queue.push(Request::Evaluate, Vec::new());
    assert_eq!(leave(&mut queue), [images, fetch]);
    queue.answered(images, true);
    assert_eq!(leave(&mut queue), [next]);
}

#[test]
fn weights_are_loaded_again_but_not_a_file_that_gave_none() {
    let mut queue = imported(&[(sample(), true)]);
    for (good, reloads) in [(true, true), (false, false)] {
        let (id, _) = queue.push(Request::OpenWeights, vec!["resnet.pth"]);
        // It is the worker's one job, and no import.
        assert_eq!(leave(&mut queue), [id]);
        assert!(!queue.answered(id, good));
        assert_eq!(reloaded(&mut queue).contains(&id), reloads);
        queue.waiting.clear();
    }
    // A worker that ended at a file is not given it again.
    let (id, _) = queue.push(Request::OpenWeights, vec!["evil.pth"]);
    assert_eq!(leave(&mut queue), [id]);
    assert!(!reloaded(&mut queue).contains(&id));
}
