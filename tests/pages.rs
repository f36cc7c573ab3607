//! The pages in a real browser: what a user clicks, types and sees.
//!
//! With `SQUALL_SCREENSHOTS` set to a folder, pictures of what the tests look at are left there.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Value, json};
use squall::plan::{Plan, scenario};
use squall::report::text;
use squall::sim::{BuiltIn, Options, Run, Runner, run};
use tempfile::TempDir;

use crate::browser::Page;

const WINDOW: (u32, u32) = (1440, 900);

/// A page that `squall report` wrote, in a folder of its own.
struct Written {
    folder: TempDir,
}

impl Written {
    fn new(args: &[&str]) -> Written {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("run.html");
        Command::new(env!("CARGO_BIN_EXE_squall"))
            .arg("report")
            .args(args)
            .arg("--out")
            .arg(&out)
            .assert()
            .code(0);
        Written { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("run.html")
    }

    fn open(&self, link: &str) -> Page {
        Page::open(&self.file(), link, WINDOW)
    }
}

fn picture(page: &mut Page, name: &str) {
    if let Some(folder) = std::env::var_os("SQUALL_SCREENSHOTS") {
        page.screenshot(&Path::new(&folder).join(format!("{name}.png")));
    }
}

fn expect_no_complaints(page: &mut Page) {
    assert_eq!(page.complaints(), Vec::<String>::new());
}

const FIGURE_8: &str = "scenarios/bugs/old-term-commit.toml";

fn plan_of(file: &str) -> Plan {
    let text = std::fs::read_to_string(file).expect("the scenario is there");
    scenario::from_toml(&text).expect("it is right")
}

#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn a_violation_is_shown_with_its_evidence_and_clicks_select() {
    let violation = run(&plan_of(FIGURE_8)).violation.expect("its bug is caught");
    let written = Written::new(&[FIGURE_8]);
    let mut page = written.open("");
    assert_eq!(page.text("verdict"), format!("{} violated", violation.property));
    assert_eq!(page.text("sentence"), violation.sentence);
    let shown = violation.evidence.last().expect("a proof has a record");
    assert_eq!(page.text("record-title"), format!("Record #{shown}"));
    let lines = page.text("evidence");
    assert!(violation.evidence.iter().all(|number| lines.contains(&format!("#{number}"))));
    picture(&mut page, "figure-8");
    // A click on the mark of the first record of the proof selects it.
    let first = violation.evidence[0];
    // A browser that is slow to lay its page out moves the diagram once more.
    let place = format!(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {{ \
         const box = document.getElementById('diagram').getBoundingClientRect(); \
         const p = squall.placeOf({first} - squall.data.first); done([box.left + p.x, box.top + p.y]); }})))"
    );
    let point = page.eval(&place);
    page.click(point[0].as_f64().expect("x"), point[1].as_f64().expect("y"));
    assert_eq!(page.text("record-title"), format!("Record #{first}"));
    let json: Value = serde_json::from_str(&page.text("record-json")).expect("JSON");
    assert_eq!(json["number"], first);
    page.press("c");
    picture(&mut page, "figure-8-causal-past");
    page.press("t");
    picture(&mut page, "figure-8-other-theme");
    expect_no_complaints(&mut page);
}

/// What a function of the page gives for each record, a part at a time: a message of the browser has a limit.
fn of_each_record(page: &mut Page, function: &str) -> Vec<Value> {
    let count = page.eval("squall.count").as_u64().expect("a number");
    let mut all = Vec::new();
    for from in (0..count).step_by(10_000) {
        let length = (count - from).min(10_000);
        let code = format!(
            "Array.from({{ length: {length} }}, (_, at) => squall.{function}({from} + at))"
        );
        all.extend_from_slice(page.eval(&code).as_array().expect("a list"));
    }
    all
}

#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn words_and_json_are_those_of_a_trace() {
    let disks =
        squall::plan::files::find(&["scenarios/disks".into()]).expect("there are scenarios");
    let disks: Vec<String> = disks.iter().map(|path| path.display().to_string()).collect();
    let mut runs = vec![vec!["--seed", "42"], vec![FIGURE_8], vec!["scenarios/faults/ring.toml"]];
    // A clock that is slow: its drift is a number below zero.
    runs.push(vec!["scenarios/reads/lease-beyond-its-drift.toml"]);
    runs.extend(disks.iter().map(|path| vec![path.as_str()]));
    for args in runs {
        let written = Written::new(&args);
        let mut page = written.open("");
        let told = of_each_record(&mut page, "words");
        let json = of_each_record(&mut page, "recordJson");
        let plan = match args[0] {
            "--seed" => squall::plan::swarm::draw(42),
            file => plan_of(file),
        };
        let lines = text::lines(&Run::new(&BuiltIn::new(), plan.clone()), |_| true);
        assert_eq!(told.len(), lines.len());
        for ((number, line), told) in lines.iter().zip(&told) {
            let told = told.as_str().expect("words");
            assert!(line.ends_with(told), "#{number}: {line}\n{told}");
        }
        let mut records = Vec::new();
        let mut sink = |record: &squall::record::Record| records.push(*record);
        let _ = BuiltIn::new().run(&plan, Options { sink: Some(&mut sink), ..Options::default() });
        for (record, text) in records.iter().zip(&json) {
            let shown: Value =
                serde_json::from_str(text.as_str().expect("text")).expect("it is JSON");
            assert_eq!(shown, serde_json::to_value(record).expect("JSON"), "#{}", record.number);
        }
        expect_no_complaints(&mut page);
    }
}

#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn search_finds_and_keys_step_and_zoom() {
    let written = Written::new(&[FIGURE_8]);
    let mut page = written.open("");
    page.press("/");
    page.type_text("node:1 kind:commit index:2");
    page.press("Enter");
    page.wait_for("document.getElementById('matches').textContent !== ''");
    assert_eq!(page.text("record-words"), "commits up to 2");
    assert_eq!(page.text("matches"), "1 of 1");
    page.press("Escape");
    let selected = |page: &mut Page| page.eval("squall.selection.at").as_i64().expect("a place");
    let span = |page: &mut Page| page.eval("squall.view.to - squall.view.from").as_f64();
    let (here, wide) = (selected(&mut page), span(&mut page));
    page.press("n");
    assert_eq!(selected(&mut page), here + 1);
    page.press("p");
    assert_eq!(selected(&mut page), here);
    page.press("+");
    assert!(span(&mut page) < wide);
    page.press("0");
    assert!(span(&mut page) > wide);
    page.press("+");
    let left = page.eval("squall.view.from").as_f64();
    page.press("ArrowRight");
    assert!(page.eval("squall.view.from").as_f64() > left);
    page.press("Home");
    assert!(page.eval("squall.view.from").as_f64() <= Some(0.0));
    page.press("/");
    page.eval("document.getElementById('search').value = ''");
    page.type_text("nod:1");
    page.wait_for("document.getElementById('matches').textContent.includes('unknown key nod')");
    expect_no_complaints(&mut page);
}

#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn a_deep_link_opens_at_its_record_and_follows_the_selection() {
    let written = Written::new(&[FIGURE_8]);
    let mut page = written.open("#event=286");
    assert_eq!(page.text("record-title"), "Record #286");
    page.press("n");
    page.wait_for("location.hash === '#event=287'");
    page.eval("location.hash = '#event=100'");
    page.wait_for("document.getElementById('record-title').textContent === 'Record #100'");
    expect_no_complaints(&mut page);
}

#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn a_title_is_text_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let title =
        "</script><script>window.hit = 1</script><img src=x onerror=\\\"window.hit = 1\\\">";
    let scenario = folder.path().join("hostile.toml");
    let text = format!("title = \"{title}\"\nabout = \"{title}\"\nhorizon = \"1s\"\n");
    std::fs::write(&scenario, text).expect("it is writable");
    let written = Written::new(&[scenario.to_str().expect("the path is text")]);
    let mut page = written.open("");
    assert_eq!(page.text("title"), title.replace('\\', ""));
    assert_eq!(page.eval("window.hit === undefined"), json!(true));
    assert_eq!(page.eval("document.images.length"), json!(0));
    expect_no_complaints(&mut page);
}

#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn a_window_of_a_run_has_the_same_logs_as_the_whole() {
    let whole = Written::new(&["scenarios/faults/ring.toml"]);
    let part = Written::new(&["scenarios/faults/ring.toml", "--from", "1s"]);
    let logs = |page: &mut Page| {
        page.eval("squall.select(squall.count - 1, false)");
        page.text("logs")
    };
    let (mut one, mut other) = (whole.open(""), part.open(""));
    assert_eq!(logs(&mut one), logs(&mut other));
    assert!(other.eval("squall.data.first").as_u64() > Some(100));
    expect_no_complaints(&mut other);
}

#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn the_wheel_zooms_a_drag_moves_and_fingers_pinch() {
    let written = Written::new(&[FIGURE_8]);
    let mut page = written.open("");
    let view = |page: &mut Page| {
        let view = page.eval("[squall.view.from, squall.view.to]");
        [0, 1].map(|end| view[end].as_f64().expect("a time"))
    };
    let selected = page.eval("squall.selection.at");
    let before = view(&mut page);
    page.mouse("mouseWheel", 500.0, 400.0, &json!({ "deltaX": 0, "deltaY": -200 }));
    let closer = view(&mut page);
    assert!(closer[1] - closer[0] < before[1] - before[0]);
    page.mouse("mousePressed", 600.0, 400.0, &json!({ "button": "left", "buttons": 1 }));
    page.mouse("mouseMoved", 500.0, 400.0, &json!({ "button": "left", "buttons": 1 }));
    page.mouse("mouseReleased", 500.0, 400.0, &json!({ "button": "left" }));
    let moved = view(&mut page);
    assert!(moved[0] > closer[0]);
    assert_eq!(page.eval("squall.selection.at"), selected, "a drag selects nothing");
    let touch = |page: &mut Page, kind: &str, xs: &[f64]| {
        let finger = |(id, x): (usize, &f64)| json!({ "x": x, "y": 400, "id": id });
        let fingers: Vec<Value> = xs.iter().enumerate().map(finger).collect();
        page.call("Input.dispatchTouchEvent", &json!({ "type": kind, "touchPoints": fingers }));
    };
    touch(&mut page, "touchStart", &[400.0, 500.0]);
    touch(&mut page, "touchMove", &[350.0, 550.0]);
    touch(&mut page, "touchMove", &[300.0, 600.0]);
    touch(&mut page, "touchEnd", &[]);
    let pinched = view(&mut page);
    assert!(pinched[1] - pinched[0] < 0.7 * (moved[1] - moved[0]));
    expect_no_complaints(&mut page);
}

/// A run of at least 100,000 records, of five nodes under load.
const LONG: &str =
    "title = \"A long run\"\nhorizon = \"20s\"\n[cluster]\nnodes = 5\n[clients]\ncount = 4\n";

#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn a_hundred_thousand_records_load_and_move_smoothly() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = folder.path().join("long.toml");
    std::fs::write(&scenario, LONG).expect("it is writable");
    let written = Written::new(&[scenario.to_str().expect("the path is text")]);
    let bytes = std::fs::metadata(written.file()).expect("the page is there").len();
    let mut page = written.open("");
    let records = page.eval("squall.count").as_u64().expect("a number");
    let ready = page.eval("Number(document.documentElement.dataset.ready)").as_u64();
    let ready = ready.expect("a number of milliseconds");
    let frames = |page: &mut Page, span: &str| {
        page.eval(&format!("squall.show(1e9, 1e9 + {span})"));
        page.eval(PAN)
    };
    let whole = frames(&mut page, "19e9");
    picture(&mut page, "long-whole");
    let close = frames(&mut page, "0.5e9");
    picture(&mut page, "long-close");
    println!(
        "{records} records: {bytes} bytes, ready after {ready} ms; frames while moving, median and longest: {whole} ms \
         zoomed out, {close} ms zoomed in"
    );
    assert!(records >= 100_000, "{records}");
    assert!(ready < 5_000, "{ready} ms");
    for frames in [whole, close] {
        assert!(frames[0].as_f64() < Some(50.0), "{frames}");
    }
    expect_no_complaints(&mut page);
}

/// Moves the view in forty frames; the median and the longest, in milliseconds.
const PAN: &str = "new Promise((done) => {
    const times = [];
    let last = performance.now();
    const frame = () => {
        const now = performance.now();
        times.push(now - last);
        last = now;
        if (times.length > 40) {
            times.sort((a, b) => a - b);
            return done([Math.round(times[20]), Math.round(times[40])]);
        }
        const step = (squall.view.to - squall.view.from) * 0.01;
        squall.show(squall.view.from + step, squall.view.to + step);
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
})";

/// What clients saw stands below the diagram, in its time, and in words beside it.
#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn metrics_are_drawn_over_time_and_told() {
    let written = Written::new(&["scenarios/clients/forwarded-then-leader-changes.toml"]);
    let mut page = written.open("");
    let told = page.text("metrics");
    assert!(told.contains("requests") && told.contains("nobody led for"), "{told}");
    let slices = page.eval("squall.data.plots.slices.length").as_u64().expect("a number");
    assert!((100..=160).contains(&slices), "{slices}");
    let drawn = "(() => { const it = document.getElementById('plots'); const pen = it.getContext('2d'); \
        const seen = new Set(new Uint32Array(pen.getImageData(0, 0, it.width, it.height).data.buffer)); return seen.size; })()";
    let colours = page.eval(drawn).as_u64().expect("a number");
    assert!(colours > 4, "{colours} colours");
    let lag = page.eval("Math.max(...squall.data.plots.slices.map((slice) => slice[5][0]))");
    assert!(lag.as_u64() > Some(0), "{lag}");
    assert!(page.eval("document.getElementById('turning').getBoundingClientRect().height") == 0);
    picture(&mut page, "metrics");
    expect_no_complaints(&mut page);
}

/// The share of failing futures is a curve below the diagram, with the turn, which a button selects, and in words in the panel.
#[test]
#[ignore = "needs chromium; .ci/run installs it"]
fn the_turning_point_is_drawn_and_told() {
    let run = ["--seed", "6", "--bug", "vote-twice"];
    let written = Written::new(&[&run[..], &["--turning-point", "--futures", "6"]].concat());
    let mut page = written.open("");
    let told = page.text("turning-says");
    assert!(told.starts_with("the turn is"), "{told}");
    let label = page.eval("document.getElementById('turning').getAttribute('aria-label')");
    assert!(label.as_str().is_some_and(|label| label.contains(&told)), "{label}");
    let lines = page.text("turning-points").matches("of 6 fail").count();
    assert_eq!(page.eval("squall.data.turning.points.length"), lines);
    picture(&mut page, "turning-violation");
    page.press("0");
    picture(&mut page, "turning-whole");
    let drawn = "(() => { const it = document.getElementById('turning'); const pen = it.getContext('2d'); \
        const seen = new Set(new Uint32Array(pen.getImageData(0, 0, it.width, it.height).data.buffer)); return seen.size; })()";
    let colours = page.eval(drawn).as_u64().expect("a number");
    assert!(colours > 4, "{colours} colours");
    page.eval("document.getElementById('go-turning').click()");
    let event = page.eval("squall.data.turning.turn[0].event");
    assert!(page.text("record-where").contains(&format!("event {event}")), "{event}");
    picture(&mut page, "turning-point");
    expect_no_complaints(&mut page);
}
