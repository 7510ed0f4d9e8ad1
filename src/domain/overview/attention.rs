//! What an operator should look at.

use super::Overview;
use crate::{gateway::Gateway, model::Language};

/// Something that an operator should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// The database is unavailable or takes no writes.
    DatabaseUnavailable,
    /// The shared state is unavailable.
    StateUnavailable,
    /// Codes could not be delivered within the last hour.
    CodesFail,
    /// No channel for e-mail is configured.
    NothingSendsEmail,
    /// No channel for SMS is configured.
    NothingSendsSms,
    /// Several nodes may use the database, but each counts limits and presence for itself.
    InProcessStateOnSharedDatabase,
    /// The nodes run different versions.
    MixedVersions,
    /// The node runs in development mode.
    DevelopmentMode,
}

impl Attention {
    /// A name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DatabaseUnavailable => "database_unavailable",
            Self::StateUnavailable => "state_unavailable",
            Self::CodesFail => "codes_fail",
            Self::NothingSendsEmail => "nothing_sends_email",
            Self::NothingSendsSms => "nothing_sends_sms",
            Self::InProcessStateOnSharedDatabase => "in_process_state_on_shared_database",
            Self::MixedVersions => "mixed_versions",
            Self::DevelopmentMode => "development_mode",
        }
    }

    /// A text for people.
    #[must_use]
    pub const fn text(self, language: Language) -> &'static str {
        match language {
            Language::En => self.english(),
            Language::Zh => self.chinese(),
        }
    }

    const fn english(self) -> &'static str {
        match self {
            Self::DatabaseUnavailable => {
                "The database is unavailable or takes no writes; requests fail until it recovers."
            }
            Self::StateUnavailable => {
                "The shared state is unavailable: no captchas and codes, and each node counts limits for itself."
            }
            Self::CodesFail => "Codes could not be delivered within the last hour; the log has the reasons.",
            Self::NothingSendsEmail => "Nothing sends codes by e-mail: set DIGLOT_SMTP_URL and DIGLOT_MAIL_FROM.",
            Self::NothingSendsSms => {
                "Nothing sends codes by SMS: set DIGLOT_SMS_WEBHOOK_URL and DIGLOT_SMS_WEBHOOK_SECRET."
            }
            Self::InProcessStateOnSharedDatabase => {
                "Limits, codes and presence are kept by each node for itself: with more than one node, set REDIS_URL."
            }
            Self::MixedVersions => "The nodes run different versions.",
            Self::DevelopmentMode => "This node runs in development mode: codes are written to its log.",
        }
    }

    const fn chinese(self) -> &'static str {
        match self {
            Self::DatabaseUnavailable => "数据库不可用或不可写入；恢复之前请求会失败。",
            Self::StateUnavailable => "共享状态不可用：图形验证码和验证码无法使用，各节点分别计算限额。",
            Self::CodesFail => "最近一小时内有验证码未能送达；原因见日志。",
            Self::NothingSendsEmail => "未配置邮件验证码的发送：请设置 DIGLOT_SMTP_URL 和 DIGLOT_MAIL_FROM。",
            Self::NothingSendsSms => {
                "未配置短信验证码的发送：请设置 DIGLOT_SMS_WEBHOOK_URL 和 DIGLOT_SMS_WEBHOOK_SECRET。"
            }
            Self::InProcessStateOnSharedDatabase => {
                "限额、验证码和在线状态由各节点分别保存：使用多个节点时请设置 REDIS_URL。"
            }
            Self::MixedVersions => "各节点运行的版本不同。",
            Self::DevelopmentMode => "本节点运行在开发模式：验证码会写入日志。",
        }
    }
}

/// What to look at, the most urgent first.
pub(super) fn list(gateway: &Gateway, overview: &Overview) -> Vec<Attention> {
    let versions = || overview.nodes.iter().map(|seen| &seen.node.version);
    let is_apart = !gateway.state.is_shared() && !gateway.config.database_url.is_embedded();
    let conditions = [
        (Attention::DatabaseUnavailable, !overview.database.is_ok()),
        (Attention::StateUnavailable, overview.state.is_degraded),
        (Attention::CodesFail, overview.counters.codes_failed.sum_of_hour() > 0),
        (Attention::NothingSendsEmail, !gateway.delivery.sends_email()),
        (Attention::NothingSendsSms, !gateway.delivery.sends_sms()),
        (Attention::InProcessStateOnSharedDatabase, is_apart),
        (Attention::MixedVersions, versions().zip(versions().skip(1)).any(|(a, b)| a != b)),
        (Attention::DevelopmentMode, gateway.config.is_dev),
    ];
    conditions.into_iter().filter_map(|(attention, is_so)| is_so.then_some(attention)).collect()
}
