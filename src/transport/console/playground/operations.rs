//! The operations of `/v1` with the descriptors of their messages.

use std::sync::LazyLock;

use actix_web::http::Method;
use prost_reflect::{
    DescriptorPool, FieldDescriptor, MessageDescriptor,
    prost_types::{FieldOptions, field_options::JsType},
};

use crate::transport::{openapi::Kind, pb, v1};

/// An operation of `/v1`.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    request: Option<MessageDescriptor>,
    /// The message of its answers.
    pub(super) answer: MessageDescriptor,
}

impl Operation {
    /// All of them, by path.
    pub(super) fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Operation>> = LazyLock::new(operations);
        &ALL
    }

    /// The operation of that name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|operation| operation.name() == name)
    }

    /// Its name on the page.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The fields of its request.
    pub(super) fn fields(&self) -> Vec<FieldDescriptor> {
        self.request.iter().flat_map(MessageDescriptor::fields).collect()
    }

    /// The message of its request, if it has any fields.
    pub(super) const fn request(&self) -> Option<&MessageDescriptor> {
        self.request.as_ref()
    }
}

fn operations() -> Vec<Operation> {
    let pool = DescriptorPool::decode(pb::DESCRIPTORS).unwrap_or_default();
    let message = |name: &str| pool.get_message_by_name(&format!("diglot.v1.{name}"));
    let mut all = Vec::new();
    for path in v1::paths().iter().filter(|path| matches!(path.kind(), Kind::V1(_))) {
        for operation in path.operations() {
            let messages = operation.messages();
            let Some(answer) = messages.answer.and_then(message) else { continue };
            all.push(Operation {
                method: operation.method.clone(),
                path: path.name(),
                summary: operation.summary,
                request: messages.request.and_then(message),
                answer,
            });
        }
    }
    all.sort_by_key(|operation| operation.path);
    all
}

/// Whether JSON has a number as text (`jstype = JS_STRING`).
pub(super) fn is_text_in_json(field: &FieldDescriptor) -> bool {
    let options: Option<&FieldOptions> = field.field_descriptor_proto().options.as_ref();
    options.is_some_and(|options| options.jstype() == JsType::JsString)
}
