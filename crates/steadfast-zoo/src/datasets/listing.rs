//! What a folder holds, and that in words for an error message.

use std::path::Path;

use super::DataError;

/// How many names a message quotes.
const SHOWN: usize = 12;

/// The names in a folder, in byte order. A name that is not Unicode cannot match anything we look
/// for, so replacing its bad bytes does no harm.
pub(super) fn file_names(folder: &Path) -> Result<Vec<String>, DataError> {
    let refused = |source| DataError::Read { path: folder.to_path_buf(), source };
    let mut names = fs_err::read_dir(folder)
        .map_err(refused)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(refused)?;
    names.sort_unstable();
    Ok(names)
}

/// The first of these names, and how many more there are.
pub(super) fn in_words(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".into();
    }
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_byte_order_and_the_first_are_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let listed = || in_words(&file_names(folder.path()).unwrap());
        assert_eq!(listed(), "nothing");

        for number in (10..24).rev() {
            fs_err::write(folder.path().join(format!("file-{number}")), "").unwrap();
        }
        assert!(listed().starts_with("`file-10`, `file-11`, "), "{}", listed());
        assert!(listed().ends_with("`file-21` and 2 more"), "{}", listed());
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_with_its_path() {
        let error = file_names(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /nowhere/at/all");
    }
}
