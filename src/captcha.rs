//! Pictures of a few letters that people read and programs mostly don't.

use captcha::Difficulty;

/// A picture and what it shows.
pub struct Captcha {
    /// The letters and digits.
    pub answer: String,
    /// The picture as PNG, without metadata.
    pub png: Vec<u8>,
}

/// Draws a picture. Takes some milliseconds of the processor.
///
/// Of the crates that were tried, this one at medium difficulty was solved least by an off-the-shelf OCR (ddddocr: 1 in 100
/// as they are, fewer than 1 in 10 after smoothing), and mostly read by people.
#[must_use]
pub fn draw() -> Option<Captcha> {
    let (answer, png) = captcha::generate(Difficulty::Medium).as_tuple()?;
    Some(Captcha { answer, png })
}
