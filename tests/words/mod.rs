//! Names of types, as pages write them.

/// `WriteFailed` with its words apart: `write-failed`, if they are joined by `-`.
pub fn apart(name: &str, joint: char) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(joint);
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}
