//! Names for long types of actix.

use actix_web::{
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
};

/// Alias for the long type of an actix app.
pub trait Service:
    ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    > + 'static
{
}

impl<T> Service for T where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<BoxBody>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static
{
}

/// Alias for the long type of what a middleware is around.
pub trait Inner<B>:
    actix_service::Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error, Future: 'static>
{
}

impl<T, B> Inner<B> for T where
    T: actix_service::Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error, Future: 'static>
{
}
