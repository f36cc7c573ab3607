//! Drives a real browser: starts Chromium without a window, and talks to a page by the DevTools protocol.
//!
//! Only what the tests of pages need: open a file, evaluate an expression, click, press keys, take a picture. Errors and warnings that
//! the page logs are kept.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

/// Names under which distributions install it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// A page in a browser of its own.
pub struct Page {
    process: Child,
    /// What the browser keeps; gone with it.
    _profile: TempDir,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    calls: u64,
    events: Vec<Value>,
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Page {
    /// Opens a file, at a link within it, in a window of the given size. Waits until the page says that it is ready.
    pub fn open(file: &Path, link: &str, size: (u32, u32)) -> Page {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut process = start(profile.path(), size);
        let address = devtools_address(&mut process);
        let stream = TcpStream::connect(host_of(&address)).expect("Chromium listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
        let (socket, _) = tungstenite::client(&address, MaybeTlsStream::Plain(stream))
            .expect("Chromium speaks the DevTools protocol");
        let session = String::new();
        let mut page =
            Page { process, _profile: profile, socket, session, calls: 0, events: Vec::new() };
        let target = page.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = page.call("Target.attachToTarget", &attach)["sessionId"].clone();
        page.session = session.as_str().expect("a session has a name").to_owned();
        for domain in ["Page", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), &json!({}));
        }
        let url = format!("file://{}{link}", file.display());
        page.call("Page.navigate", &json!({ "url": url }));
        page.wait_for("document.documentElement.dataset.ready !== undefined");
        page
    }

    /// Calls a method of the protocol.
    pub fn call(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": params });
        if !self.session.is_empty() {
            call["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(call.to_string())).expect("Chromium reads");
        loop {
            let message = self.socket.read().expect("Chromium answers");
            let Message::Text(text) = message else { continue };
            let answer: Value = serde_json::from_str(&text).expect("the protocol is JSON");
            if answer["id"] == json!(self.calls) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// The value of an expression in the page; a promise is waited for.
    pub fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", &params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// The text of an element.
    pub fn text(&mut self, id: &str) -> String {
        let value = self.eval(&format!("document.getElementById('{id}').textContent"));
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true, ten seconds at most.
    pub fn wait_for(&mut self, expression: &str) {
        let promise = format!(
            "new Promise((done, failed) => {{ const began = performance.now(); const look = () => ({expression}) ? done(true) \
             : performance.now() - began > 10000 ? failed('waited in vain') : setTimeout(look, 20); look(); }})"
        );
        // A document that has just been replaced takes its promises with it.
        for _ in 0..20 {
            let params =
                json!({ "expression": promise, "returnByValue": true, "awaitPromise": true });
            let result = self.call("Runtime.evaluate", &params);
            if result["result"]["value"] == json!(true) {
                return;
            }
        }
        panic!("waited in vain for {expression}");
    }

    /// Presses a key that has one character, or a name as in `ArrowLeft`.
    pub fn press(&mut self, key: &str) {
        let mut down = json!({ "type": "keyDown", "key": key });
        if key.chars().count() == 1 {
            down["text"] = json!(key);
        }
        self.call("Input.dispatchKeyEvent", &down);
        self.call("Input.dispatchKeyEvent", &json!({ "type": "keyUp", "key": key }));
    }

    /// Types into what has the focus.
    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// A mouse event at a point of the window.
    pub fn mouse(&mut self, kind: &str, x: f64, y: f64, more: &Value) {
        let mut event = json!({ "type": kind, "x": x, "y": y });
        for (key, value) in more.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        self.call("Input.dispatchMouseEvent", &event);
    }

    /// Clicks on a point of the window.
    pub fn click(&mut self, x: f64, y: f64) {
        let left = json!({ "button": "left", "buttons": 1, "clickCount": 1 });
        self.mouse("mousePressed", x, y, &left);
        self.mouse("mouseReleased", x, y, &json!({ "button": "left", "clickCount": 1 }));
    }

    /// Writes a picture of the window, in PNG.
    pub fn screenshot(&mut self, path: &Path) {
        let image = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        let text = image["data"].as_str().expect("a picture is text in Base64");
        std::fs::write(path, base64(text)).expect("the picture can be written");
    }

    /// What went wrong in the page so far: exceptions, errors and warnings.
    pub fn complaints(&mut self) -> Vec<String> {
        self.eval("new Promise((done) => setTimeout(done, 50))");
        let bad = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => {
                matches!(event["params"]["type"].as_str(), Some("error" | "warning" | "assert"))
            }
            Some("Log.entryAdded") => {
                let level = event["params"]["entry"]["level"].as_str();
                matches!(level, Some("error" | "warning"))
            }
            _ => false,
        };
        self.events.iter().filter(bad).map(ToString::to_string).collect()
    }
}

fn start(profile: &Path, (width, height): (u32, u32)) -> Child {
    for name in NAMES {
        let started = Command::new(name)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-extensions", "--disable-background-networking"])
            .args(["--hide-scrollbars", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--window-size={width},{height}"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        if let Ok(process) = started {
            return process;
        }
    }
    panic!(
        "the tests of pages need Chromium, and none of {NAMES:?} can be started; on Debian: apt-get install chromium"
    );
}

/// The address that the browser prints when it is up.
fn devtools_address(process: &mut Child) -> String {
    let stderr = process.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(stderr).lines();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        line.strip_prefix("DevTools listening on ").map(|address| address.trim().to_owned())
    });
    // A browser whose pipe nobody reads stands still.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    address.expect("Chromium says where it listens")
}

fn host_of(address: &str) -> &str {
    address.trim_start_matches("ws://").split('/').next().unwrap_or_default()
}

fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let Some(value) = LETTERS.iter().position(|known| *known == letter) else { continue };
        bits = (bits << 6) | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}
