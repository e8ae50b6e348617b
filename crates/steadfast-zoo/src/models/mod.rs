//! The models that `model_type` can name. One file each; a new one is two lines here.

mod autoencoder;
mod cnn;
mod entry;
mod gpt;
mod image;
mod init_from;
mod initial;
mod lenet;
mod linear;
mod lookup;
mod mlp;
mod mobilenet;
mod recurrent;
mod resnet;
mod size;
mod vgg;
mod vit;

pub use autoencoder::{Autoencoder, AutoencoderConfig};
pub use cnn::{Cnn, CnnConfig};
pub use entry::{Alias, Model, ModelConfig, ModelEntry, ModelShape, ModelTask, Preset};
pub use gpt::{Gpt, GptConfig};
pub use init_from::{InitError, InitReport, load_initial};
pub use lenet::{Activation, LeNet, LeNetConfig, Pooling};
pub use linear::{LinearConfig, LinearModel};
pub use lookup::{FoundModel, find_model, report_unknown_model};
pub use mlp::{Mlp, MlpConfig};
pub use mobilenet::{MobileNet, MobileNetConfig};
pub use recurrent::{GruConfig, LstmConfig, Recurrent};
pub use resnet::{ResNet, ResNetConfig, Stem};
pub use size::{MAX_PARAMETERS, check_model, count_parameters};
pub use vgg::{Vgg, VggConfig};
pub use vit::{Vit, VitConfig};

/// Every model, in the order in which they are listed.
pub const MODELS: &[ModelEntry] = &[
    linear::ENTRY,
    mlp::ENTRY,
    cnn::ENTRY,
    lenet::ENTRY,
    resnet::ENTRY,
    vgg::ENTRY,
    mobilenet::ENTRY,
    vit::ENTRY,
    recurrent::LSTM,
    recurrent::GRU,
    gpt::ENTRY,
    autoencoder::ENTRY,
];
