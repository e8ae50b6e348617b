//! `runner predict` and `runner evaluate`: a trained model put to use.

use serde_json::{Value, json};
use steadfast_state::{Dtype, TensorData, TensorMap, model_bytes, read_model};

use crate::program::Bench;

/// A bench on which `flowers` is trained.
fn trained(fields: &Value) -> Bench {
    let bench = Bench::new();
    bench.iris("flowers", fields);
    let ended = bench.run(&["configs"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    bench
}

fn samples(bench: &Bench, name: &str, shape: Vec<usize>, values: &[f32]) {
    let input = TensorData::from_f32(shape, values).unwrap();
    bench.write(name, model_bytes(&TensorMap::from([("x".to_owned(), input)])).unwrap());
}

#[test]
fn a_run_is_measured() {
    let bench = trained(&json!({"hyperparams": {"epochs": 20, "batch_size": 16, "lr": 0.05}}));
    let ended = bench.run(&["evaluate", "flowers"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    insta::assert_snapshot!(ended.stdout);
    // What was validated is measured again, to the bit; the folder of the run and its config mean the same.
    let best = bench.result("flowers")["best"].clone();
    for model in ["flowers", "results/flowers", "configs/flowers.json"] {
        let ended = bench.run(&["evaluate", model, "--json"]);
        let found: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(found["metrics"]["loss"], best["val_loss"], "{model}");
        assert_eq!(found["metrics"]["accuracy"], best["val_accuracy"], "{model}");
    }
    let evaluation = &bench.result("flowers")["evaluation"];
    let ended = bench.run(&["evaluate", "flowers", "--json"]);
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(evaluation["confusion_matrix"], found["confusion_matrix"]);
    assert_eq!(evaluation["f1_macro"], found["metrics"]["f1_macro"]);
    let train: Value =
        serde_json::from_str(&bench.run(&["evaluate", "flowers", "--split", "train", "--json"]).stdout).unwrap();
    assert_eq!(train["samples"], 135);
}

#[test]
fn what_cannot_be_measured_is_explained() {
    let bench = trained(&json!({}));
    let said = |arguments: &[&str], code: i32| {
        let ended = bench.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{}", ended.stderr);
        ended.stderr
    };
    insta::assert_snapshot!(said(&["evaluate", "flower"], 2));
    insta::assert_snapshot!(said(&["evaluate", "flowers", "--split", "test"], 1));
    insta::assert_snapshot!(said(&["evaluate", "flowers", "seed=1"], 2));
    insta::assert_snapshot!(said(&["evaluate", "flowers", "--weights", "nothing.safetensors"], 1));
}

#[test]
fn samples_are_predicted_in_any_form() {
    let bench = trained(&json!({}));
    let rows = [5.1, 3.5, 1.4, 0.2, 6.7, 3.0, 5.2, 2.3];
    samples(&bench, "x.safetensors", vec![2, 4], &rows);
    let predict = |more: &[&str]| {
        let ended = bench.run(&[&["predict", "flowers"], more].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stderr
    };
    insta::assert_snapshot!(predict(&["--input", "x.safetensors", "--output", "y.safetensors"]));
    let output = read_model(&bench.path().join("y.safetensors")).unwrap()["output"].clone();
    assert_eq!((output.dtype(), output.shape()), (Dtype::F32, &[2, 3][..]));
    predict(&["--input", "x.safetensors", "--output", "y.npy"]);
    let npy = fs_err::read(bench.path().join("y.npy")).unwrap();
    assert!(npy.ends_with(output.bytes()));
    // By hand: the weights of the run, on inputs normalized as it says.
    let weights = read_model(&bench.results("flowers").join("model_best.safetensors")).unwrap();
    let normalization = &bench.result("flowers")["preprocessing"]["normalization"];
    let number = |key: &str, column: usize| normalization[key][column].as_f64().unwrap();
    let (weight, bias) = (weights["fc.weight"].to_f32().unwrap(), weights["fc.bias"].to_f32().unwrap());
    let number = |key: &str, column: usize| number(key, column).to_string().parse::<f32>().unwrap();
    let scaled = |(index, value): (usize, &f32)| (value - number("mean", index % 4)) / number("std", index % 4);
    let normalized: Vec<f32> = rows.iter().enumerate().map(scaled).collect();
    for (index, found) in output.to_f32().unwrap().into_iter().enumerate() {
        let (row, class) = (&normalized[index / 3 * 4..][..4], index % 3);
        let sum: f32 = row.iter().zip(&weight[class * 4..]).map(|(x, w)| x * w).sum();
        assert!((found - sum - bias[class]).abs() < 1e-4, "{found}");
    }
    samples(&bench, "normalized.safetensors", vec![2, 4], &normalized);
    predict(&["--input", "normalized.safetensors", "--normalized", "--output", "z.safetensors"]);
    let again = read_model(&bench.path().join("z.safetensors")).unwrap()["output"].to_f32().unwrap();
    let first = output.to_f32().unwrap();
    assert!(first.iter().zip(&again).all(|(one, other)| (one - other).abs() < 1e-5));
}

#[test]
fn weights_of_ones_own_need_no_run() {
    let bench = trained(&json!({}));
    samples(&bench, "x.safetensors", vec![1, 4], &[5.1, 3.5, 1.4, 0.2]);
    fs_err::rename(bench.results("flowers").join("model_last.safetensors"), bench.path().join("w.safetensors"))
        .unwrap();
    let last =
        ["predict", "configs/flowers.json", "--weights", "w.safetensors", "--input", "x.safetensors", "--output"];
    assert_eq!(bench.run(&[&last[..], &["one.npy"]].concat()).code, 0);
    fs_err::remove_dir_all(bench.path().join("results")).unwrap();
    assert_eq!(bench.run(&[&last[..], &["other.npy"]].concat()).code, 0);
    let bytes = |name: &str| fs_err::read(bench.path().join(name)).unwrap();
    assert_eq!(bytes("one.npy"), bytes("other.npy"));
}

#[test]
fn what_cannot_be_predicted_is_explained() {
    let bench = trained(&json!({}));
    samples(&bench, "wide.safetensors", vec![2, 5], &[0.0; 10]);
    samples(&bench, "none.safetensors", vec![0, 4], &[]);
    bench.write("short.npy", b"\x93NUMPY\x01");
    let two = TensorData::from_f32(vec![1], &[0.0]).unwrap();
    let both = TensorMap::from([("a".to_owned(), two.clone()), ("b".to_owned(), two)]);
    bench.write("two.safetensors", model_bytes(&both).unwrap());
    let said = |input: &str, output: &str, code: i32| {
        let ended = bench.run(&["predict", "flowers", "--input", input, "--output", output]);
        assert_eq!(ended.code, code, "{}", ended.stderr);
        ended.stderr
    };
    insta::assert_snapshot!(said("wide.safetensors", "y.npy", 1));
    insta::assert_snapshot!(said("none.safetensors", "y.npy", 1));
    insta::assert_snapshot!(said("short.npy", "y.npy", 1));
    insta::assert_snapshot!(said("two.safetensors", "y.npy", 1));
    insta::assert_snapshot!(said("absent.npy", "y.npy", 1));
    insta::assert_snapshot!(said("wide.safetensors", "y.txt", 2));
}

#[test]
fn a_language_model_is_measured_and_applied() {
    let bench = Bench::new();
    bench.write("book.txt", "the cat sat on the mat. the dog sat on the log. ".repeat(20));
    let config = json!({
        "name": "writer", "model_type": "GPT", "dataset_path": "book.txt",
        "model": {"layers": 1, "heads": 2, "width": 16, "dropout": 0.0},
        "data": {"format": "text", "context": 16, "validation": {"split": 0.2}},
        "hyperparams": {"epochs": 2, "batch_size": 8, "lr": 0.01},
    });
    bench.write("configs/writer.json", config.to_string());
    let ended = bench.run(&["configs"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);

    let ended = bench.run(&["evaluate", "writer", "--json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(found["metrics"]["loss"], bench.result("writer")["best"]["val_loss"]);
    let (loss, perplexity) = (found["metrics"]["loss"].as_f64().unwrap(), found["metrics"]["perplexity"].as_f64());
    assert!((perplexity.unwrap() - loss.exp()).abs() < 1e-9, "{found}");

    let vocabulary = bench.result("writer")["preprocessing"]["vocabulary"].as_u64().unwrap();
    let tokens: Vec<u8> = (0..32_u32).flat_map(|token| (token % 5).to_le_bytes()).collect();
    let input = TensorData::new(Dtype::U32, vec![2, 16], tokens.clone()).unwrap();
    bench.write("x.safetensors", model_bytes(&TensorMap::from([("x".to_owned(), input)])).unwrap());
    let predict = |output: &str| bench.run(&["predict", "writer", "--input", "x.safetensors", "--output", output]);
    let ended = predict("y.safetensors");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let output = read_model(&bench.path().join("y.safetensors")).unwrap()["output"].clone();
    assert_eq!(output.shape(), [2, 16, usize::try_from(vocabulary).unwrap()]);
    // What comes later does not change what is said of the tokens before.
    let mut changed = tokens;
    changed[4 * 15] = 6;
    let input = TensorData::new(Dtype::U32, vec![2, 16], changed).unwrap();
    bench.write("x.safetensors", model_bytes(&TensorMap::from([("x".to_owned(), input)])).unwrap());
    predict("z.safetensors");
    let other = read_model(&bench.path().join("z.safetensors")).unwrap()["output"].clone();
    let (first, second) = (output.to_f32().unwrap(), other.to_f32().unwrap());
    let before = 15 * usize::try_from(vocabulary).unwrap();
    assert_eq!(first[..before], second[..before]);
    assert_ne!(first[before..2 * before], second[before..2 * before]);

    let beyond = TensorData::new(Dtype::U32, vec![1, 16], [200_u32; 16].map(u32::to_le_bytes).concat()).unwrap();
    bench.write("x.safetensors", model_bytes(&TensorMap::from([("x".to_owned(), beyond)])).unwrap());
    let ended = predict("never.safetensors");
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("200") && !bench.path().join("never.safetensors").exists(), "{}", ended.stderr);
}
