//! Shows what others wrote, as titles and names of files: it can neither steer a terminal nor command a CI system.

use std::ffi::OsStr;

/// A text on one line, with all that is not plain spelled out: control characters, and those that turn the direction of writing, as
/// `\u{1b}`. CI systems take `::error::` for a command at the start of a line, and `##[error]` anywhere; neither is left.
pub fn shown(text: impl AsRef<OsStr>) -> String {
    let mut plain = String::new();
    for letter in text.as_ref().to_string_lossy().chars() {
        let begins_command = match letter {
            '#' => plain.ends_with('#'),
            ':' => plain.trim_start() == ":",
            _ => false,
        };
        if is_unseen(letter) || begins_command {
            plain.extend(letter.escape_unicode());
        } else {
            plain.push(letter);
        }
    }
    plain
}

/// The same in Markdown: no letter of it is markup.
pub fn shown_markdown(text: &str) -> String {
    let mut escaped = String::new();
    for letter in shown(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '|' | '!' | '>' => {
                escaped.extend(['\\', letter]);
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// A block of code in Markdown, which nothing in it can close.
pub fn fenced(language: &str, code: &str) -> String {
    let longest = code.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{code}\n{fence}\n")
}

/// Whether it is a control character, or one that breaks a line, or turns the direction of writing.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_stays_and_what_steers_is_spelled_out() {
        for plain in ["Figure 8: a leader's entry", "a/b-c.toml", "größer: №5 日本", "a::b", "#1"]
        {
            assert_eq!(shown(plain), plain);
        }
        for (text, wanted) in [
            ("\u{1b}[2J\u{9b}x", "\\u{1b}[2J\\u{9b}x"),
            ("a\n::error::x", "a\\u{a}::error::x"),
            ("::error::x", ":\\u{3a}error::x"),
            ("  ::error::x", "  :\\u{3a}error::x"),
            ("a ##[error]x", "a #\\u{23}[error]x"),
            ("\u{202e}txt\u{2066}\u{200f}", "\\u{202e}txt\\u{2066}\\u{200f}"),
        ] {
            assert_eq!(shown(text), wanted);
        }
    }

    #[test]
    fn nothing_in_markdown_is_markup() {
        assert_eq!(shown_markdown("<b> # *x* `y`\n"), r"&lt;b\> \# \*x\* \`y\`\\u{a}");
        assert_eq!(fenced("toml", "a\n````\nb"), "`````toml\na\n````\nb\n`````\n");
        assert_eq!(fenced("", "a"), "```\na\n```\n");
    }
}
