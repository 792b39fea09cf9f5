//! Steps of the optimiser.

use super::golden;
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;
use simclr_lab::learn::lars::{Lars, LarsConfig};

#[derive(Module, Debug)]
struct Pair {
    matrices: Vec<Param<Tensor<2>>>,
    vectors: Vec<Param<Tensor<1>>>,
}

fn read<const D: usize>(value: &Value, device: &Device) -> Tensor<D> {
    let (values, shape) = golden::tensor(value);
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn check<const D: usize>(what: &str, got: Tensor<D>, want: &Value) {
    let got: Vec<f32> = got.into_data().try_to_vec().expect("f32");
    for (got, want) in golden::wide(&got).iter().zip(golden::tensor(want).0) {
        golden::close(what, &[*got], &[want], want.abs() * 1e-5);
    }
}

#[test]
fn lars_steps() {
    let device = Device::flex().autodiff();
    for case in golden::cases(&golden::read("lars.json")) {
        let name = case["name"].as_str().expect("a name");
        let (adapted, excluded) = (golden::strings(&case["adapted"]), golden::strings(&case["excluded"]));
        let mut module = Pair {
            matrices: adapted.iter().map(|t| Param::from_tensor(read(&case["init"][t], &device))).collect(),
            vectors: excluded.iter().map(|t| Param::from_tensor(read(&case["init"][t], &device))).collect(),
        };
        let setting = |key: &str| golden::number(&case[key]) as f32;
        let mut lars = Lars::new(LarsConfig {
            momentum: setting("momentum"),
            weight_decay: setting("weight_decay"),
            trust_coefficient: setting("trust_coefficient"),
        });
        let rates = golden::floats(&case["lr"]);
        for (step, rate) in rates.into_iter().enumerate() {
            let mut gradients = GradientsParams::new();
            let plain = Device::flex();
            for (t, p) in adapted.iter().zip(&module.matrices) {
                gradients.register(p.id, read::<2>(&case["grads"][step][t], &plain));
            }
            for (t, p) in excluded.iter().zip(&module.vectors) {
                gradients.register(p.id, read::<1>(&case["grads"][step][t], &plain));
            }
            module = lars.step(rate, module, gradients);
            for (t, p) in adapted.iter().zip(&module.matrices) {
                check(&format!("{name}, step {step}, {t}"), p.val(), &case["after"][step][t]);
            }
            for (t, p) in excluded.iter().zip(&module.vectors) {
                check(&format!("{name}, step {step}, {t}"), p.val(), &case["after"][step][t]);
            }
        }
    }
}
