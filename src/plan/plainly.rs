//! What the reader of a file says of a value of the wrong kind, in the words of the files' own documentation.

/// What is said of a value that was found, and what it is.
const FOUND: [(&str, &str); 4] = [
    ("invalid type: sequence", "invalid type: a list"),
    ("invalid type: map", "invalid type: a table"),
    ("invalid type: unit variant", "invalid type: a name alone"),
    ("invalid type: floating point", "invalid type: number"),
];

/// What is expected, and how it is written.
const EXPECTED: [(&str, &str); 20] = [
    ("u8", WHOLE),
    ("u16", WHOLE),
    ("u32", WHOLE),
    ("u64", WHOLE),
    ("usize", WHOLE),
    ("a nonzero u64", "a whole number, 1 or more"),
    ("i32", "a whole number"),
    ("i64", "a whole number"),
    ("a sequence", "a list, as in [...]"),
    ("a map", "a table, as in { ... }"),
    ("an array of length 2", "a list of two, as in [1, 2]"),
    ("struct variant", "a table, as in { get = { key = 1 } }"),
    ("struct Bounds", "bounds, as in { min = 1, max = 5 }"),
    ("struct Trigger", "a table, as in { situation = \"leader-elected\" }"),
    ("struct Survives", "a table, as in { writes = 1 }"),
    ("struct Liveness", "a table, as in { from = \"5s\" }"),
    ("struct Guest", "a table, as in { name = \"raft\" }"),
    ("struct Cluster", "a table, as in { nodes = 3 }"),
    ("struct Pin", "a table, as in { link = [1, 2], message = 1 }"),
    ("struct SyncPin", "a table, as in { node = 1, begun = \"1s\", takes = \"5ms\" }"),
];

const WHOLE: &str = "a whole number, 0 or more";

/// The message without the names that types have in the source.
pub(super) fn plainly(message: &str) -> String {
    if message == "wanted string or table" {
        return "expected one name in quotes".into();
    }
    let Some((found, expected)) = message.split_once(", expected ") else {
        return message.to_owned();
    };
    let replaced = FOUND
        .iter()
        .find_map(|(raw, plain)| found.strip_prefix(raw).map(|rest| format!("{plain}{rest}")));
    let found = replaced.unwrap_or_else(|| found.to_owned());
    let known = EXPECTED.iter().find(|(raw, _)| *raw == expected).map(|(_, plain)| *plain);
    let expected = match known {
        Some(plain) => plain,
        None if expected.starts_with("struct variant ") => "a table, as in { key = 1 }",
        None if expected.starts_with("struct ") => "a table, as in { ... }",
        None => expected,
    };
    format!("{found}, expected {expected}")
}

/// How to write a value of the right kind, where one of another kind was found.
pub(super) fn rewritten(found: &str, expected: &str) -> Option<String> {
    let is_list = found.ends_with("a list");
    let text = match expected {
        "a boolean" => "write true or false, without quotes",
        WHOLE if is_list => "write one number, without brackets",
        WHOLE => "write a whole number, 0 or more, without quotes",
        "a list, as in [...]" if found.ends_with("a table") => {
            "each table of a list has a heading in two brackets, as in [[faults]]"
        }
        "a list, as in [...]" => "write it in brackets, also if it is one",
        _ => return None,
    };
    Some(text.into())
}
