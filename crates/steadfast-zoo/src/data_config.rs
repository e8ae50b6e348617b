//! The `data` section of a config: how the data at `dataset_path` is read and divided.

use steadfast_config::{choice, section};

choice! {
    /// What lies at `dataset_path`.
    pub enum DataFormat {
        /// Found out from the path.
        Auto = "auto",
        /// IDX files, plain or gzipped, as MNIST and its relatives are shipped.
        Idx = "idx",
    }
}

choice! {
    /// How inputs are scaled.
    pub enum Normalize {
        /// To mean 0 and deviation 1 over the training part: by channel for images, by feature for tables.
        Standard = "standard",
        /// Not at all, but for pixels, which become 0 to 1.
        None = "none",
    }
}

section! {
    /// Which samples validate.
    pub struct ValidationConfig {
        /// Share of the training samples that is set apart, class by class; by default what the data set's makers set
        /// apart, else a tenth.
        trajectory split: Option<f64> = None, 0.001..=0.9;
    }
}

section! {
    /// How the data is read and divided.
    pub struct DataConfig {
        /// What lies at `dataset_path`.
        trajectory format: DataFormat = DataFormat::Auto;
        /// Which samples validate.
        trajectory validation: ValidationConfig = ValidationConfig::default();
        /// How inputs are scaled.
        trajectory normalize: Normalize = Normalize::Standard;
        /// Whether target values are scaled to mean 0 and deviation 1 for training, which then works with ordinary
        /// learning rates. Losses and metrics are told on the scale of the data all the same.
        trajectory normalize_targets: bool = true;
        /// Trains on at most so many samples, drawn by the seed.
        trajectory limit_train: Option<usize> = None, 1..;
        /// Validates on at most so many samples, drawn by the seed.
        trajectory limit_validation: Option<usize> = None, 1..;
    }
}
