//! Which encoding a request has and which its answer gets (behaviour.md §1). Pure functions; `wire.rs` applies them.

use mime::Mime;

/// The two encodings of `/v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// protobuf.
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

    /// The names by which a client may ask for it.
    const fn accepted_names(self) -> &'static [&'static str] {
        match self {
            Self::Protobuf => &["application/x-protobuf", "application/protobuf", "application/vnd.google.protobuf"],
            Self::Json => &["application/json"],
        }
    }
}

/// What a `Content-Type` says of a body. It is believed only where the bytes leave a doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// protobuf.
    Protobuf,
    /// Anything that clients are known to put on either encoding: nothing, JSON, text, arbitrary bytes.
    Open,
    /// Something else: a picture, a form.
    Foreign,
}

impl Declared {
    /// What the header's value means; `None` without the header.
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

/// The encoding of a body that is not empty; `None` when it has neither.
#[must_use]
pub fn of_body(body: &[u8], declared: Declared, native: Encoding) -> Option<Encoding> {
    let start = match declared {
        // White space is a valid first byte of protobuf.
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

/// `body` without leading white space as RFC 8259 has it.
fn without_white_space(body: &[u8]) -> &[u8] {
    let start = body.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    start.and_then(|start| body.get(start..)).unwrap_or_default()
}

/// How much a client likes each encoding, from 0 (not acceptable) to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acceptable {
    protobuf: f32,
    json: f32,
}

impl Acceptable {
    /// Reads the values of `Accept` (RFC 9110 §12.5.1). Ranges that can't be read are passed over; without any that
    /// can, everything is acceptable.
    #[must_use]
    pub fn by<'a>(accept: impl Iterator<Item = &'a str>) -> Self {
        let ranges: Vec<Range> = accept.flat_map(|value| value.split(',')).filter_map(Range::parse).collect();
        if ranges.is_empty() {
            return Self { protobuf: 1.0, json: 1.0 };
        }
        Self { protobuf: quality(&ranges, Encoding::Protobuf), json: quality(&ranges, Encoding::Json) }
    }

    /// The encoding of the answer: the better liked one; of equals that of the `body`, else the `default`. `None`
    /// when neither is acceptable.
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

/// One range of `Accept`.
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

    /// How precisely the range names the encoding: 3 by name, 2 by type, 1 as anything, `None` not at all.
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

/// The quality that the most specific ranges give an encoding; the best of them when there are several.
fn quality(ranges: &[Range], encoding: Encoding) -> f32 {
    let matches = ranges.iter().filter_map(|range| Some((range.specificity(encoding)?, range.quality)));
    let best = matches.max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    best.map_or(0.0, |(_, quality)| quality)
}
