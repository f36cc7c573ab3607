//! Records as small arrays, which a browser reads in a fraction of the time that objects would take.
//!
//! A record is `[event, time, node, shape, numbers...]`: event and time as the difference from the record before, and the node 0 for
//! none. Its shape says everything but the numbers: the record's JSON and its words, cut where the numbers stand. Records have few
//! shapes, and each is told once. So the page has the words and the names of traces, and a new kind of record needs no line here.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ids::{NodeId, Term};
use crate::log::{Command, Entry, RequestId};
use crate::record::{Kind, Record};
use crate::trace::text::{client, command_words, words};

/// No number of JavaScript from here on is exact.
const EXACT: u64 = 1 << 53;

/// Puts records into arrays, and fills the tables that these refer to.
#[derive(Default)]
pub struct Encoder {
    event: u64,
    time: u64,
    /// The numbers of each message that was sent: they need not be told again when it arrives.
    sent: BTreeMap<u64, Vec<u64>>,
    /// What each known entry holds: its request, and the command in words.
    commands: BTreeMap<u64, (String, String)>,
    places: BTreeMap<u64, i64>,
    /// The shapes with the same JSON, as places in their table.
    shapes: BTreeMap<Vec<String>, Vec<usize>>,
    /// What the tables hold.
    pub tables: Tables,
}

/// What records refer to.
#[derive(Default, Serialize)]
pub struct Tables {
    /// The shapes of records, by place.
    pub shapes: Vec<Shape>,
    /// Numbers that JavaScript does not hold exactly, in digits. A negative number in a record refers to them: -1 to the first.
    pub numbers: Vec<String>,
    /// By the fingerprint of an entry: the request, and the command in words.
    pub contents: BTreeMap<String, (String, String)>,
}

/// Everything of a record but its numbers.
#[derive(Debug, Serialize)]
pub struct Shape {
    /// The kind, as a place in [`Kind::TABLE`].
    kind: u8,
    /// The record's own part of its JSON.
    json: Vec<Part>,
    /// Its words. They have the same numbers and others behind them, as the parts of a span.
    words: Vec<Part>,
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Part {
    /// As it stands.
    Text(String),
    /// The record's number at this place.
    Number(usize),
}

/// A text that is cut where numbers stand.
#[derive(Debug, Default)]
struct Pieces {
    /// The texts around the numbers: one more than there are of these.
    texts: Vec<String>,
    numbers: Vec<u64>,
}

impl Pieces {
    /// Cuts a text; if it is JSON, not within its strings. A zero before other digits is text.
    fn of(text: &str, is_json: bool) -> Pieces {
        let mut pieces = Pieces { texts: vec![String::new()], numbers: Vec::new() };
        let (mut quoted, mut escaped) = (false, false);
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            quoted ^= is_json && letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            let leading = letter == '0' && letters.peek().is_some_and(char::is_ascii_digit);
            let digit = letter.to_digit(10).filter(|_| !quoted && !leading);
            let Some(mut number) = digit.map(u64::from) else {
                pieces.texts.last_mut().expect("there is one from the start").push(letter);
                continue;
            };
            let more = |number: u64, digit: char| {
                number.checked_mul(10)?.checked_add(u64::from(digit.to_digit(10)?))
            };
            while let Some(longer) = letters.peek().and_then(|digit| more(number, *digit)) {
                number = longer;
                letters.next();
            }
            pieces.numbers.push(number);
            pieces.texts.push(String::new());
        }
        pieces
    }

    /// The parts of the text; its numbers stand at these places.
    fn parts(&self, places: impl IntoIterator<Item = usize>) -> Vec<Part> {
        let mut places = places.into_iter();
        let mut parts = Vec::new();
        for text in &self.texts {
            if !text.is_empty() {
                parts.push(Part::Text(text.clone()));
            }
            parts.extend(places.next().map(Part::Number));
        }
        parts
    }
}

impl Encoder {
    /// An encoder that knows the no-op.
    pub fn new() -> Encoder {
        let mut encoder = Encoder::default();
        let noop = Entry::noop(Term::ZERO);
        encoder.know(noop.request, noop.command);
        encoder
    }

    /// Takes note of a record outside of the window: entries inside may have come from it.
    pub fn follow(&mut self, record: &Record) {
        (self.event, self.time) = (record.event, record.time.0);
        if let Kind::Invoke { request, command, .. } = record.kind {
            self.know(request, command);
        }
    }

    fn know(&mut self, request: RequestId, command: Command) {
        let entry = Entry { request, command, ..Entry::noop(Term::ZERO) };
        let name = if request.is_none() { String::new() } else { client(request) };
        self.commands.insert(entry.fingerprint(), (name, command_words(command)));
    }

    /// The content of an entry, which the page can put into words then.
    pub fn content(&mut self, fingerprint: u64) -> i64 {
        if let Some(entry) = self.commands.get(&fingerprint) {
            self.tables.contents.entry(fingerprint.to_string()).or_insert_with(|| entry.clone());
        }
        self.number(fingerprint)
    }

    /// A number as records have it: itself, or its place in the table.
    fn number(&mut self, number: u64) -> i64 {
        if number < EXACT {
            return number as i64;
        }
        let numbers = &mut self.tables.numbers;
        *self.places.entry(number).or_insert_with(|| {
            numbers.push(number.to_string());
            -(numbers.len() as i64)
        })
    }

    /// A record as an array.
    pub fn encode(&mut self, record: &Record) -> Vec<i64> {
        let (event, time) = (self.event, self.time);
        self.follow(record);
        if let Kind::Append { content, .. } | Kind::Apply { content, .. } = record.kind {
            self.content(content);
        }
        let (shape, mut numbers) = self.shape(record);
        match record.kind {
            Kind::Send { id, .. } => _ = self.sent.insert(id, numbers.clone()),
            // The page looks up what a message says where it was sent. The first number is the other end, the second the message's own.
            Kind::Deliver { id, .. }
                if self.sent.get(&id).is_some_and(|sent| sent[1..] == numbers[1..]) =>
            {
                numbers.truncate(2);
            }
            _ => {}
        }
        let head = [record.event - event, record.time.0 - time, id(record.node), shape as u64];
        head.into_iter().chain(numbers).map(|number| self.number(number)).collect()
    }

    /// The shape of a record, and its numbers.
    fn shape(&mut self, record: &Record) -> (usize, Vec<u64>) {
        let json = serde_json::to_string(&record.kind).expect("it has text keys only");
        let json = Pieces::of(&json, true);
        let words = Pieces::of(&words(&record.kind, record.node), false);
        let same = self.shapes.entry(json.texts.clone()).or_default();
        for shape in same.iter() {
            if let Some(numbers) = self.tables.shapes[*shape].numbers(&json.numbers, &words) {
                return (*shape, numbers);
            }
        }
        let mut numbers = json.numbers.clone();
        let mut unused: Vec<usize> = (0..numbers.len()).collect();
        let mut places = Vec::new();
        for number in &words.numbers {
            let free = unused.iter().position(|place| numbers[*place] == *number);
            let place = free
                .map(|place| unused.remove(place))
                .or_else(|| json.numbers.iter().position(|other| other == number))
                .unwrap_or(numbers.len());
            if place == numbers.len() {
                numbers.push(*number);
            }
            places.push(place);
        }
        let shape = self.tables.shapes.len();
        self.tables.shapes.push(Shape {
            kind: record.kind.number(),
            json: json.parts(0..json.numbers.len()),
            words: words.parts(places),
        });
        same.push(shape);
        (shape, numbers)
    }
}

impl Shape {
    /// The numbers of a record that has this shape; none if its words are others.
    fn numbers(&self, fields: &[u64], words: &Pieces) -> Option<Vec<u64>> {
        let mut numbers = fields.to_vec();
        let mut own = words.numbers.iter();
        let mut texts = words.texts.iter().filter(|text| !text.is_empty());
        for part in &self.words {
            match part {
                Part::Text(text) if texts.next()? == text => {}
                Part::Text(_) => return None,
                Part::Number(place) => {
                    let number = *own.next()?;
                    match numbers.get(*place) {
                        Some(field) if *field == number => {}
                        None if *place == numbers.len() => numbers.push(number),
                        _ => return None,
                    }
                }
            }
        }
        (own.next().is_none() && texts.next().is_none()).then_some(numbers)
    }
}

/// A node as a number, 0 for none.
pub fn id(node: Option<NodeId>) -> u64 {
    node.map_or(0, |node| node.number().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::WriteId;
    use crate::node::TimerId;
    use crate::record::Remains;
    use crate::time::Time;

    fn record(kind: Kind) -> Record {
        Record { number: 1, event: 0, time: Time(0), node: Some(NodeId::new(1)), kind }
    }

    /// A text as the page puts it together.
    fn text(parts: &[Part], numbers: &[i64]) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Number(place) => numbers[*place].to_string(),
        };
        parts.iter().map(text).collect()
    }

    #[test]
    fn a_shape_gives_back_the_json_and_the_words() {
        let mut encoder = Encoder::new();
        let crash = |survived, torn, lost| {
            Kind::Crash(Remains {
                survived: WriteId(survived),
                torn,
                lost,
                votes: Some(WriteId(7)),
                promised: 0,
            })
        };
        let timers = [0, 5, 1_500_000, 2_050_000, 3_005_000]
            .map(|late| Kind::Timer { timer: TimerId::FIRST, late });
        // Numbers that happen to be the same at first must not stay so.
        let crashes = [crash(1, 1, 1), crash(2, 3, 4), crash(9, 0, 2), crash(8, 7, 7)];
        for kind in timers.into_iter().chain(crashes) {
            let array = encoder.encode(&record(kind));
            let shape = &encoder.tables.shapes[usize::try_from(array[3]).expect("a place")];
            assert_eq!(text(&shape.json, &array[4..]), serde_json::to_string(&kind).expect("JSON"));
            assert_eq!(text(&shape.words, &array[4..]), words(&kind, record(kind).node));
        }
        assert!(encoder.tables.shapes.len() <= 9, "{:?}", encoder.tables.shapes);
    }

    #[test]
    fn a_number_that_javascript_does_not_hold_stands_in_a_table() {
        let mut encoder = Encoder::new();
        let late = record(Kind::Timer { timer: TimerId::FIRST, late: EXACT });
        assert_eq!(encoder.encode(&late)[4], -1);
        assert_eq!(encoder.tables.numbers, [EXACT.to_string()]);
    }

    #[test]
    fn digits_in_strings_of_json_and_leading_zeros_are_text() {
        let pieces = Pieces::of(r#"{"v2":"a\"3","n":40}"#, true);
        assert_eq!(pieces.numbers, [40]);
        let pieces = Pieces::of("1.05ms, 0", false);
        assert_eq!(pieces.numbers, [1, 5, 0]);
        assert_eq!(pieces.texts, ["", ".0", "ms, ", ""]);
    }
}
