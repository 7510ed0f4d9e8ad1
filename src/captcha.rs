//! Captchas: images of a few letters that are easy for people and hard for programs to read.

use captcha::Difficulty;

/// A captcha's image and its answer.
pub struct Captcha {
    /// The letters and digits in the image.
    pub answer: String,
    /// The image as PNG, without metadata.
    pub png: Vec<u8>,
}

/// Draws a captcha. Takes some milliseconds of CPU time.
///
/// Of the crates that were tried, this one at medium difficulty was solved least often by an off-the-shelf OCR
/// (ddddocr: 1 in 100 unprocessed, fewer than 1 in 10 after smoothing), while people could mostly read it.
#[must_use]
pub fn draw() -> Option<Captcha> {
    let (answer, png) = captcha::generate(Difficulty::Medium).as_tuple()?;
    Some(Captcha { answer, png })
}
