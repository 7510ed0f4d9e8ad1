//! How an account wants to be treated.

/// The settings of one account (admin document 1.33). The default is what a new account has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// 0 anyone may add, 1 after consent, 2 after answering a question, 3 nobody.
    pub auth_mode: i16,
    /// The question for mode 2.
    pub auth_question: Option<String>,
    /// Its answer.
    pub auth_answer: Option<String>,
    /// Whether thumbnails and files are fetched unasked.
    pub auto_download: bool,
    /// Whether an invitation to a group waits for consent.
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
