//! The whole document.

use serde_json::{Map, Value, json};

use super::{
    describe::{Description, Schemas},
    messages::reference,
};
use crate::transport::{admin, api::Api, error::codes_md, media, neighbours, oauth, ops, path::Path, v1};

/// The OpenAPI 3.1 document of all operations.
#[must_use]
pub fn document() -> Value {
    let (paths, schemas) = paths_and_schemas();
    let mut components = refusals();
    components.extend(schemas.into_components().into_iter().flatten());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "diglot",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": include_str!("introduction.md"),
        },
        "tags": [
            {"name": "v1", "description": "Native chat apps and browsers: protobuf and JSON."},
            {"name": "admin", "description": "Ops scripts, and SDKs on behalf of a user: JSON."},
            {"name": "oauth", "description": "Servers beside the gateway: is a token valid, and whose is it."},
            {"name": "adapters", "description": "Servers of other projects, in protocols of their own."},
            {"name": "media", "description": "Uploaded images, and uploads with a token. Answers have no envelope."},
            {"name": "ops", "description": "The ops listener, for the gateway's operators."},
        ],
        "paths": paths,
        "components": {
            "schemas": components,
            "parameters": parameters(),
            "responses": responses(),
            "headers": headers(),
            "securitySchemes": security_schemes(),
        },
    })
}

fn paths_and_schemas() -> (Map<String, Value>, Schemas) {
    let (mut paths, mut schemas) = (Map::new(), Schemas::new());
    let servers = [oauth::server_paths(), oauth::public_paths(), neighbours::paths(), media::paths()];
    for path in [v1::paths(), admin::paths(), ops::paths()].into_iter().chain(servers).flatten() {
        paths.insert(path.name().to_owned(), item(&path, &mut schemas));
    }
    (paths, schemas)
}

/// The operations of a path.
fn item(path: &Path, schemas: &mut Schemas) -> Value {
    let mut item = Map::new();
    for operation in path.operations() {
        let object = Description::of(operation, path.name(), path.kind(), schemas);
        item.insert(operation.method.as_str().to_ascii_lowercase(), object);
    }
    Value::Object(item)
}

/// The envelopes of refusals.
fn refusals() -> Map<String, Value> {
    let envelope = |api: Api, success: i32, text: &str| {
        json!({
            "type": "object",
            "description": format!("Why the request was refused or failed, by its code:\n\n{}", codes_md(api)),
            "required": ["code", text],
            "properties": {"code": {"type": "integer", "not": {"const": success}}, text: {"type": "string"}},
        })
    };
    let all = [("V1Refusal", envelope(Api::V1, 1, "msg")), ("AdminRefusal", envelope(Api::Admin, 200, "message"))];
    let oauth = json!({
        "type": "object",
        "description": "Why the request was refused or failed (RFC 6749 §5.2).",
        "required": ["error", "error_description"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    });
    let tinode = json!({
        "type": "object",
        "description": "Why the request was refused or failed.",
        "required": ["err"],
        "properties": {"err": {"type": "string"}},
    });
    let upload = json!({
        "type": "object",
        "description": "Why the upload was refused or failed.",
        "required": ["code", "error"],
        "properties": {"code": {"type": "integer"}, "error": {"type": "string"}},
    });
    all.into_iter()
        .chain([("OAuthError", oauth), ("TinodeError", tinode), ("UploadError", upload)])
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

fn responses() -> Value {
    let json = |name: &str| json!({"schema": reference("schemas", name)});
    let protobuf = json!({"schema": {"type": "string", "contentEncoding": "binary"}});
    let headers = json!({
        "X-Request-Id": reference("headers", "RequestId"),
        "Retry-After": reference("headers", "RetryAfter"),
        "Preference-Applied": reference("headers", "PreferenceApplied"),
    });
    let text = "A failure, or a refusal with `Prefer: handling=strict`.";
    let v1 = json!({"application/json": json("V1Refusal"), "application/x-protobuf": protobuf});
    let admin = json!({"application/json": json("AdminRefusal")});
    json!({
        "V1Failure": {"description": text, "headers": headers, "content": v1},
        "OAuthFailure": {"description": "An error.", "headers": headers, "content": {"application/json": json("OAuthError")}},
        "TinodeFailure": {"description": "An error.", "headers": headers, "content": {"application/json": json("TinodeError")}},
        "UploadFailure": {"description": "An error.", "headers": headers, "content": {"application/json": json("UploadError")}},
        "AdminFailure": {"description": text, "headers": headers, "content": admin},
    })
}

fn headers() -> Value {
    json!({
        "RequestId": {"schema": {"type": "string"}, "description": "The request's id, which the gateway's log has too."},
        "RetryAfter": {"schema": {"type": "integer"}, "description": "Seconds after which a retry may succeed."},
        "PreferenceApplied": {"schema": {"const": "handling=strict"}, "description": "With `Prefer: handling=strict`."},
    })
}

fn parameters() -> Value {
    let header = |name: &str, text: &str, schema: Value| json!({"name": name, "in": "header", "description": text, "schema": schema});
    json!({
        "AcceptLanguage": header(
            "accept-language",
            "The language of texts: zh or en.",
            json!({"type": "string", "examples": ["en"]}),
        ),
        "Prefer": header(
            "prefer",
            "`handling=strict` gives refusals an HTTP status of their own in place of 200.",
            json!({"type": "string", "enum": ["handling=strict", "handling=lenient"]}),
        ),
    })
}

fn security_schemes() -> Value {
    let header = |name: &str, text: &str| json!({"type": "apiKey", "in": "header", "name": name, "description": text});
    json!({
        "token": header("token", "A user's token, on /v1."),
        "app_id": header("app_id", "The app (tenant). On /v1 the default app without it."),
        "access_token": header("access-token", "A user's token, or an admin token, on the admin API."),
        "user_id": header("user_id", "The user that an admin acts as."),
        "bearer": {"type": "http", "scheme": "bearer", "description": "An admin token, on the paths of OAuth and the adapters."},
        "basic": {"type": "http", "scheme": "basic", "description": "An app and its admin token, on the paths of OAuth and the adapters."},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_schemas_have_the_same_name() {
        let mut seen = refusals();
        for (name, schema) in paths_and_schemas().1.into_components().into_iter().flatten() {
            assert!(seen.insert(name.clone(), schema).is_none(), "{name}");
        }
    }
}
