//! Pictures of the dashboard, wide, narrow, empty, failed and running.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use serde_json::{Map, Value, json};

use super::board::{Board, Card, Detail, Standing};
use super::keys::{Choice, Reaction, react};
use super::palette::Palette;
use super::view;
use crate::live::Progress;

fn picture(width: u16, height: u16, board: &Board, choice: &Choice, colored: bool) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw(frame, board, choice, Palette { colored })).unwrap();
    terminal
}

fn shown(width: u16, height: u16, board: &Board) -> String {
    picture(width, height, board, &Choice::default(), true).backend().to_string()
}

fn card(name: &str, standing: Standing, epochs: Option<u64>) -> Card {
    Card { name: name.to_owned(), standing, epochs, progress: None }
}

fn rows(epochs: u32) -> Vec<Map<String, Value>> {
    let row = |epoch: u32| {
        let loss = 2.0 / f64::from(epoch) + 0.05;
        let accuracy = 1.0 - 0.5 / f64::from(epoch);
        let row = json!({"epoch": epoch, "step": epoch * 51, "train_loss": loss, "val_loss": loss * 0.8 + 0.1,
            "train_accuracy": accuracy, "val_accuracy": accuracy - 0.02, "lr": 0.001});
        row.as_object().cloned().unwrap()
    };
    (1..=epochs).map(row).collect()
}

fn log() -> Vec<String> {
    let line = |epoch: u32| {
        format!("2026-01-01T00:00:{epoch:02}Z  INFO run: epoch {epoch} done: train_loss 0.5, the best so far")
    };
    (1..=30).map(line).collect()
}

/// A batch in the middle of its queue.
fn running() -> Board {
    let progress = Progress {
        name: "digits-cnn".into(),
        epoch: 6,
        epochs: 15,
        step: 330,
        steps: 765,
        loss: Some(0.1234),
        samples_per_s: 17_696.4,
        left_s: Some(80),
    };
    let running = Card { progress: Some(progress), ..card("digits-cnn", Standing::Running, Some(6)) };
    Board {
        results: "results".into(),
        cards: vec![
            card("a-linear-model-with-a-rather-long-name-of-its-own", Standing::Completed, Some(40)),
            card("diverged", Standing::Failed, Some(2)),
            running,
            card("digits-mlp", Standing::Waiting, None),
            card("iris-linear", Standing::Waiting, None),
            card("of-yesterday", Standing::Interrupted, Some(3)),
        ],
        detail: Detail {
            name: "digits-cnn".into(),
            facts: "CNN on builtin:digits, adam, lr 0.001, batches of 32, seed 0".into(),
            epochs_wanted: Some(15),
            monitor: "val_loss".into(),
            rows: rows(6),
            log: log(),
            ..Detail::default()
        },
        trouble: None,
    }
}

fn failed() -> Board {
    let mut board = running();
    board.detail = Detail {
        name: "diverged".into(),
        facts: "MLP on builtin:digits, sgd, lr 10.0, batches of 8, seed 0".into(),
        reason: Some(
            "numeric: the training loss is NaN at step 87; a smaller learning rate or clipped gradients may help"
                .into(),
        ),
        epochs_wanted: Some(15),
        monitor: "val_loss".into(),
        log: vec!["2026-01-01T00:00:09Z ERROR steadfast::end: failed: the training loss is NaN at step 87".into()],
        ..Detail::default()
    };
    board
}

#[test]
fn a_running_batch_on_a_wide_terminal() {
    insta::assert_snapshot!(shown(120, 36, &running()));
}

#[test]
fn a_running_batch_on_an_ordinary_terminal() {
    insta::assert_snapshot!(shown(80, 24, &running()));
}

#[test]
fn a_running_batch_on_a_narrow_terminal() {
    insta::assert_snapshot!(shown(48, 28, &running()));
}

#[test]
fn a_number_is_never_cut() {
    let mut board = running();
    for row in &mut board.detail.rows {
        let steep = row["val_loss"].as_f64().unwrap() * 1e-5;
        row.insert("val_loss".into(), steep.into());
    }
    for width in 24..130 {
        let shown = shown(width, 30, &board);
        let cut = shown.lines().any(|line| line.contains("val 4.") && !line.contains("val 4.07e-6"));
        assert!(!cut, "{shown}");
    }
}

#[test]
fn a_failed_run_tells_why() {
    insta::assert_snapshot!(shown(80, 20, &failed()));
}

#[test]
fn a_run_that_goes_on_has_no_reason() {
    let mut board = failed();
    assert!(shown(80, 20, &board).contains("NaN at step 87"));
    board.detail.log.clear();
    board.cards[1].standing = Standing::Running;
    assert!(!shown(80, 20, &board).contains("NaN at step 87"));
}

#[test]
fn an_empty_folder_says_what_to_do() {
    let board = Board { results: "results".into(), ..Board::default() };
    insta::assert_snapshot!(shown(60, 10, &board));
}

#[test]
fn every_size_can_be_drawn() {
    for board in [running(), failed(), Board::default()] {
        for width in (1..130).step_by(3) {
            for height in 1..40 {
                picture(width, height, &board, &Choice { whole_log: height % 2 == 0, ..Choice::default() }, true);
            }
        }
    }
}

#[test]
fn without_colors_nothing_is_colored() {
    let has_color = |colored| {
        let terminal = picture(80, 24, &running(), &Choice::default(), colored);
        terminal.backend().buffer().content().iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(has_color(true) && !has_color(false));
}

#[test]
fn keys_choose_show_and_leave() {
    let board = running();
    let mut choice = Choice::default();
    let mut press = |code, modifiers| react(&Event::Key(KeyEvent::new(code, modifiers)), &mut choice, &board);
    let plain = KeyModifiers::NONE;
    for leave in [(KeyCode::Char('q'), plain), (KeyCode::Esc, plain), (KeyCode::Char('c'), KeyModifiers::CONTROL)] {
        assert_eq!(press(leave.0, leave.1), Reaction::Quit);
    }
    assert_eq!(press(KeyCode::Char('z'), plain), Reaction::Nothing);
    assert_eq!(press(KeyCode::Down, plain), Reaction::Read);
    assert_eq!(press(KeyCode::Char('l'), plain), Reaction::Draw);
    assert_eq!(choice, Choice { name: Some("digits-mlp".into()), whole_log: true, ..Choice::default() });
    let mut press = |code| react(&Event::Key(KeyEvent::new(code, plain)), &mut choice, &board);
    assert_eq!(press(KeyCode::Home), Reaction::Read);
    assert_eq!(press(KeyCode::Char('m')), Reaction::Draw);
    assert_eq!(choice.name.as_deref(), Some("a-linear-model-with-a-rather-long-name-of-its-own"));
    let mut press = |code| react(&Event::Key(KeyEvent::new(code, plain)), &mut choice, &board);
    assert_eq!((press(KeyCode::End), press(KeyCode::Char('f'))), (Reaction::Read, Reaction::Read));
    assert_eq!(choice.name, None);
    assert_eq!(react(&Event::Resize(10, 10), &mut choice, &board), Reaction::Draw);
    assert_eq!(
        react(&Event::Key(KeyEvent::new(KeyCode::Down, plain)), &mut choice, &Board::default()),
        Reaction::Nothing
    );
}
