//! How long things take: five shapes, each written as a few words.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::{Share, Span, SpanRange, as_text};

/// A distribution of spans. [`sample`](crate::world::latency::sample) draws from it by integer tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// `constant 1ms`: always the same. Written `1ms`, too.
    Constant(Span),
    /// `uniform 1ms..5ms`: every span from the first to the second alike. The mean is in the middle.
    Uniform(Span, Span),
    /// `log-normal 2ms`: the median; skewed to the right with a sigma of 0.5. The mean is 1.13 times the median, 99% are below
    /// 3.2 times.
    LogNormal(Span),
    /// `heavy-tailed 1ms`: the minimum; a Pareto distribution with an exponent of 1.5, cut at 1,625 times. The median is 1.59
    /// times the minimum, the mean 3.1 times, 1% are above 21 times.
    HeavyTailed(Span),
    /// `bimodal 1ms 50ms 2%`: mostly around the first, sometimes (the share) around the second, within a quarter of each.
    Bimodal(Span, Span, Share),
}

impl Latency {
    /// The longest span of a plan's distributions that is accepted: one hour.
    pub const MAX: Span = Span::secs(3_600);

    /// No span is longer than this one.
    pub fn longest(&self) -> Span {
        match *self {
            Latency::Constant(span) | Latency::Uniform(_, span) => span,
            // What the tables of the world end with, rounded up.
            Latency::LogNormal(median) => median.times(9),
            Latency::HeavyTailed(minimum) => minimum.times(1_626),
            Latency::Bimodal(fast, slow, _) => {
                let longer = fast.max(slow);
                longer.plus(Span(longer.0 / 4 + 1))
            }
        }
    }

    /// The same where no span is longer than this; else one that keeps to it, uniform unless it was constant.
    #[must_use]
    pub fn at_most(self, longest: Span) -> Latency {
        match self {
            _ if self.longest() <= longest => self,
            Latency::Constant(_) => Latency::Constant(longest),
            _ => Latency::Uniform(Span(longest.0 / 4), longest),
        }
    }

    /// The largest span that sets the scale of the distribution.
    pub fn scale(&self) -> Span {
        match *self {
            Latency::Constant(span) | Latency::LogNormal(span) | Latency::HeavyTailed(span) => span,
            Latency::Uniform(_, high) => high,
            Latency::Bimodal(fast, slow, _) => fast.max(slow),
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Latency::Constant(span) => write!(f, "constant {span}"),
            Latency::Uniform(low, high) => write!(f, "uniform {low}..{high}"),
            Latency::LogNormal(median) => write!(f, "log-normal {median}"),
            Latency::HeavyTailed(minimum) => write!(f, "heavy-tailed {minimum}"),
            Latency::Bimodal(fast, slow, share) => write!(f, "bimodal {fast} {slow} {share}"),
        }
    }
}

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Latency, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let latency = match words[..] {
            ["constant", span] => Latency::Constant(span.parse()?),
            ["uniform", range] => {
                let SpanRange { from, to } = range.parse()?;
                Latency::Uniform(from, to)
            }
            ["log-normal", median] => Latency::LogNormal(median.parse()?),
            ["heavy-tailed", minimum] => Latency::HeavyTailed(minimum.parse()?),
            ["bimodal", fast, slow, share] => {
                Latency::Bimodal(fast.parse()?, slow.parse()?, share.parse()?)
            }
            [span] if span.starts_with(|c: char| c.is_ascii_digit()) => {
                Latency::Constant(span.parse()?)
            }
            _ => {
                return Err(format!(
                    "`{text}` is not a latency; write \"1ms\", \"uniform 1ms..5ms\", \"log-normal 2ms\", \
                     \"heavy-tailed 1ms\" or \"bimodal 1ms 50ms 2%\""
                ));
            }
        };
        if latency.scale() > Latency::MAX {
            return Err(format!("`{text}` is longer than the longest latency, {}", Latency::MAX));
        }
        Ok(latency)
    }
}

as_text!(
    Latency,
    "Latency",
    "How long something takes: a shape and its spans.",
    ["1ms", "uniform 1ms..5ms", "log-normal 2ms", "heavy-tailed 1ms", "bimodal 1ms 50ms 2%"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_reads_back() {
        for text in
            ["1ms", "uniform 1ms..5ms", "log-normal 2ms", "heavy-tailed 1ms", "bimodal 1ms 50ms 2%"]
        {
            let latency: Latency = text.parse().unwrap();
            assert_eq!(latency.to_string().parse(), Ok(latency));
        }
        for bad in ["", "uniform", "uniform 5ms..1ms", "gauss 1ms", "1 2 3", "constant 2h"] {
            assert!(bad.parse::<Latency>().is_err(), "{bad}");
        }
    }
}
