//! The settings of a device: notifications, and the modules that its user ignores.

use super::{DeviceKey, Invalid, Problem, text::note};

/// A client's request to register a device for notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRequest {
    /// The client's id of the device.
    pub device: DeviceKey,
    /// The push service's id of the device.
    pub registration_id: String,
    /// Whether system notifications are on.
    pub is_open: bool,
    /// The client's own number for the kind of push service.
    pub kind: i32,
}

impl NotificationRequest {
    /// Parses the push service's id of a device, of up to 255 characters.
    ///
    /// # Errors
    /// When it is missing, too long or holds control characters.
    pub fn registration_id(what: &'static str, text: &str) -> Result<String, Invalid> {
        match note(what, text, 255, false)? {
            id if id.is_empty() => Err(Invalid::new(what, Problem::Missing)),
            id => Ok(id),
        }
    }
}

/// A device's registration for notifications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notification {
    /// The registration's id; 0 without a registration.
    pub id: i64,
    /// The push service's id of the device.
    pub registration_id: String,
    /// Whether system notifications are on.
    pub is_open: bool,
    /// The client's own number for the kind of push service.
    pub kind: i32,
    /// When it was created.
    pub created_at_ms: i64,
    /// When it was last changed.
    pub updated_at_ms: i64,
}

/// The modules that a user ignores on a device, in the client's own format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleIgnore {
    /// The id of the stored list; 0 without one.
    pub id: i64,
    /// The modules.
    pub ignored: String,
    /// When they were last changed.
    pub updated_at_ms: i64,
}

impl ModuleIgnore {
    /// Parses the modules, of up to 4,000 characters.
    ///
    /// # Errors
    /// When the text is too long or holds control characters.
    pub fn parse(text: &str) -> Result<String, Invalid> {
        note("ignore", text, 4000, true)
    }
}
