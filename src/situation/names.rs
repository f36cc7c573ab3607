//! Situations by their names: in files, on the command line, in schemas.

use super::Situation;
use crate::named::named;

named!(Situation, "Situation", "situation", "squall situations");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for (slot, situation) in Situation::ALL.iter().enumerate() {
            assert_eq!(situation.slot(), slot);
            assert_eq!(situation.name().parse(), Ok(*situation));
            assert!(situation.means().ends_with('.') && situation.matters().ends_with('.'));
        }
        const { assert!(Situation::COUNT >= 60) };
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_closest() {
        let error = "leader-electd".parse::<Situation>().unwrap_err();
        assert!(error.contains("did you mean `leader-elected`"), "{error}");
    }
}
