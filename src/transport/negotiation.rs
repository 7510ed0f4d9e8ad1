//! Determines the encoding of a request and of its answer (behaviour.md §1). Pure functions; `wire.rs` applies them.

use mime::Mime;

/// The two encodings of `/v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Protocol Buffers.
    Protobuf,
    /// JSON.
    Json,
}

impl Encoding {
    /// The media type of our answers.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// The media types by which a client may request the encoding.
    const fn accepted_names(self) -> &'static [&'static str] {
        match self {
            Self::Protobuf => &["application/x-protobuf", "application/protobuf", "application/vnd.google.protobuf"],
            Self::Json => &["application/json"],
        }
    }
}

/// What the `Content-Type` declares about a body. It counts only where the bytes are ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// Protocol Buffers.
    Protobuf,
    /// A type that clients are known to send with either encoding: none, JSON, plain text, arbitrary bytes.
    Open,
    /// Anything else, such as an image or a form.
    Foreign,
}

impl Declared {
    /// Classifies the header's value; `content_type` is `None` when the header is absent.
    #[must_use]
    pub fn by(content_type: Option<&str>) -> Self {
        const OPEN: [&str; 4] = ["application/json", "text/json", "text/plain", "application/octet-stream"];
        let name = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is = |known: &&str| name.eq_ignore_ascii_case(known);
        if Encoding::Protobuf.accepted_names().iter().any(is) {
            Self::Protobuf
        } else if name.is_empty() || OPEN.iter().any(is) {
            Self::Open
        } else {
            Self::Foreign
        }
    }
}

/// The encoding of a non-empty body, or `None` when it is in neither.
#[must_use]
pub fn of_body(body: &[u8], declared: Declared, native: Encoding) -> Option<Encoding> {
    let start = match declared {
        // A white-space byte is a valid first byte of protobuf.
        Declared::Protobuf => body,
        Declared::Open | Declared::Foreign => without_white_space(body),
    };
    if start.first() == Some(&b'{') {
        Some(Encoding::Json)
    } else if declared == Declared::Protobuf || native == Encoding::Protobuf {
        Some(Encoding::Protobuf)
    } else {
        None
    }
}

/// `body` without leading white space as defined by RFC 8259.
fn without_white_space(body: &[u8]) -> &[u8] {
    let start = body.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    start.and_then(|start| body.get(start..)).unwrap_or_default()
}

/// The client's quality value for each encoding, from 0 (not acceptable) to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acceptable {
    protobuf: f32,
    json: f32,
}

impl Acceptable {
    /// Parses the values of `Accept` (RFC 9110 §12.5.1). Malformed ranges are ignored; without a valid range, every
    /// encoding is acceptable.
    #[must_use]
    pub fn by<'a>(accept: impl Iterator<Item = &'a str>) -> Self {
        let ranges: Vec<Range> = accept.flat_map(|value| value.split(',')).filter_map(Range::parse).collect();
        if ranges.is_empty() {
            return Self { protobuf: 1.0, json: 1.0 };
        }
        Self { protobuf: quality(&ranges, Encoding::Protobuf), json: quality(&ranges, Encoding::Json) }
    }

    /// The encoding of the answer: the one with the higher quality; if both are equal, that of the `body`, or `default`
    /// without a body. `None` when neither is acceptable.
    #[must_use]
    pub fn choose(self, body: Option<Encoding>, default: Encoding) -> Option<Encoding> {
        if self.json <= 0.0 && self.protobuf <= 0.0 {
            None
        } else if self.json > self.protobuf {
            Some(Encoding::Json)
        } else if self.protobuf > self.json {
            Some(Encoding::Protobuf)
        } else {
            Some(body.unwrap_or(default))
        }
    }
}

/// One media range of `Accept`.
struct Range {
    mime: Mime,
    quality: f32,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mime: Mime = text.trim().parse().ok()?;
        let quality = mime.get_param("q").map_or(Some(1.0), |q| q.as_str().parse().ok())?;
        (0.0..=1.0).contains(&quality).then_some(Self { mime, quality })
    }

    /// How specifically the range matches the encoding: 3 by full name, 2 as `application/*`, 1 as `*/*`, `None` if it
    /// does not match.
    fn specificity(&self, encoding: Encoding) -> Option<u8> {
        let (kind, subtype) = (self.mime.type_(), self.mime.subtype());
        if encoding.accepted_names().contains(&self.mime.essence_str()) {
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
