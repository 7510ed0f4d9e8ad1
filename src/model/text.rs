//! Validation of human-readable text.

use unicode_normalization::UnicodeNormalization as _;

use super::{Invalid, Problem};

/// Characters that would break a line, hide text or change its direction: control characters, line and paragraph
/// separators, bidirectional embeddings, overrides and isolates, invisible characters (security.md 35).
pub(super) fn is_forbidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{200B}' | '\u{200E}' | '\u{200F}')
        || matches!(letter, '\u{FEFF}' | '\u{00AD}' | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}')
        || matches!(letter, '\u{061C}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{2800}' | '\u{FFF9}'..='\u{FFFB}')
        || matches!(letter, '\u{1D173}'..='\u{1D17A}' | '\u{E0001}' | '\u{FDD0}'..='\u{FDEF}')
        || u32::from(letter) & 0xFFFE == 0xFFFE
}

/// Characters that join emoji or shape letters: allowed next to others, but invisible on their own. The tag characters
/// are part of the flags of regions.
const fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200C}' | '\u{200D}' | '\u{034F}' | '\u{180B}'..='\u{180D}' | '\u{FE00}'..='\u{FE0F}')
        || matches!(letter, '\u{E0020}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

/// One line of text, trimmed and NFC-normalised, of 1 to `max` characters.
pub(super) fn line(what: &'static str, text: &str, max: usize) -> Result<String, Invalid> {
    // A longer text can't normalise to so few characters; normalising it would only waste time.
    if text.len() > max.saturating_mul(16) {
        return Err(Invalid::new(what, Problem::TooLong { max }));
    }
    let text: String = text.trim().nfc().collect();
    let problem = if text.chars().all(is_joiner) {
        Problem::Missing
    } else if text.chars().any(is_forbidden) {
        Problem::Characters
    } else if text.chars().count() > max {
        Problem::TooLong { max }
    } else {
        return Ok(text);
    };
    Err(Invalid::new(what, problem))
}

/// Text of up to `max` characters, which may be empty, with line breaks and tabs if `may_break`.
pub(super) fn note(what: &'static str, text: &str, max: usize, may_break: bool) -> Result<String, Invalid> {
    if text.len() > max.saturating_mul(16) {
        return Err(Invalid::new(what, Problem::TooLong { max }));
    }
    let text: String = text.trim().replace("\r\n", "\n").nfc().collect();
    if text.chars().any(|letter| is_forbidden(letter) && !(may_break && matches!(letter, '\n' | '\t'))) {
        Err(Invalid::new(what, Problem::Characters))
    } else if text.chars().count() > max {
        Err(Invalid::new(what, Problem::TooLong { max }))
    } else {
        Ok(text)
    }
}

/// Text as it was meant when it was pasted: without invisible and bidirectional characters, and with full-width
/// characters made plain (behaviour.md §3).
pub(super) fn unpasted(text: &str) -> String {
    let is_invisible = |letter: &char| (is_forbidden(*letter) && !letter.is_control()) || is_joiner(*letter);
    let plain = |letter: char| match letter {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => u32::from(letter).checked_sub(0xFEE0).and_then(char::from_u32).unwrap_or(letter),
        other => other,
    };
    text.chars().filter(|letter| !is_invisible(letter)).map(plain).collect()
}

/// Digits as they were meant: as [`unpasted`], and without blanks and hyphens.
pub(super) fn unpasted_digits(text: &str) -> String {
    let is_separator = |letter: char| {
        (letter.is_whitespace() && !letter.is_control()) || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
    };
    unpasted(text).trim().chars().filter(|letter| !is_separator(*letter)).collect()
}
