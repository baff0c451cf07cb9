//! The span of one call, from the request to the head of the answer.

use std::error::Error;
use std::sync::Arc;

use http::StatusCode;
use http::header::UPGRADE;
use opentracing_core::http::{ClientRequest, Peer, inject, remove_trace_headers, set_status};
use opentracing_core::{Span, tags};
use reqwest::{Method, Request, Response};

use crate::body;
use crate::error;
use crate::options::RequestOptions;
use crate::settings::Settings;

pub(crate) struct Call {
    pub(crate) span: Span,
    settings: Arc<Settings>,
    /// The host whose address is not known yet.
    host: Option<Box<str>>,
    /// The answer to a `HEAD` has no body, whatever its headers say.
    is_head: bool,
    resend_count: u32,
    /// Whether the headers of the request have the span's context.
    pub(crate) carries_trace: bool,
}

impl Call {
    /// Starts the span, and writes its context to the headers if the host may see it.
    pub(crate) fn start(settings: Arc<Settings>, options: &RequestOptions, request: &mut Request) -> Self {
        let tracer = &settings.tracer;
        tracer.warn_if_unregistered();
        let url = request.url();
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
        let peer = Peer::from_host(host, port);
        let client_request = ClientRequest {
            component: "reqwest",
            operation_name: options.name(),
            method: request.method(),
            url: &[url.as_str()],
            peer,
            peer_service: settings.peer_services.resolve(options.peer_service.as_deref(), &peer),
        };
        let mut span = client_request.start(tracer);
        let host = peer.hostname.filter(|_| span.is_recording()).map(Box::from);
        let is_head = request.method() == Method::HEAD;
        let admitted = settings.hosts.admits(url.host_str().unwrap_or_default(), port);
        if options.resend_count > 0 {
            span.set(tags::HTTP_REQUEST_RESEND_COUNT, options.resend_count.into());
        }
        if let Some(decorator) = &settings.decorator {
            decorator.on_request(request, &mut span);
        }
        let mut carries_trace = false;
        if !options.keeps_headers {
            match span.context() {
                Some(context) if admitted => {
                    inject(tracer, &context, request.headers_mut());
                    carries_trace = true;
                }
                _ => remove_trace_headers(tracer, request.headers_mut()),
            }
        }
        Call { span, settings, host, is_head, resend_count: options.resend_count, carries_trace }
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// One more redirect was followed.
    pub(crate) fn count_redirect(&mut self) {
        self.resend_count += 1;
        self.span.set(tags::HTTP_REQUEST_RESEND_COUNT, self.resend_count.into());
    }

    /// Records the head. The span goes on with the body, if there is one.
    pub(crate) fn answered(mut self, response: Response) -> Response {
        if !self.span.is_recording() {
            return response;
        }
        set_status(&mut self.span, response.status(), self.settings.errors);
        if let Some(address) = self.peer_address(&response) {
            address.set_tags(&mut self.span);
        }
        if response.status() == StatusCode::SWITCHING_PROTOCOLS
            && let Some(Ok(protocol)) = response.headers().get(UPGRADE).map(|protocol| protocol.to_str())
        {
            self.span.set(tags::HTTP_UPGRADE, protocol);
        }
        if let Some(decorator) = &self.settings.decorator {
            decorator.on_response(&response, &mut self.span);
        }
        if self.has_body(&response) { body::trace(response, self.span, self.settings) } else { response }
    }

    /// Records that there is no answer. `otherwise` is the kind of an error that is not reqwest's.
    pub(crate) fn failed(mut self, error: &(dyn Error + 'static), otherwise: &'static str) {
        fail(&mut self.span, &self.settings, error, otherwise);
    }

    /// Records that the caller did not wait for the answer.
    pub(crate) fn cancelled(mut self) {
        self.span.set(tags::HTTP_OUTCOME, "cancelled");
    }

    /// Where the connection went to, unless it was another host after a redirect.
    fn peer_address(&self, response: &Response) -> Option<Peer<'static>> {
        let is_same_host = response.url().host_str() == Some(self.host.as_deref()?);
        let address = response.remote_addr().filter(|_| is_same_host)?;
        Some(Peer { port: None, ..Peer::from(address) })
    }

    /// RFC 9112, section 6.3. An interim answer that is the last one is an upgrade.
    fn has_body(&self, response: &Response) -> bool {
        let status = response.status();
        !self.is_head
            && !status.is_informational()
            && status != StatusCode::NO_CONTENT
            && status != StatusCode::NOT_MODIFIED
            && response.content_length() != Some(0)
    }
}

pub(crate) fn fail(span: &mut Span, settings: &Settings, error: &(dyn Error + 'static), otherwise: &'static str) {
    if span.is_recording() {
        error::record(span, error, otherwise);
        if let Some(decorator) = &settings.decorator {
            decorator.on_error(error, span);
        }
    }
}
