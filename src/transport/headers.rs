//! The names of the headers that are not in actix-web's list. A name that is made once costs no parsing per request.

use actix_web::http::header::HeaderName;

/// A user's token, on `/v1`.
pub static TOKEN: HeaderName = HeaderName::from_static("token");
/// The tenant.
pub static APP_ID: HeaderName = HeaderName::from_static("app_id");
/// The token of a user or an admin, on the admin API.
pub static ACCESS_TOKEN: HeaderName = HeaderName::from_static("access-token");
/// The user that an admin acts as.
pub static USER_ID: HeaderName = HeaderName::from_static("user_id");
/// The group that an admin acts in.
pub static GROUP_ID: HeaderName = HeaderName::from_static("group_id");
/// The id of a request.
pub static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What the client prefers (RFC 7240).
pub static PREFER: HeaderName = HeaderName::from_static("prefer");
/// Which of its preferences are met (RFC 7240).
pub static PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
