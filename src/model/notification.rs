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
    /// # Errors
    /// When a part is missing, too long or out of range.
    pub fn parse(device_id: &str, registration_id: &str, is_open: i32, kind: i32) -> Result<Self, Invalid> {
        let registration_id = note("registrationId", registration_id, 255, false)?;
        if registration_id.is_empty() {
            return Err(Invalid::new("registrationId", Problem::Missing));
        }
        Ok(Self {
            device: DeviceKey::required("deviceId", device_id)?,
            registration_id,
            is_open: match is_open {
                0 => false,
                1 => true,
                _ => return Err(Invalid::new("isOpen", Problem::OutOfRange { min: 0, max: 1 })),
            },
            kind,
        })
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
