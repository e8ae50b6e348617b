//! Data from files as a config names it: every format trains, resumes to the bit, and is refused with its place.

use std::path::Path;

use serde_json::{Value, json};

use crate::bench::{built, config, position, prepare, train};

fn write(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, content).unwrap();
}

/// A gray PNG in which each byte is a function of its place.
fn png((width, height): (u32, u32), byte: impl Fn(usize) -> u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = (0..width as usize * height as usize).map(byte).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

/// Twenty images of two classes: bright above, or bright below.
fn images() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..10_u8 {
        for (class, upper) in [("above", true), ("below", false)] {
            let image = png((12, 12), |at| if (at < 72) == upper { 200 + number } else { 20 + number });
            write(folder.path(), &format!("{class}/{number}.png"), &image);
        }
    }
    folder
}

#[test]
fn the_first_config_of_the_design_trains_on_a_folder_of_images() {
    let folder = images();
    let config = json!({
        "name": "exp1", "model_type": "CNN", "dataset_path": folder.path(),
        "hyperparams": {"lr": 0.01, "batch_size": 6},
    });
    let (mut experiment, steps) = built(&config);
    assert_eq!(steps, 3);
    let losses: Vec<f64> = train(&mut *experiment, steps, 0, 30).into_iter().map(f64::from_bits).collect();
    assert!(losses[29] < 0.5 * losses[0], "{losses:?}");
    assert!(experiment.validate(position(30, steps), &()).unwrap().is_some());
}

#[test]
fn changed_and_mixed_images_resume_to_the_bit_whether_they_are_kept_in_memory_or_not() {
    let folder = images();
    let fields = |cache: usize| {
        config(json!({
            "model_type": "CNN", "model": {"channels": [4], "hidden": 8}, "dataset_path": folder.path(),
            "hyperparams": {"batch_size": 4, "accumulate_steps": 2, "lr": 0.01, "epochs": 4},
            "data": {"cache": cache, "augment": {"rotate": 10, "crop": 2, "flip": 0.5, "cutout": 3, "mixup": 0.4}},
        }))
    };
    let (mut whole, steps) = built(&fields(64));
    let losses = train(&mut *whole, steps, 0, 8);
    let expected = whole.save().unwrap();
    for cut in [0, 3, 7] {
        let (mut first, _) = built(&fields(0));
        let mut found = train(&mut *first, steps, 0, cut);
        let (mut second, _) = built(&fields(if cut == 3 { 64 } else { 0 }));
        second.restore(first.save().unwrap()).unwrap();
        found.extend(train(&mut *second, steps, cut, 8));
        assert_eq!(found, losses, "cut after {cut} steps");
        assert_eq!(second.save().unwrap(), expected, "cut after {cut} steps");
    }
}

#[test]
fn tables_train_as_their_target_says() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..40).map(|row| format!("{row},{},{}", ["red", "blue"][row % 2], row * 3)).collect();
    write(folder.path(), "t.csv", format!("size,color,price\n{}\n", rows.join("\n")).as_bytes());
    let path = folder.path().join("t.csv");
    let by_price = json!({"dataset_path": path});
    let (mut experiment, steps) = built(&config(by_price));
    train(&mut *experiment, steps, 0, 5);
    let by_color = config(json!({"dataset_path": path, "data": {"target": "color", "format": "csv"}}));
    let mut experiment = (prepare(&by_color).unwrap().build)();
    assert!(experiment.load_data().unwrap().description.ends_with("36 train, 4 validation, inputs 2, 2 classes"));
}

/// What is said about data that cannot be used, `FOLDER` standing for where it lies.
fn refusal(folder: &Path, fields: &Value) -> String {
    let config = config(fields.clone());
    let prepared = match prepare(&config) {
        Ok(prepared) => prepared,
        Err(problems) => return problems,
    };
    let mut experiment = (prepared.build)();
    let error = experiment.load_data().map(|_| ()).and_then(|()| experiment.build_model().map(|_| ()));
    let Err(error) = error else { return "accepted".to_owned() };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message.replace(&folder.display().to_string(), "FOLDER")
}

/// A PNG that announces another size.
fn announcing(width: u32, height: u32) -> Vec<u8> {
    let mut file = png((4, 4), |_| 9);
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    file
}

/// A folder of two classes with one image each, and this file.
fn folder_with(name: &str, content: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "cat/1.png", &png((4, 4), |_| 1));
    write(folder.path(), "dog/1.png", &png((4, 4), |_| 2));
    write(folder.path(), name, content);
    folder
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let mut answers = Vec::new();
    let mut check = |what: &str, folder: &tempfile::TempDir, path: &str, data: Value| {
        let fields = json!({"dataset_path": folder.path().join(path), "data": data});
        answers.push(format!("{what}: {}", refusal(folder.path(), &fields)));
    };
    let empty = tempfile::tempdir().unwrap();
    check("zero classes", &empty, "", json!({"format": "image_folder"}));
    let one = tempfile::tempdir().unwrap();
    write(one.path(), "cat/1.png", &png((4, 4), |_| 1));
    write(one.path(), "cat/2.png", &png((4, 4), |_| 2));
    check("one class", &one, "", json!({"validation": {"split": 0.5}}));
    let whole = png((40, 40), |at| u8::try_from(at % 7).unwrap());
    let images = [
        ("an empty image", b"".to_vec()),
        ("an image without pixels", announcing(0, 4)),
        ("an image of a pixel", png((1, 1), |_| 3)),
        ("an image of 30,000 pixels", announcing(30_000, 4)),
        ("a bomb", announcing(8_000, 8_000)),
        ("a truncated image", whole[..whole.len() / 2].to_vec()),
    ];
    for (what, content) in images {
        check(what, &folder_with("cat/2.png", &content), "", json!({"validation": {"split": 0.4}}));
    }
    let files: [(&str, &str, &[u8]); 5] = [
        ("a ragged row", "t.csv", b"a,b,y\n1,2,3\n1,2\n"),
        ("a table cut off in quotes", "t.csv", b"a,b,y\n1,\"2,3\n"),
        ("a text shorter than its context", "t.txt", b"to be or not to be"),
        ("a truncated archive", "t.npz", b"PK\x03\x04"),
        ("a truncated file of columns", "t.parquet", b"PAR1\x00PAR1"),
    ];
    for (what, name, content) in files {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), name, content);
        check(what, &folder, name, json!({}));
    }
    let cifar = tempfile::tempdir().unwrap();
    write(cifar.path(), "data_batch_1.bin", &[&[10][..], &[0; 3072]].concat());
    check("a label out of range", &cifar, "", json!({}));
    write(cifar.path(), "data_batch_1.bin", &[0; 3000]);
    check("a truncated record", &cifar, "", json!({}));
    let mnist = tempfile::tempdir().unwrap();
    write(mnist.path(), "train-images-idx3-ubyte", &[0, 0, 8, 3, 127, 255, 255, 255, 0, 0, 0, 28, 0, 0, 0, 28]);
    write(mnist.path(), "train-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 1, 3]);
    check("a header that announces too much", &mnist, "", json!({}));
    check("a key for another format", &one, "", json!({"context": 7}));
    insta::assert_snapshot!(answers.join("\n"));
}

#[test]
fn settings_that_contradict_each_other_are_problems_of_the_config() {
    let data = json!({
        "normalize": {"mean": [0.5], "std": []}, "channels": 2, "image_size": [1, 2, 3],
        "validation": {"split": 0.1, "path": "v"}, "augment": {"flip": 2, "mixup": 0},
    });
    insta::assert_snapshot!(prepare(&config(json!({"data": data}))).unwrap_err());
}
