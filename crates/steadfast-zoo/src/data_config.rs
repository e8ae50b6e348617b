//! The `data` section of a config: how the data at `dataset_path` is read and divided.

use serde_json::{Value, json};
use steadfast_config::{
    Bounds, Field, FieldValue, JsonPath, NoBounds, Node, Problems, Section, Value as NodeValue, Words, above, choice,
    section, wrong_type,
};

use crate::datasets::AugmentConfig;

choice! {
    /// What lies at `dataset_path`.
    pub enum DataFormat {
        /// Found out from the path.
        Auto = "auto",
        /// IDX files, plain or gzipped, as MNIST and its relatives are shipped.
        Idx = "idx",
        /// The binary files of CIFAR-10 and CIFAR-100.
        Cifar = "cifar",
        /// Arrays of NumPy: `.npz`, or a folder with `x.npy` and `y.npy`.
        Npy = "npy",
        /// Parquet files with images as Hugging Face stores them, or with columns of numbers.
        Parquet = "parquet",
        /// Tables of comma-separated values with a line of column names.
        Csv = "csv",
        /// A folder of PNG and JPEG files, one sub-folder for each class.
        ImageFolder = "image_folder",
        /// Text, of which the next character or token is learnt.
        Text = "text",
    }
}

section! {
    /// Means and deviations, one for each channel or column, or one for all of them.
    pub struct GivenNormalization, check = equally_many {
        /// What is subtracted; pixels count from 0 to 1.
        trajectory mean: Vec<f64>;
        /// What the result is divided by.
        trajectory std: Vec<f64>, above(0.0);
    }
}

fn equally_many(given: &GivenNormalization, node: &Node, path: &JsonPath, problems: &mut Problems) {
    let (means, stds) = (given.mean.len(), given.std.len());
    if means != stds || means == 0 {
        problems.error(&node.span, format!("{means} means and {stds} standard deviations")).at(path);
    }
}

/// How inputs are scaled.
#[derive(Debug, Clone, PartialEq)]
pub enum Normalize {
    /// To mean 0 and deviation 1 over the training part: by channel for images, by feature for tables.
    Standard,
    /// Not at all, but for pixels, which become 0 to 1.
    None,
    /// By numbers that the config gives.
    Given(GivenNormalization),
}

impl FieldValue for Normalize {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, _: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        match (&node.value, node.as_str()) {
            (_, Some("standard")) => Some(Self::Standard),
            (_, Some("none")) => Some(Self::None),
            (NodeValue::Object(_), _) => GivenNormalization::read(node, path, problems).map(Self::Given),
            _ => {
                wrong_type(node, path, &Self::words().one, problems);
                None
            }
        }
    }

    fn as_json(&self) -> Value {
        match self {
            Self::Standard => "standard".into(),
            Self::None => "none".into(),
            Self::Given(given) => given.to_json(),
        }
    }

    fn words() -> Words {
        let one = r#""standard", "none" or an object with mean and std"#;
        Words::new(one, one)
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        let given = GivenNormalization::schema(&Bounds::none());
        json!({"anyOf": [{"enum": ["standard", "none"]}, given]})
    }

    fn inner_fields() -> Vec<Field> {
        GivenNormalization::fields()
    }
}

/// Height and width that images are brought to, as `64` or `[64, 48]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSize {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl FieldValue for ImageSize {
    type Scalar = usize;

    fn from_node(node: &Node, path: &JsonPath, bounds: &Bounds<usize>, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            NodeValue::Number(_) => {
                let side = usize::from_node(node, path, bounds, problems)?;
                Some(Self { height: side, width: side })
            }
            NodeValue::Array(sides) if sides.len() == 2 => {
                let sides = Vec::<usize>::from_node(node, path, bounds, problems)?;
                sides.first().zip(sides.last()).map(|(&height, &width)| Self { height, width })
            }
            _ => {
                wrong_type(node, path, &Self::words().one, problems);
                None
            }
        }
    }

    fn as_json(&self) -> Value {
        if self.height == self.width { self.height.into() } else { json!([self.height, self.width]) }
    }

    fn words() -> Words {
        Words::new("a number of pixels or [height, width]", "sizes")
    }

    fn schema(bounds: &Bounds<usize>) -> Value {
        json!({"anyOf": [usize::schema(bounds), Vec::<usize>::schema(bounds)]})
    }
}

choice! {
    /// How an image of another shape is brought to the size.
    pub enum Fit {
        /// Its shorter side is scaled to the size, and what stands over is cut off on both sides alike.
        Crop = "crop",
        /// Height and width are scaled on their own.
        Stretch = "stretch",
    }
}

choice! {
    /// What is done about cells without a value.
    pub enum Missing {
        /// An error names the first one.
        Refuse = "refuse",
        /// The mean of the column over the training table; words become a category of their own.
        Mean = "mean",
        /// The median of the column over the training table; words become a category of their own.
        Median = "median",
        /// The row is left out.
        Drop = "drop",
    }
}

choice! {
    /// What is learnt of a target.
    pub enum TargetTask {
        /// Classes if it is words or few whole numbers, else values.
        Auto = "auto",
        /// Which of its values it is.
        Classification = "classification",
        /// Its value.
        Regression = "regression",
    }
}

section! {
    /// Which samples validate.
    pub struct ValidationConfig, check = one_of_both {
        /// Share of the training samples that is set apart, class by class; by default what the data set's makers set
        /// apart, else a tenth.
        trajectory split: Option<f64> = None, 0.001..=0.9;
        /// Data of its own that validates, in the format of `dataset_path`.
        trajectory path: Option<String> = None;
    }
}

fn one_of_both(config: &ValidationConfig, node: &Node, path: &JsonPath, problems: &mut Problems) {
    if config.split.is_some() && config.path.is_some() {
        problems.error(&node.span, "both `split` and `path` say what validates").at(path).help("give one of them");
    }
}

section! {
    /// How the data is read and divided.
    pub struct DataConfig, check = one_or_three_channels {
        /// What lies at `dataset_path`.
        trajectory format: DataFormat = DataFormat::Auto;
        /// Which samples validate.
        trajectory validation: ValidationConfig = ValidationConfig::default();
        /// How inputs are scaled.
        trajectory normalize: Normalize = Normalize::Standard;
        /// Whether target values are scaled to mean 0 and deviation 1 for training, which then works with ordinary
        /// learning rates. Losses and metrics are told on the scale of the data all the same.
        trajectory normalize_targets: bool = true;
        /// Random changes to training images.
        trajectory augment: AugmentConfig = AugmentConfig::default();
        /// Trains on at most so many samples, drawn by the seed.
        trajectory limit_train: Option<usize> = None, 1..;
        /// Validates on at most so many samples, drawn by the seed.
        trajectory limit_validation: Option<usize> = None, 1..;
        /// Height and width of images; by default that of all images if they are equal and no side is above 512, else
        /// the median of their shorter sides, at most 224.
        trajectory image_size: Option<ImageSize> = None, 1..=4096;
        /// How an image of another shape is brought to the size.
        trajectory fit: Fit = Fit::Crop;
        /// Color planes of images, 1 or 3; by default 1 if all of them are gray, else 3.
        trajectory channels: Option<usize> = None, 1..=3;
        /// Up to so many MiB of decoded images are kept in memory; more are decoded when a batch needs them.
        policy cache: usize = 1024;
        /// The column that is learnt; by default the last one of a table, and `label` of a Parquet file with images.
        trajectory target: Option<String> = None;
        /// What is learnt of the target.
        trajectory task: TargetTask = TargetTask::Auto;
        /// Columns that are left out.
        trajectory ignore: Vec<String> = Vec::new();
        /// What is done about cells without a value.
        trajectory missing: Missing = Missing::Refuse;
        /// Positions in a sample of text; by default 128.
        trajectory context: Option<usize> = None, 1..=65536;
        /// How text is cut: `characters` (the default), `bpe`, or the path of a `tokenizer.json`.
        trajectory tokenizer: Option<String> = None;
        /// How many tokens `bpe` has; by default 1024.
        trajectory vocabulary_size: Option<usize> = None, 257..=65536;
    }
}

fn one_or_three_channels(config: &DataConfig, node: &Node, path: &JsonPath, problems: &mut Problems) {
    if config.channels == Some(2) {
        problems.error(&node.span, "`channels` is 2").at(path).help("gray is 1, color is 3");
    }
}
