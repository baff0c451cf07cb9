//! `data.sdk`, for spans without a registered type.

use crate::instana::data::{Source, custom};
use crate::instana::span_type::SpanType;
use crate::wire::json::Object;

pub(crate) fn write(source: Source<'_, '_>, data: &mut Object<'_>) {
    let Source { span, role, detail, .. } = source;
    data.object("sdk", |sdk| {
        sdk.text("name", detail.text(span.operation_name()));
        sdk.text("type", role.as_str());
        source.text(sdk, "arguments", span.tag("arguments"));
        source.text(sdk, "return", span.tag("return"));
        custom::write(source, SpanType::Sdk, sdk);
    });
}
