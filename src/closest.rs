//! For a word that names nothing, the name that was probably meant.

/// The name that is most like `word`, if one is like it at all.
pub fn closest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Only text is compared here, and the names come in a fixed order: nothing of a run depends on it.
    let likeness = |name: &str| (strsim::jaro_winkler(name, word) * 1_000.0) as u32;
    names.max_by_key(|name| likeness(name)).filter(|name| likeness(name) > 800)
}

/// A sentence on a word that names no such thing, with the name that was probably meant.
pub fn unknown<'a>(
    what: &str,
    word: &str,
    names: impl Iterator<Item = &'a str>,
    lists: &str,
) -> String {
    let meant =
        closest(word, names).map_or(String::new(), |name| format!(" did you mean `{name}`?"));
    format!("there is no {what} `{word}`;{meant} `{lists}` lists them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_nonsense_is_not() {
        let names = || ["leader-elected", "split-vote"].into_iter();
        assert_eq!(closest("leader-electd", names()), Some("leader-elected"));
        assert_eq!(closest("xyz", names()), None);
        assert_eq!(
            unknown("situation", "split-vot", names(), "squall situations"),
            "there is no situation `split-vot`; did you mean `split-vote`? `squall situations` lists them"
        );
    }
}
