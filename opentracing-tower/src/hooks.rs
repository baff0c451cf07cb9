//! The decorators of a layer, in order.

use std::fmt;
use std::sync::Arc;

use http::{request, response};
use opentracing_core::Span;
use opentracing_core::http_rules::HttpFailure;

use crate::decorator::{HttpDecorator, StandardDecorator};

#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) standard: StandardDecorator,
    pub(crate) further: Vec<Arc<dyn HttpDecorator>>,
}

impl Hooks {
    pub(crate) fn on_request(&self, span: &mut Span, request: &request::Parts) {
        self.further.iter().for_each(|decorator| decorator.on_request(span, request));
    }

    pub(crate) fn on_response(&self, span: &mut Span, response: &response::Parts) {
        self.standard.on_response(span, response);
        self.further.iter().for_each(|decorator| decorator.on_response(span, response));
    }

    #[cold]
    pub(crate) fn on_error(&self, span: &mut Span, failure: &HttpFailure<'_>) {
        self.standard.on_error(span, failure);
        self.further.iter().for_each(|decorator| decorator.on_error(span, failure));
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("standard", &self.standard).field("further", &self.further.len()).finish()
    }
}
