//! What a stream of random numbers is for.

/// What a stream of random numbers is for.
///
/// Two purposes never share numbers, so that a new use of randomness in a program never shifts an old one.
/// The words that [`Purpose::label`] and [`Purpose::name`] return are part of the stream's key: changing one is a new
/// stream version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose<'a> {
    /// The first value of the parameter of this full name, such as `layer1.0.conv1.weight`.
    Parameter(&'a str),
    /// The dropout mask of the layer of this full name; its index is the step.
    Dropout(&'a str),
    /// The order of the training samples; its index is the epoch.
    Shuffle,
    /// The division of a data set into parts, such as training and validation.
    Split,
    /// The random changes to one sample; its indices are epoch and sample.
    Augment,
    /// Drawing samples from a model's output; its index is the position.
    Sample,
    /// Any other purpose, under a name of the caller's choice.
    Custom(&'a str),
}

impl<'a> Purpose<'a> {
    /// The fixed word for this kind of purpose.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Parameter(_) => "parameter",
            Self::Dropout(_) => "dropout",
            Self::Shuffle => "shuffle",
            Self::Split => "split",
            Self::Augment => "augment",
            Self::Sample => "sample",
            Self::Custom(_) => "custom",
        }
    }

    /// The name within the kind; empty for the kinds that need none.
    pub const fn name(self) -> &'a str {
        match self {
            Self::Parameter(name) | Self::Dropout(name) | Self::Custom(name) => name,
            Self::Shuffle | Self::Split | Self::Augment | Self::Sample => "",
        }
    }
}
