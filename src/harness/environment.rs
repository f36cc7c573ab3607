//! What the environment says of a test: `SQUALL_SEED` and `SQUALL_RUNS`.

use crate::plan::validate::SEED_MAX;

/// What the environment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Environment {
    /// The only seed that is run.
    pub seed: Option<u64>,
    /// How many seeds are run.
    pub runs: Option<u64>,
}

impl Environment {
    /// Reads it. A value that is no number is an error: a typing mistake must not run something else.
    pub fn read() -> Result<Environment, String> {
        let value = |name: &str| std::env::var_os(name).map(|it| it.to_string_lossy().into_owned());
        Environment::of(value)
    }

    fn of(value: impl Fn(&str) -> Option<String>) -> Result<Environment, String> {
        let number = |name: &str, least: u64| match value(name) {
            None => Ok(None),
            Some(text) => {
                let number = text.replace('_', "").parse().ok();
                let number = number.filter(|number| (least..=SEED_MAX).contains(number));
                let wanted = format!("a number from {least} to {SEED_MAX}");
                number.map(Some).ok_or_else(|| format!("{name} is `{text}`, and must be {wanted}"))
            }
        };
        Ok(Environment { seed: number("SQUALL_SEED", 0)?, runs: number("SQUALL_RUNS", 1)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_all_else_is_refused() {
        let of = |seed: &'static str, runs: &'static str| {
            Environment::of(|name| {
                let value = if name == "SQUALL_SEED" { seed } else { runs };
                (!value.is_empty()).then(|| value.to_owned())
            })
        };
        assert_eq!(of("", ""), Ok(Environment { seed: None, runs: None }));
        assert_eq!(of("0", "20_000"), Ok(Environment { seed: Some(0), runs: Some(20_000) }));
        assert!(of("seventeen", "").unwrap_err().starts_with("SQUALL_SEED is `seventeen`"));
        assert!(of("", "0").unwrap_err().starts_with("SQUALL_RUNS is `0`"));
    }
}
