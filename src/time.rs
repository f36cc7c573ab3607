//! Virtual time in integer nanoseconds: the true time of the simulation, the local time that a
//! node sees, and spans. Three types, so that one is never taken for another.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// The units in which spans are written, the largest first.
const UNITS: [(u64, &str); 7] = [
    (HOUR, "h"),
    (MINUTE, "m"),
    (MINUTE, "min"),
    (SECOND, "s"),
    (MILLISECOND, "ms"),
    (MICROSECOND, "us"),
    (1, "ns"),
];

/// A number with decimals, without zeros at its end.
fn short(decimals: &str) -> &str {
    decimals.trim_end_matches('0').trim_end_matches('.')
}

/// The true time of the simulation, in nanoseconds since its start. No node sees it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    /// The start of the simulation.
    pub const ZERO: Time = Time(0);
    /// The end of time, about 584 years after the start.
    pub const MAX: Time = Time(u64::MAX);

    /// The time this much later, at most the end of time.
    #[must_use]
    pub const fn plus(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }

    /// How long after `earlier` this is; zero if it is before.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0 / MICROSECOND;
        f.pad(&format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}s")
    }
}

/// A node's own time, in nanoseconds of its own clock. It may run ahead, behind, fast, slow, and jump.
#[derive(
    Clone, Copy, Default, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LocalTime(pub u64);

impl LocalTime {
    /// The local time this much later.
    #[must_use]
    pub const fn plus(self, span: Span) -> LocalTime {
        LocalTime(self.0.saturating_add(span.0))
    }
}

/// A length of time in nanoseconds, at most about 584 years. Written as in `150ms` or `1.5s`, with the units
/// `ns`, `us`, `ms`, `s`, `m` (or `min`), `h`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// So many nanoseconds.
    pub const fn nanos(count: u64) -> Span {
        Span(count)
    }

    /// So many microseconds.
    pub const fn micros(count: u64) -> Span {
        Span(count * MICROSECOND)
    }

    /// So many milliseconds.
    pub const fn millis(count: u64) -> Span {
        Span(count * MILLISECOND)
    }

    /// So many seconds.
    pub const fn secs(count: u64) -> Span {
        Span(count * SECOND)
    }

    /// The two together, at most the longest span.
    #[must_use]
    pub const fn plus(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }

    /// This span so many times over, at most the longest span.
    #[must_use]
    pub const fn times(self, factor: u64) -> Span {
        Span(self.0.saturating_mul(factor))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The largest unit in which the span is whole or has at most three decimals, so that what is printed reads back as the same span.
        let part = |unit: u64| (unit / 1_000).max(1);
        let exact =
            |unit: u64| self.0.is_multiple_of(if unit < MINUTE { part(unit) } else { unit });
        let fits = |(unit, _): &&(u64, &str)| self.0 >= *unit && exact(*unit);
        let (unit, name) = *UNITS.iter().find(fits).unwrap_or(&(1, "ns"));
        let number = format!("{}.{:03}", self.0 / unit, self.0 % unit / part(unit));
        f.pad(&format!("{}{name}", short(&number)))
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let expected =
            || format!("`{text}` is not a time span; write it as in \"150ms\" or \"1.5s\"");
        let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(expected)?;
        let (number, unit) = text.split_at(split);
        let Some((unit, _)) = UNITS.iter().find(|(_, name)| *name == unit) else {
            return Err(format!(
                "`{unit}` is not a unit of time; the units are ns, us, ms, s, m (or min), h"
            ));
        };
        let nanos = decimal(number.trim(), *unit).ok_or_else(expected)?;
        Ok(Span(nanos))
    }
}

/// The decimal number `text` times `unit`, if it is a number and the product fits and is whole.
pub(crate) fn decimal(text: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || text.ends_with('.') || !digits(whole) || !digits(fraction) {
        return None;
    }
    let mut total = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        if !place.is_multiple_of(10) && digit != b'0' {
            return None;
        }
        place /= 10;
        total = total.checked_add(place * u64::from(digit - b'0'))?;
    }
    Some(total)
}

/// Serde by way of `Display` and `FromStr`, for the small types that are written as text.
macro_rules! as_text {
    ($type:ty, $name:literal, $description:literal, $examples:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        let [example, ..] = $examples;
                        write!(f, "a {} in quotes, as in \"{example}\"", crate::time::kind_of($name))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "description": $description,
                    "examples": $examples,
                })
            }
        }
    };
}
pub(crate) use as_text;

/// What a type that is written as text is called in messages.
pub(crate) fn kind_of(name: &str) -> &str {
    match name {
        "Span" => "length of time",
        "SpanRange" => "range of times",
        "Shift" => "shift of time",
        "Share" => "share",
        "Latency" => "latency",
        "Rate" => "rate",
        _ => "text",
    }
}

as_text!(
    Span,
    "Span",
    "A length of time: a number and ns, us, ms, s, m (or min) or h.",
    ["150ms", "1.5s"]
);

/// A range of spans, `from` included and `to` not, drawn uniformly. Written `150ms..300ms`, or as one span for a range of just that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanRange {
    /// The shortest.
    pub from: Span,
    /// The bound that is never reached; equal to `from` where there is no choice.
    pub to: Span,
}

impl SpanRange {
    /// The range of just this span.
    pub const fn exactly(span: Span) -> SpanRange {
        SpanRange { from: span, to: span }
    }

    /// The range from `from` to just below `to`, in milliseconds.
    pub const fn millis(from: u64, to: u64) -> SpanRange {
        SpanRange { from: Span::millis(from), to: Span::millis(to) }
    }

    /// The span that a uniform 64-bit word picks.
    pub const fn pick(self, word: u64) -> Span {
        let width = self.to.0.saturating_sub(self.from.0);
        Span(self.from.0 + ((word as u128 * width as u128) >> 64) as u64)
    }
}

impl fmt::Display for SpanRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            return self.from.fmt(f);
        }
        write!(f, "{}..{}", self.from, self.to)
    }
}

impl FromStr for SpanRange {
    type Err = String;

    fn from_str(text: &str) -> Result<SpanRange, String> {
        let Some((from, to)) = text.split_once("..") else {
            return Ok(SpanRange::exactly(text.parse()?));
        };
        let (from, to) = (from.trim().parse::<Span>()?, to.trim().parse::<Span>()?);
        if from >= to {
            return Err(format!("the range {text} is empty; write the smaller span first"));
        }
        Ok(SpanRange { from, to })
    }
}

as_text!(
    SpanRange,
    "SpanRange",
    "A span, or a range of spans with its end excluded.",
    ["75ms", "150ms..300ms"]
);

/// A shift of a clock, forward or back. Written `+5s` or `-200ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift(pub i64);

impl Shift {
    /// The largest shift either way, 24 hours: beyond it a local clock could run below its zero.
    pub const MAX: Span = Span(24 * HOUR);
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        write!(f, "{sign}{}", Span(self.0.unsigned_abs()))
    }
}

impl FromStr for Shift {
    type Err = String;

    fn from_str(text: &str) -> Result<Shift, String> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let span: Span = rest.parse()?;
        if span > Shift::MAX {
            return Err(format!("a clock shifts by at most {}, not {rest}", Shift::MAX));
        }
        Ok(Shift(sign * span.0 as i64))
    }
}

as_text!(Shift, "Shift", "A shift of a clock: a sign and a span.", ["+5s", "-200ms"]);

/// A probability in parts per million, 0 to 1,000,000. Written `2.5%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u32);

impl Share {
    /// Never.
    pub const NEVER: Share = Share(0);
    /// Always.
    pub const ALWAYS: Share = Share(1_000_000);

    /// So many hundredths, 0 to 100.
    pub const fn percent(count: u32) -> Share {
        Share(count * 10_000)
    }

    /// Whether a uniform 32-bit word falls into this share.
    pub const fn hit(self, word: u32) -> bool {
        ((word as u64 * 1_000_000) >> 32) < self.0 as u64
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", short(&format!("{}.{:04}", self.0 / 10_000, self.0 % 10_000)))
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Share, String> {
        let number = text.strip_suffix('%').map(str::trim);
        match number.and_then(|number| decimal(number, 10_000)) {
            Some(parts) if parts <= 1_000_000 => Ok(Share(parts as u32)),
            Some(_) => Err(format!("`{text}` is more than 100%")),
            None => Err(format!("`{text}` is not a share; write it as in \"2%\" or \"0.01%\"")),
        }
    }
}

as_text!(Share, "Share", "A share of all cases, in percent.", ["2%", "0.01%"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_write_them() {
        assert_eq!("150ms".parse(), Ok(Span::millis(150)));
        assert_eq!("1.5s".parse(), Ok(Span::millis(1_500)));
        assert_eq!("2m".parse(), Ok(Span::secs(120)));
        assert!("0.0000005ms".parse::<Span>().is_err(), "half a nanosecond");
        for bad in ["", "12", "ms", "1.ms", ".5s", "-1s", "1 parsec", "99999999999999h", "1e3s"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same() {
        for nanos in [0, 1, 999, 1_000, 1_500, 1_234_567, 150_000_000, 90_000_000_000, u64::MAX] {
            assert_eq!(Span(nanos).to_string().parse(), Ok(Span(nanos)), "{}", Span(nanos));
        }
        for parts in [0, 1, 25_000, 999_999, 1_000_000] {
            assert_eq!(Share(parts).to_string().parse(), Ok(Share(parts)));
        }
        for nanos in [-5_000_000_000, -1, 0, 1, 200_000_000] {
            assert_eq!(Shift(nanos).to_string().parse(), Ok(Shift(nanos)));
        }
    }

    #[test]
    fn a_share_is_hit_as_often_as_it_says() {
        assert!(!Share::NEVER.hit(0));
        assert!(Share::ALWAYS.hit(u32::MAX));
        assert!(Share::percent(50).hit(u32::MAX / 2 - 10_000));
        assert!(!Share::percent(50).hit(u32::MAX / 2 + 10_000));
    }

    #[test]
    fn a_range_picks_between_its_ends() {
        let range: SpanRange = "150ms..300ms".parse().unwrap();
        assert_eq!(range.pick(0), Span::millis(150));
        assert!(range.pick(u64::MAX) < Span::millis(300));
        assert_eq!(SpanRange::exactly(Span::millis(5)).pick(u64::MAX), Span::millis(5));
        assert!("300ms..150ms".parse::<SpanRange>().is_err());
    }
}
