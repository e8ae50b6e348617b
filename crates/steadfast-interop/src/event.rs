//! The events of a run, as TensorBoard's `event.proto`, `summary.proto` and the protocols of its plugins number their
//! fields.

use serde_json::{Map, Value};

use crate::leaves::hyperparameters;
use crate::matrix_picture;
use crate::protobuf::Message;
use crate::run::{RunState, TrackedRun, number};

/// Where the time stands in an event: behind the key of field 1, which is always written first.
const TIME: std::ops::Range<usize> = 1..9;

/// Everything that a file about this run holds, in order, each event with its time.
pub(crate) fn all(run: &TrackedRun) -> Vec<Vec<u8>> {
    let end = run.rows.len().checked_sub(1).map_or(run.started, |last| run.time_of(last));
    let mut events = vec![event(run.started, 0).bytes(3, "brain.Event:2").into_bytes()];
    events.push(event(run.started, 0).message(5, start_of_session(run)).into_bytes());
    for (index, row) in run.rows.iter().enumerate() {
        events.push(event(run.time_of(index), step_of(row)).message(5, scalars(row)).into_bytes());
    }
    let last_step = run.rows.last().map_or(0, step_of);
    let success = match run.state {
        RunState::Completed => true,
        RunState::Failed => false,
        RunState::Running | RunState::Interrupted => return events,
    };
    if let Some(picture) = run.confusion_matrix().and_then(|counts| matrix_picture::draw(&counts)) {
        let best = run.figures("best").map_or(last_step, step_of);
        let image =
            Message::new().integer(1, picture.size).integer(2, picture.size).integer(3, 3).bytes(4, picture.png);
        let value = Message::new().bytes(1, "confusion_matrix").message(4, image);
        events.push(event(end, best).message(5, Message::new().message(1, value)).into_bytes());
    }
    events.push(event(end, last_step).message(5, end_of_session(success)).into_bytes());
    events
}

/// Whether two events say the same, whenever they were written.
pub(crate) fn say_the_same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left.len() >= TIME.end
        && left[..TIME.start] == right[..TIME.start]
        && left[TIME.end..] == right[TIME.end..]
}

fn event(time: f64, step: u64) -> Message {
    Message::new().double(1, time).integer(2, step)
}

fn step_of(row: &Map<String, Value>) -> u64 {
    row.get("step").and_then(Value::as_u64).unwrap_or(0)
}

/// All figures of a row under their own names.
#[expect(clippy::cast_possible_truncation, reason = "scalars of TensorBoard have single precision")]
fn scalars(row: &Map<String, Value>) -> Message {
    let figures = row.iter().filter(|(name, _)| *name != "step");
    figures.filter_map(|(name, value)| Some((name, number(value)?))).fold(Message::new(), |summary, (name, value)| {
        summary.message(1, Message::new().bytes(1, name).float(2, value as f32))
    })
}

fn start_of_session(run: &TrackedRun) -> Message {
    let mut start = Message::new();
    for (key, value) in hyperparameters(&run.config) {
        // A map is a list of messages with a key and a value.
        start = start.message(1, Message::new().bytes(1, key).message(2, protobuf_value(value)));
    }
    plugin("_hparams_/session_start_info", start.bytes(4, &run.name), 3)
}

/// The status is 1 for success, 2 for failure.
fn end_of_session(success: bool) -> Message {
    plugin("_hparams_/session_end_info", Message::new().integer(1, if success { 1 } else { 2 }), 4)
}

/// What the plugin for hyperparameters reads: its data stands in the metadata of a summary without a value.
fn plugin(tag: &str, data: Message, field: u32) -> Message {
    let content = Message::new().message(field, data).into_bytes();
    let plugin_data = Message::new().bytes(1, "hparams").bytes(2, content);
    Message::new().message(1, Message::new().bytes(1, tag).message(9, Message::new().message(1, plugin_data)))
}

/// A `google.protobuf.Value`; lists are told as texts.
fn protobuf_value(value: &Value) -> Message {
    match value {
        Value::Bool(truth) => Message::new().integer(4, u64::from(*truth)),
        Value::Number(number) => Message::new().double(2, number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Message::new().bytes(3, text),
        other => Message::new().bytes(3, other.to_string()),
    }
}
