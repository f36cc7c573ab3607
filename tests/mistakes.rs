//! Plans that cannot be: each mistake is refused with what is wrong, where it stands, and what to write instead.

use squall::plan::scenario::from_toml;

/// What stands in a file, what its error says, the text at which it points, and what it tells to do.
type Mistake<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Holds each mistake, written into a plan between `before` and `after`, against the error that it must give.
fn check(before: &str, after: &str, mistakes: &[Mistake]) {
    for (text, expected, place, way_out) in mistakes {
        let text = format!("{before}{text}{after}");
        let error = from_toml(&text).expect_err(&text);
        assert!(error.message.contains(expected), "{text}: {}", error.message);
        let span = error.span.expect("an error names its place");
        assert_eq!(&&text[span], place, "{text}: {}", error.message);
        let told = format!("{} {}", error.message, error.help.unwrap_or_default());
        assert!(told.contains(way_out), "{text}: {told}");
    }
}

fn fine(texts: &[&str]) {
    for text in texts {
        assert_eq!(from_toml(text).map_err(|error| error.message).err(), None, "{text}");
    }
}

#[test]
fn a_change_says_one_thing_of_nodes_that_are_there() {
    let one = "a change has one of `add`, `add_learner`, `promote`, `remove`, `joint`, `leave` and `force`";
    let nodes = "the cluster has nodes 1 to 3";
    let joint = "a joint change makes one thing of each node";
    check(
        "[cluster]\nmembers = [1, 2]\n[[faults]]\nat = \"1s\"\nchange = ",
        "\n",
        &[
            ("{}", one, "{}", "has one of"),
            ("{ target = 2 }", one, "{ target = 2 }", "has one of"),
            ("{ leave = false }", one, "{ leave = false }", "has one of"),
            ("{ add = 3, remove = 1 }", one, "{ add = 3, remove = 1 }", "has one of"),
            ("{ promote = 3, leave = true }", one, "{ promote = 3, leave = true }", "has one of"),
            (
                "{ joint = { add = [3] }, add = 3 }",
                one,
                "{ joint = { add = [3] }, add = 3 }",
                "has",
            ),
            ("{ add = 4 }", "there is no node 4", "{ add = 4 }", nodes),
            ("{ joint = { remove = [9] } }", "no node 9", "{ joint = { remove = [9] } }", nodes),
            ("{ joint = { add = [3, 3] } }", "n3 is named twice", "{ add = [3, 3] }", joint),
            (
                "{ joint = { add = [3], remove = [2, 3] } }",
                "n3 is named twice",
                "{ add = [3], remove = [2, 3] }",
                joint,
            ),
            (
                "{ joint = { add_learners = [1], remove = [1] } }",
                "n1 is named twice",
                "{ add_learners = [1], remove = [1] }",
                joint,
            ),
            ("{ joint = {} }", "names somebody", "{}", "`add`, `add_learners` or `remove`"),
            ("{ joint = { stay = true } }", "names somebody", "{ stay = true }", "in `add`"),
            ("{ ad = 3 }", "unknown field `ad`", "ad", "did you mean `add`?"),
            ("{ joint = { ad = [3] } }", "unknown field `ad`", "ad", "did you mean `add`?"),
        ],
    );
    let change = |what: &str| {
        format!("[cluster]\nmembers = [1, 2]\n[[faults]]\nat = \"1s\"\nchange = {{ {what} }}\n")
    };
    for what in ["add = 3", "leave = true", "target = 2, remove = 1", "joint = { add = [3] }"] {
        fine(&[&change(what)]);
    }
}

#[test]
fn members_are_nodes_of_the_cluster_each_once() {
    check(
        "[cluster]\nnodes = 3\nmembers = ",
        "\n",
        &[
            ("[1, 1]", "node 1 is named twice", "1", ""),
            ("[1, 2, 3, 2]", "node 2 is named twice", "2", ""),
            ("[4]", "there is no node 4", "4", "has nodes 1 to 3"),
            ("[1, 26]", "there is no node 26", "26", "has nodes 1 to 3"),
        ],
    );
    fine(&["[cluster]\nmembers = [3, 1]\n", "[cluster]\nmembers = []\n"]);
}

#[test]
fn sessions_are_one_or_more() {
    let range = "the number of sessions must be from 1 to 20000, not";
    check(
        "[clients]\nsessions = ",
        "\n",
        &[
            ("0", range, "0", "from 1 to 20000"),
            ("20001", range, "20001", "from 1 to 20000"),
            ("-1", "expected a whole number", "-1", "write a whole number, 0 or more"),
            ("true", "expected a whole number", "true", "without quotes"),
            ("\"10\"", "expected a whole number", "\"10\"", "without quotes"),
        ],
    );
    fine(&["[clients]\nsessions = 1\n", "[clients]\nsessions = 20000\n"]);
}

#[test]
fn a_server_is_removed_under_liveness_where_it_cannot_disrupt() {
    let disrupts = "a server that is removed may disrupt the others for ever (thesis 4.2.3)";
    let head = "horizon = \"60s\"\n[liveness]\nfrom = \"3s\"\n";
    let fault = "[[faults]]\nat = \"1s\"\nchange = ";
    let way_out = "set vote_lease or pre_vote";
    check(
        &format!("{head}{fault}"),
        "\n",
        &[
            ("{ remove = 3 }", disrupts, "{ remove = 3 }", way_out),
            ("{ joint = { remove = [2] } }", disrupts, "{ joint = { remove = [2] } }", way_out),
        ],
    );
    for shield in ["vote_lease = true", "pre_vote = true"] {
        fine(&[&format!("{head}[raft]\n{shield}\n{fault}{{ remove = 3 }}\n")]);
    }
    let learner = "[cluster]\nnodes = 4\nmembers = [1, 2, 3]\n";
    fine(&[
        &format!("{head}{learner}{fault}{{ add_learner = 4 }}\n"),
        &format!("horizon = \"60s\"\n{fault}{{ remove = 3 }}\n"),
    ]);
}

#[test]
fn liveness_has_a_core_of_nodes_that_are_there_and_time_enough() {
    check(
        "horizon = \"60s\"\n[liveness]\nfrom = \"3s\"\ncore = ",
        "\n",
        &[
            ("[1, 7]", "there is no node 7", "7", "has nodes 1 to 3"),
            ("[1, 1, 2]", "node 1 is named twice", "1", ""),
            ("[]", "the list of nodes is empty", "[]", ""),
            ("4", "there is no node 4", "4", "has nodes 1 to 3"),
            ("[2]", "fewer than 2 nodes cannot elect a leader", "[2]", "name a majority"),
            ("1", "fewer than 2 nodes cannot elect a leader", "1", "name a majority"),
            ("\"leader\"", "not \"leader\"", "\"leader\"", "\"all-but-leader\""),
            ("\"minority\"", "not \"minority\"", "\"minority\"", "\"majority\""),
            ("\"trigger\"", "\"trigger\" is the node of the situation", "\"trigger\"", ""),
            ("\"evryone\"", "evryone", "\"evryone\"", "everyone"),
        ],
    );
    check(
        "horizon = \"60s\"\n[liveness]\nfrom = \"3s\"\n",
        "\n",
        &[
            ("within = \"0s\"", "needs some time to come back to life", "\"0s\"", ""),
            ("outside = \"def\"", "unknown variant `def`", "\"def\"", "did you mean `deaf`?"),
            (
                "[[faults]]\nat = \"4s\"\ncrash = { target = 1 }",
                "from 3s on no fault strikes",
                "\"4s\"",
                "let it strike earlier",
            ),
        ],
    );
    let short = "horizon = \"5s\"\n[liveness]\nfrom = \"3s\"\n";
    check("", "", &[(short, "to come back to life", "\"5s\"", "set horizon = ")]);
    fine(&["horizon = \"60s\"\n[liveness]\nfrom = \"3s\"\ncore = [3, 1]\n"]);
}

#[test]
fn snapshots_and_flow_have_limits() {
    let every = "entries between snapshots must be from 0 to 1000000000, not 1000000001";
    let trailing = "entries kept before a snapshot must be from 0 to 1000000000, not 1000000001";
    let chunk = "bytes of a snapshot per message must be from 1 to 1073741824, not";
    let entries = "entries per append must be from 1 to 65536, not";
    let flight = "appends in flight must be from 1 to 65536, not";
    let bytes = "bytes per append must be from 0 to 1073741824, not 1073741825";
    let unanswered = "bytes in flight must be from 0 to 1073741824, not 1073741825";
    let delay = "must be shorter than the election timeout (";
    check(
        "[raft]\n",
        "\n",
        &[
            ("snapshot_every = 1000000001", every, "1000000001", "from 0 to"),
            ("snapshot_trailing = 1000000001", trailing, "1000000001", "from 0 to"),
            ("snapshot_chunk = 0", chunk, "0", "from 1 to"),
            ("snapshot_chunk = 1073741825", chunk, "1073741825", "from 1 to"),
            ("snapshot_every = -1", "expected a whole number", "-1", "write a whole number"),
            ("snapshot_evry = 5", "unknown field", "snapshot_evry", "`snapshot_every`?"),
            ("entries_per_append = 0", entries, "0", "from 1 to"),
            ("entries_per_append = 65537", entries, "65537", "from 1 to"),
            ("appends_in_flight = 0", flight, "0", "from 1 to"),
            ("appends_in_flight = 65537", flight, "65537", "from 1 to"),
            ("bytes_per_append = 1073741825", bytes, "1073741825", "from 0 to"),
            ("bytes_in_flight = 1073741825", unanswered, "1073741825", "from 0 to"),
            ("batch_delay = \"150ms\"", delay, "\"150ms\"", "shorter than"),
            ("batch_delay = 5", "", "5", ""),
            ("parallel_append = \"no\"", "expected a boolean", "\"no\"", "true or false"),
        ],
    );
    let apply = "a state machine applies within 1000s, not 1000.001s";
    let long = ("apply_delay = \"1000001ms\"", apply, "\"1000001ms\"", "within");
    check("[cluster]\n", "\n", &[long]);
    fine(&[
        "[raft]\nsnapshot_every = 1000000000\nsnapshot_trailing = 0\nsnapshot_chunk = 1\n",
        "[raft]\nentries_per_append = 65536\nappends_in_flight = 1\nbytes_per_append = 0\n",
        "[raft]\nbytes_in_flight = 1073741824\nbatch_delay = \"149ms\"\n",
        "[cluster]\napply_delay = \"1000s\"\n",
    ]);
}

#[test]
fn what_a_crash_leaves_and_what_rots_is_told_apart() {
    let crash = |rest: &str| format!("[[faults]]\nat = \"1s\"\ncrash = {{ target = 1{rest} }}\n");
    let votes = "survives = { writes = 2, votes = 1 }";
    let lost = "survives = { writes = 2 }";
    check(
        "[[faults]]\nat = \"1s\"\ncrash = { target = 1, ",
        " }\n",
        &[
            (lost, "or \"reordered\"", "{ writes = 2 }", "write unsynced ="),
            (
                &format!("unsynced = \"torn\", {votes}"),
                "only with unsynced = \"reordered\"",
                "1",
                "\"reordered\"",
            ),
            ("unsynced = \"reorderd\"", "`reorderd`", "\"reorderd\"", "`reordered`"),
        ],
    );
    check(
        "[[faults]]\nat = \"1s\"\n",
        " }\n",
        &[
            (
                "corrupt = { target = 1, what = \"vote\", entries = 2",
                "only the log has entries",
                "2",
                "leave `entries` or `what` out",
            ),
            ("corrupt = { target = 1, what = \"votes\"", "`votes`", "\"votes\"", "`vote`"),
            ("disk-lie = { target = 1", "unknown field `disk-lie`", "disk-lie", "`disk-lies`"),
        ],
    );
    let sync = "[[syncs]]\nnode = 1\nbegun = \"1s\"\ntakes = \"1ms\"\nfails = true\n";
    let apart = ("survives = { writes = 1, votes = 3 }", "keeps the order of writes", "3", "");
    check(sync, "\n", &[apart]);
    let reordered = ", unsynced = \"reordered\"";
    fine(&[
        &crash(&format!("{reordered}, {votes}")),
        &crash(reordered),
        &crash(", unsynced = \"torn\""),
    ]);
}

#[test]
fn a_fault_has_the_keys_of_its_kind() {
    let unknown =
        "unknown field `targt`, expected one of `every`, `for`, `put_back`, `survives`, `target`";
    check(
        "[[faults]]\nat = \"1s\"\n",
        "\n",
        &[
            ("crash = { targt = 1 }", unknown, "targt", "did you mean `target`?"),
            ("crash = { for = \"1s\" }", "missing field `target`", "{ for = \"1s\" }", ""),
            ("crash = { target = 1, for = \"1 day\" }", "unit of time", "\"1 day\"", ""),
            ("crash = 1", "expected a table of what `crash` has", "1", ""),
            (
                "crash = { target = 1, flapping = \"1s\" }",
                "`crash` does not come and go",
                "flapping",
                "is for partitions: split, isolate, cut, bridge, ring",
            ),
            (
                "clock = { target = 1, jump = \"1s\", for = \"1s\" }",
                "`clock` does something once, so it has no end",
                "for",
                "`for` is for crash, pause",
            ),
            ("slow = { target = 1 }", "missing field `per_input`", "{ target = 1 }", ""),
            ("ring = { target = 1 }", "unknown field `target`", "target", "`flapping`"),
            ("split = { groups = [[9]] }", "there is no node 9", "[9]", "has nodes 1 to 3"),
            ("cut = { from = 1, to = 7 }", "there is no node 7", "7", "has nodes 1 to 3"),
            ("isolate = { target = 8 }", "there is no node 8", "8", "has nodes 1 to 3"),
            ("crahs = { target = 1 }", "unknown field `crahs`", "crahs", "did you mean `crash`?"),
        ],
    );
    let both = "this one has both `crash` and `pause`; write two faults";
    let error =
        from_toml("[[faults]]\nat = \"1s\"\ncrash = { target = 1 }\npause = { target = 1 }\n");
    assert!(error.is_err_and(|error| error.message.contains(both)));
    let link = "[[links]]\nfrom = 1\nfor = \"1s\"\n";
    check("", "", &[(link, "unknown field `for`", "for", "")]);
}

/// Whatever stands in place of a value of any key, what is said of it has no name that a type has in the source.
#[test]
fn values_of_the_wrong_kind_are_told_in_plain_words() {
    let schema = squall::schema::scenario();
    let resolved = |value: &serde_json::Value| {
        let mut value = value.clone();
        while let Some(name) = value["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/")) {
            value = schema["$defs"][name].clone();
        }
        value
    };
    let keys = |of: &serde_json::Value| -> Vec<(String, serde_json::Value)> {
        let keys = of["properties"].as_object();
        keys.into_iter().flatten().map(|(key, of)| (key.clone(), resolved(of))).collect()
    };
    let mut tried = 0;
    let mut check = |text: String| {
        let Err(error) = from_toml(&text) else { return };
        tried += 1;
        let told = format!("{} {}", error.message, error.help.unwrap_or_default());
        for raw in [
            "struct ",
            "variant",
            "expected u",
            "expected i",
            "sequence",
            "newtype",
            "enum ",
            "tuple",
            "untagged",
            "a map",
            "unit v",
        ] {
            let named = raw == "variant" && told.contains("unknown variant `");
            assert!(named || !told.contains(raw), "`{raw}` in `{told}` of\n{text}");
        }
    };
    for (table, of) in keys(&schema) {
        let list = resolved(&of["items"]);
        let (head, own) = match keys(&list) {
            own if own.is_empty() => (format!("[{table}]"), keys(&of)),
            own => (format!("[[{table}]]"), own),
        };
        for value in ["3", "-1", "\"x\"", "true", "0.5", "[1]", "[\"x\", []]", "{ x = 1 }"] {
            check(format!("{table} = {value}\n"));
            for (key, _) in &own {
                check(format!("{head}\n{key} = {value}\n"));
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
}

#[test]
fn values_of_the_wrong_kind_are_told_with_what_to_write() {
    for (text, expected, way_out) in [
        (
            "[expect.metrics]\nlatency_p99 = \"1ms\"\n",
            "expected bounds, as in { min = 1, max = 5 }",
            "",
        ),
        (
            "[expect.counts]\nleader-elected = 5\n",
            "expected bounds, as in { min = 1, max = 5 }",
            "",
        ),
        (
            "[[faults]]\non = \"leader-elected\"\npause = {}\n",
            "a table, as in { situation = \"leader-elected\" }",
            "",
        ),
        (
            "[[requests]]\nat = \"1s\"\ncommand = \"get\"\n",
            "a table, as in { get = { key = 1 } }",
            "",
        ),
        (
            "[[faults]]\nat = \"1s\"\nchange = { add = [4] }\n",
            "a list, expected a whole number",
            "without brackets",
        ),
        ("judge = \"durability\"\n", "expected a list", "in brackets"),
        ("[faults]\nat = \"1s\"\n", "expected a list", "[[faults]]"),
        ("[expect]\nviolation = [\"durability\"]\n", "expected one name in quotes", ""),
        (
            "[[faults]]\nat = \"1s\"\ncrash = { nodes = [1] }\n",
            "unknown field `nodes`",
            "its `target`",
        ),
        ("[[faults]]\nat = \"1s\"\nsplit = [[1, 2], [3]]\n", "as in { groups = [[1, 2]] }", ""),
    ] {
        let error = from_toml(text).expect_err(text);
        assert!(error.message.contains(expected), "{text}: {}", error.message);
        assert!(error.help.unwrap_or_default().contains(way_out), "{text}");
    }
}
