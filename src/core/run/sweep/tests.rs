use super::*;
use crate::core::config::pretrain_settings::{from_query, to_query};
use crate::core::{config::Optimizer, config::preset::default_rate};

fn sweep(axes: &[(&str, &[&str])]) -> Sweep {
    let axes = axes.iter().map(|(field, values)| Axis {
        field: (*field).to_owned(),
        values: values.iter().map(|v| (*v).to_owned()).collect(),
    });
    Sweep { base: RunConfig::default(), axes: axes.collect(), scale_rate: true, seeds: 1 }
}

fn shown(settings: &Combination) -> String {
    settings.iter().map(|(setting, value)| format!("{}={value}", setting.key)).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_combination_in_a_fixed_order() {
    let plan = sweep(&[("temperature", &["0.5", "0.1"]), ("head_output", &["32", "64", "128"])]).plan().unwrap();
    let order: Vec<String> = plan.runs.iter().map(|run| shown(&run.settings)).collect();
    assert_eq!(order.len(), 6);
    assert_eq!(order[0], "temperature=0.5 head_output=32");
    assert_eq!(order[1], "temperature=0.5 head_output=64");
    assert_eq!(order[3], "temperature=0.1 head_output=32");
    assert_eq!((plan.runs[4].config.temperature, plan.runs[4].config.head.output), (0.1, 64));
    assert_eq!(plan.runs[4].config.epochs, RunConfig::default().epochs);
    assert!(plan.refused.is_empty() && plan.duplicates == 0);
}

#[test]
fn nothing_varied_is_one_run() {
    let plan = sweep(&[]).plan().unwrap();
    assert_eq!(plan.runs, [Planned { config: RunConfig::default(), settings: Vec::new() }]);
}

#[test]
fn every_fault_of_the_axes_is_named() {
    let axes: &[(&str, &[&str])] =
        &[("tau", &["1"]), ("temperature", &["9", "0.1", "x"]), ("batch", &[]), ("seed", &["1"]), ("seed", &["2"])];
    let Err(SweepFault::Settings(faults)) = sweep(axes).plan() else { panic!("faults") };
    let shown: Vec<(&str, &str, &str)> =
        faults.iter().map(|f| (f.field.as_str(), f.value.as_str(), f.accepts.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("tau", "1", ""),
            ("temperature", "9", "0.01 to 5"),
            ("temperature", "x", "0.01 to 5"),
            ("batch", "", "2 to 4096"),
            ("seed", "2", "0 to 9007199254740991 (once)"),
        ]
    );
}

#[test]
fn combinations_that_do_not_go_together_are_reported() {
    let plan = sweep(&[("encoder", &["convnet4", "resnet10"]), ("width", &["8", "16"])]).plan().unwrap();
    assert_eq!(plan.runs.len(), 3);
    assert_eq!(plan.refused.len(), 1);
    assert_eq!(shown(&plan.refused[0].settings), "encoder=resnet10 width=8");
    assert_eq!(plan.refused[0].faults[0].field, "width");
}

#[test]
fn equal_runs_are_run_once() {
    // Twice the same value, however it is written.
    let plan = sweep(&[("temperature", &["0.1", " 0.10", "1e-1"])]).plan().unwrap();
    assert_eq!((plan.runs.len(), plan.duplicates), (1, 0));
    // ConvNet4 has no stem, AdamW no momentum.
    let plan = sweep(&[("encoder", &["convnet4", "resnet10"]), ("stem", &["small", "imagenet"])]).plan().unwrap();
    assert_eq!((plan.runs.len(), plan.duplicates), (3, 1));
    let plan = sweep(&[("optimizer", &["adamw", "sgd"]), ("momentum", &["0.8", "0.9"])]).plan().unwrap();
    assert_eq!((plan.runs.len(), plan.duplicates), (3, 1));
    let plan = sweep(&[("jitter", &["0", "0.8"]), ("jitter_strength", &["0.5", "1"])]).plan().unwrap();
    assert_eq!((plan.runs.len(), plan.duplicates), (3, 1));
}

#[test]
fn too_many_is_said_before_any_is_made() {
    let seeds: Vec<String> = (0..101).map(|seed| seed.to_string()).collect();
    let seeds: Vec<&str> = seeds.iter().map(String::as_str).collect();
    assert_eq!(sweep(&[("seed", &seeds)]).plan(), Err(SweepFault::TooMany { runs: 101, most: MOST_RUNS }));
    assert_eq!(sweep(&[("seed", &seeds[1..])]).plan().unwrap().runs.len(), 100);
    let many = [("seed", &seeds[..]), ("epochs", &seeds[1..]), ("batch", &seeds[2..])];
    assert_eq!(sweep(&many).plan(), Err(SweepFault::TooMany { runs: 101 * 100 * 99, most: MOST_RUNS }));
}

#[test]
fn the_learning_rate_follows_the_rule_where_it_was_not_chosen() {
    let rates = |sweep: &Sweep| -> Vec<f32> {
        sweep.plan().unwrap().runs.iter().map(|run| run.config.optimizer.peak_rate).collect()
    };
    let by_rule = [(Optimizer::Lars, 32), (Optimizer::Lars, 128), (Optimizer::AdamW, 32), (Optimizer::AdamW, 128)];
    let axes: &[(&str, &[&str])] = &[("optimizer", &["lars", "adamw"]), ("batch", &["32", "128"])];
    let mut both = sweep(axes);
    assert_eq!(rates(&both), by_rule.map(|(optimizer, batch)| default_rate(optimizer, batch)));
    // Not asked for; chosen in the base; swept itself.
    let kept = RunConfig::default().optimizer.peak_rate;
    both.scale_rate = false;
    assert_eq!(rates(&both), [kept; 4]);
    both.scale_rate = true;
    both.base.optimizer.peak_rate = 0.3;
    assert_eq!(rates(&both), [0.3; 4]);
    assert_eq!(rates(&sweep(&[("batch", &["32", "64"]), ("rate", &["0.2", "0.5"])])), [0.2, 0.5, 0.2, 0.5]);
}

#[test]
fn every_combination_is_repeated_with_the_seeds_after_its_own() {
    let mut repeated = Sweep { seeds: 3, ..sweep(&[("temperature", &["0.5", "0.1"])]) };
    repeated.base.seed = 7;
    let plan = repeated.plan().unwrap();
    let order: Vec<String> = plan.runs.iter().map(|run| shown(&run.settings)).collect();
    let wanted = [("0.5", 7), ("0.5", 8), ("0.5", 9), ("0.1", 7), ("0.1", 8), ("0.1", 9)];
    assert_eq!(order, wanted.map(|(temperature, seed)| format!("temperature={temperature} seed={seed}")));
    // A link still stands for one run.
    for run in &plan.runs {
        assert_eq!(from_query(&to_query(&run.config), &RunConfig::default()), Ok(run.config));
    }
    // Settings alone.
    assert_eq!(Sweep { axes: Vec::new(), ..repeated.clone() }.plan().unwrap().runs.len(), 3);
    let many = Sweep { seeds: 51, ..repeated.clone() };
    assert_eq!(many.plan(), Err(SweepFault::TooMany { runs: 102, most: MOST_RUNS }));
    let twice = Sweep { seeds: 2, ..sweep(&[("seed", &["1", "2"])]) };
    let Err(SweepFault::Settings(faults)) = twice.plan() else { panic!("two lists of seeds") };
    assert_eq!((faults[0].field.as_str(), faults[0].value.as_str()), ("seed", "2 seeds"));
    // What follows the last seed is left out, and said.
    repeated.base.seed = (1 << 53) - 2;
    let plan = repeated.plan().unwrap();
    assert_eq!((plan.runs.len(), plan.refused.len(), plan.refused[0].faults[0].field.as_str()), (4, 2, "seed"));
}

#[test]
fn a_sweep_is_stored_and_read() {
    let sweep = sweep(&[("temperature", &["0.5", "0.1"])]);
    let json = serde_json::to_string(&sweep).unwrap();
    assert_eq!(serde_json::from_str::<Sweep>(&json).unwrap(), sweep);
}
