//! Determines the encoding of a request and of its answer (behaviour.md §1). Pure functions; `wire.rs` applies them.

use mime::Mime;

use super::codec::Encoding;

/// What the `Content-Type` declares about a body. It counts only where the bytes are ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// This encoding.
    Encoding(Encoding),
    /// A type that clients are known to send with any encoding: none, JSON, plain text, arbitrary bytes.
    Open,
    /// Anything else, such as an image or a form.
    Foreign,
}

impl Declared {
    /// Classifies the header's value; `content_type` is `None` when the header is absent.
    #[must_use]
    pub fn by(content_type: Option<&str>) -> Self {
        const OPEN: [&str; 3] = ["text/json", "text/plain", "application/octet-stream"];
        let name = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is = |known: &&str| name.eq_ignore_ascii_case(known);
        match Encoding::ALL.into_iter().find(|encoding| encoding.media_types().iter().any(is)) {
            Some(encoding) if !encoding.is_declared_falsely() => Self::Encoding(encoding),
            Some(_) => Self::Open,
            None if name.is_empty() || OPEN.iter().any(is) => Self::Open,
            None => Self::Foreign,
        }
    }
}

/// The encoding of a non-empty body, or `None` when it is in none of ours.
#[must_use]
pub fn of_body(body: &[u8], declared: Declared, native: Encoding) -> Option<Encoding> {
    let start = match declared {
        // A white-space byte is a valid first byte of a declared binary encoding.
        Declared::Encoding(_) => body,
        Declared::Open | Declared::Foreign => without_white_space(body),
    };
    let certain = Encoding::ALL.into_iter().find(|encoding| encoding.is_certain(start));
    certain.or(match declared {
        Declared::Encoding(encoding) => Some(encoding),
        Declared::Open | Declared::Foreign => Some(native).filter(|native| native.is_possible()),
    })
}

/// `body` without leading white space as defined by RFC 8259.
fn without_white_space(body: &[u8]) -> &[u8] {
    let start = body.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    start.and_then(|start| body.get(start..)).unwrap_or_default()
}

/// The quality that a client gives each encoding, from 0 (not acceptable) to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acceptable([(Encoding, f32); Encoding::ALL.len()]);

impl Acceptable {
    /// Parses the values of `Accept` (RFC 9110 §12.5.1). Malformed ranges are ignored; without any well-formed one,
    /// everything is acceptable.
    #[must_use]
    pub fn by<'a>(accept: impl Iterator<Item = &'a str>) -> Self {
        let ranges: Vec<Range> = accept.flat_map(|value| value.split(',')).filter_map(Range::parse).collect();
        let quality = |encoding| if ranges.is_empty() { 1.0 } else { quality(&ranges, encoding) };
        Self(Encoding::ALL.map(|encoding| (encoding, quality(encoding))))
    }

    /// The encoding of the answer: the one of the highest quality; of several that of the `body`, else the `default`.
    /// `None` when none is acceptable.
    #[must_use]
    pub fn choose(&self, body: Option<Encoding>, default: Encoding) -> Option<Encoding> {
        let highest = self.0.iter().map(|(_, quality)| *quality).fold(0.0, f32::max);
        let is_best = |(_, quality): &&(Encoding, f32)| *quality > 0.0 && *quality >= highest;
        let best = || self.0.iter().filter(is_best).map(|(encoding, _)| *encoding);
        let preferred = body.into_iter().chain([default]).find(|encoding| best().any(|one| one == *encoding));
        preferred.or_else(|| best().next())
    }
}

/// One media range of `Accept`.
struct Range {
    mime: Mime,
    quality: f32,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        // RFC 9110 allows white space around `;`, and clients send it around `=` too; the crate mime takes neither.
        let tidy =
            |text: &str, separator: &str| text.split(separator).map(str::trim).collect::<Vec<_>>().join(separator);
        let text = tidy(&tidy(text, ";"), "=");
        let mime: Mime = text.parse().ok()?;
        let quality = mime.get_param("q").map_or(Some(1.0), |q| q.as_str().parse().ok())?;
        (0.0..=1.0).contains(&quality).then_some(Self { mime, quality })
    }

    /// How specifically the range matches the encoding: 3 by full name, 2 as `application/*`, 1 as `*/*`, `None` if it
    /// does not match.
    fn specificity(&self, encoding: Encoding) -> Option<u8> {
        let (kind, subtype) = (self.mime.type_(), self.mime.subtype());
        if encoding.media_types().contains(&self.mime.essence_str()) {
            Some(3)
        } else if kind == mime::APPLICATION && subtype == mime::STAR {
            Some(2)
        } else if kind == mime::STAR && subtype == mime::STAR {
            Some(1)
        } else {
            None
        }
    }
}

/// The quality of an encoding according to the most specific matching range; the highest one if several are equally
/// specific.
fn quality(ranges: &[Range], encoding: Encoding) -> f32 {
    let matches = ranges.iter().filter_map(|range| Some((range.specificity(encoding)?, range.quality)));
    let best = matches.max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    best.map_or(0.0, |(_, quality)| quality)
}
