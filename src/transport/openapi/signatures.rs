//! What the types of every handler's signature say about its operation.

use actix_web::{HttpRequest, web::Data};

use super::describe::{Described, Description};
use crate::transport::error::Error;

impl<T: ?Sized> Described for Data<T> {
    fn describe(_: &mut Description<'_>) {}
}

impl Described for HttpRequest {
    fn describe(_: &mut Description<'_>) {}
}

impl Described for () {
    fn describe(_: &mut Description<'_>) {}
}

impl<T: Described> Described for Result<T, Error> {
    fn describe(operation: &mut Description<'_>) {
        T::describe(operation);
    }
}

impl<A: Described> Described for (A,) {
    fn describe(operation: &mut Description<'_>) {
        A::describe(operation);
    }
}

impl<A: Described, B: Described> Described for (A, B) {
    fn describe(operation: &mut Description<'_>) {
        A::describe(operation);
        B::describe(operation);
    }
}

impl<A: Described, B: Described, C: Described> Described for (A, B, C) {
    fn describe(operation: &mut Description<'_>) {
        <(A, B)>::describe(operation);
        C::describe(operation);
    }
}

impl<A: Described, B: Described, C: Described, D: Described> Described for (A, B, C, D) {
    fn describe(operation: &mut Description<'_>) {
        <(A, B, C)>::describe(operation);
        D::describe(operation);
    }
}
