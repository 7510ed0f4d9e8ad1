//! The settings of an account.

use super::{Invalid, Problem, text::note};

/// The settings of one account (admin document 1.33). The default is what a new account has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// 0 anyone may add, 1 after consent, 2 after answering a question, 3 nobody.
    pub auth_mode: i16,
    /// The question for mode 2.
    pub auth_question: Option<String>,
    /// Its answer.
    pub auth_answer: Option<String>,
    /// Whether thumbnails and files are downloaded automatically.
    pub auto_download: bool,
    /// Whether an invitation to a group needs consent.
    pub group_confirm: bool,
    /// Whether push messages are off.
    pub no_push: bool,
    /// Whether push messages hide their content.
    pub no_push_detail: bool,
    /// First hour without push, 0–23.
    pub no_push_start_hour: i16,
    /// First hour with push again, 0–23.
    pub no_push_end_hour: i16,
    /// Whether messages come without a sound.
    pub no_sounds: bool,
    /// The name in push messages.
    pub push_nick_name: Option<String>,
    /// The push service's token.
    pub push_token: Option<String>,
    /// Start of the silent time.
    pub silence_start_time: Option<i32>,
    /// End of the silent time.
    pub silence_end_time: Option<i32>,
    /// Whether messages vibrate.
    pub vibratory: bool,
}

impl Settings {
    const TEXT_CHARS: usize = 255;

    /// Sets who may add the account.
    ///
    /// # Errors
    /// When `mode` is not 0 to 3.
    pub fn set_auth_mode(&mut self, what: &'static str, mode: i64) -> Result<(), Invalid> {
        self.auth_mode = within(what, mode, 3)?;
        Ok(())
    }

    /// Sets the question for mode 2.
    ///
    /// # Errors
    /// When it is too long or holds control characters.
    pub fn set_auth_question(&mut self, text: &str) -> Result<(), Invalid> {
        self.auth_question = Some(note("auth_question", text, Self::TEXT_CHARS, false)?);
        Ok(())
    }

    /// Sets the answer for mode 2.
    ///
    /// # Errors
    /// When it is too long or holds control characters.
    pub fn set_auth_answer(&mut self, text: &str) -> Result<(), Invalid> {
        self.auth_answer = Some(note("auth_answer", text, Self::TEXT_CHARS, false)?);
        Ok(())
    }

    /// Sets the first hour without push.
    ///
    /// # Errors
    /// When it is not 0 to 23.
    pub fn set_no_push_start_hour(&mut self, hour: i64) -> Result<(), Invalid> {
        self.no_push_start_hour = within("no_push_start_hour", hour, 23)?;
        Ok(())
    }

    /// Sets the first hour with push again.
    ///
    /// # Errors
    /// When it is not 0 to 23.
    pub fn set_no_push_end_hour(&mut self, hour: i64) -> Result<(), Invalid> {
        self.no_push_end_hour = within("no_push_end_hour", hour, 23)?;
        Ok(())
    }

    /// Whether that hour of the day is one without push messages. The hours may pass midnight; there are none if the
    /// first and the last are the same.
    #[must_use]
    pub const fn is_hour_without_push(&self, hour: i16) -> bool {
        let (start, end) = (self.no_push_start_hour, self.no_push_end_hour);
        if start <= end { start <= hour && hour < end } else { start <= hour || hour < end }
    }

    /// Sets the name in push messages.
    ///
    /// # Errors
    /// When it is too long or holds control characters.
    pub fn set_push_nick_name(&mut self, what: &'static str, text: &str) -> Result<(), Invalid> {
        self.push_nick_name = Some(note(what, text, Self::TEXT_CHARS, false)?);
        Ok(())
    }

    /// Sets the push service's token.
    ///
    /// # Errors
    /// When it is too long or holds control characters.
    pub fn set_push_token(&mut self, text: &str) -> Result<(), Invalid> {
        self.push_token = Some(note("push_token", text, 1024, false)?);
        Ok(())
    }

    /// Sets the start of the silent time.
    ///
    /// # Errors
    /// When it does not fit into an `int32`.
    pub fn set_silence_start_time(&mut self, time: i64) -> Result<(), Invalid> {
        self.silence_start_time = Some(int32("silence_start_time", time)?);
        Ok(())
    }

    /// Sets the end of the silent time.
    ///
    /// # Errors
    /// When it does not fit into an `int32`.
    pub fn set_silence_end_time(&mut self, time: i64) -> Result<(), Invalid> {
        self.silence_end_time = Some(int32("silence_end_time", time)?);
        Ok(())
    }
}

fn within(what: &'static str, value: i64, max: i16) -> Result<i16, Invalid> {
    let out_of_range = Invalid::new(what, Problem::OutOfRange { min: 0, max: i64::from(max) });
    i16::try_from(value).ok().filter(|value| (0..=max).contains(value)).ok_or(out_of_range)
}

fn int32(what: &'static str, value: i64) -> Result<i32, Invalid> {
    let (min, max) = (i64::from(i32::MIN), i64::from(i32::MAX));
    i32::try_from(value).map_err(|_| Invalid::new(what, Problem::OutOfRange { min, max }))
}
