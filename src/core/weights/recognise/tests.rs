use super::*;
use crate::core::weights::Number;

fn file(tensors: &[(&str, &[usize])]) -> Vec<Header> {
    let header = |&(name, shape): &(&str, &[usize])| Header {
        name: plain_name(name).to_owned(),
        shape: shape.to_vec(),
        number: Number::F32,
    };
    tensors.iter().map(header).collect()
}

fn known() -> Vec<Known> {
    let own = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), vec![4, 3])).collect();
    vec![
        (ImageNetEncoder::ResNet18, own(&["a.weight", "b.weight"])),
        (ImageNetEncoder::ResNet50, own(&["a.weight", "b.weight", "c.weight", "d.weight"])),
    ]
}

#[test]
fn the_network_with_exactly_these_tensors() {
    let shape: &[usize] = &[4, 3];
    let two = file(&[("a.weight", shape), ("b.weight", shape), ("fc.weight", &[9, 4]), ("b.num_batches_tracked", &[])]);
    assert_eq!(recognise(&two, &known()), Ok(ImageNetEncoder::ResNet18));
    let four = file(&[
        ("module.a.weight", shape),
        ("module.b.weight", shape),
        ("module.c.weight", shape),
        ("module.d.weight", shape),
    ]);
    assert_eq!(recognise(&four, &known()), Ok(ImageNetEncoder::ResNet50));
}

#[test]
fn what_does_not_fit_is_listed() {
    let shape: &[usize] = &[4, 3];
    let Err(fault) =
        recognise(&file(&[("a.weight", shape), ("b.weight", shape), ("c.weight", &[5]), ("d.bias", &[5])]), &known())
    else {
        panic!("recognised")
    };
    let WeightsFault::Unfit { nearest, missing, wrong, unknown, .. } = &fault else { panic!("{fault:?}") };
    assert_eq!((*nearest, missing.len()), (ImageNetEncoder::ResNet18, 0));
    assert!(wrong.is_empty());
    assert_eq!(unknown, &["c.weight", "d.bias"]);
    let part = file(&[("b.weight", shape), ("c.weight", shape), ("d.weight", &[5])]);
    let Err(fault) = recognise(&part, &known()) else { panic!("recognised") };
    let WeightsFault::Unfit { seems: None, nearest, missing, wrong, .. } = fault else { panic!("{fault:?}") };
    assert_eq!((nearest, missing), (ImageNetEncoder::ResNet50, vec!["a.weight".to_owned()]));
    assert_eq!(wrong, [WrongShape { name: "d.weight".into(), expected: shape.to_vec(), found: vec![5] }]);
    let Err(fault) = recognise(&file(&[("x.y", shape), ("z", &[])]), &known()) else { panic!("recognised") };
    let first = vec!["x.y".to_owned(), "z".to_owned()];
    assert_eq!(fault, WeightsFault::UnknownNetwork { seems: None, tensors: 2, first });
}

#[test]
fn networks_of_other_kinds_are_named() {
    let seems = |tensors: &[(&str, &[usize])]| seems(&file(tensors)).unwrap_or_default();
    assert_eq!(seems(&[("blocks.0.attn.qkv.weight", &[9, 3])]), "a transformer");
    assert_eq!(seems(&[("features.0.weight", &[64, 3, 11, 11])]), "AlexNet");
    assert_eq!(seems(&[("features.denseblock1.denselayer1.conv1.weight", &[1])]), "a DenseNet");
    let names: Vec<String> = (0..13).map(|i| format!("features.{i}.weight")).collect();
    let vgg: Vec<(&str, &[usize])> = names.iter().map(|n| (&n[..], &[64usize, 3, 3, 3][..])).collect();
    assert_eq!(seems(&vgg), "VGG16");
    assert_eq!(seems(&[("a", &[])]), "");
}
