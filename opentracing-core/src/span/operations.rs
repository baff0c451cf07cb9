//! What can be written to a span, the same on every kind of handle.

/// The write operations. Values are converted before the span is looked up, so no code of the caller runs while it is locked or
/// borrowed.
macro_rules! write_operations {
    ($this:ty) => {
        /// Sets a tag, or replaces its value. See [`TagValue`](crate::TagValue) for the types that values may have.
        ///
        /// Four tags have a meaning for the tracer: `error` marks the span as failed, `span.kind` becomes the [`SpanKind`], `peer.service` names
        /// the called service, and `sampling.priority` keeps the trace from here on if it is above zero, and drops it if it is zero.
        #[inline(always)]
        pub fn set_tag<'v>(self: $this, key: impl Into<Text<'v>>, value: impl Into<TagValue<'v>>) -> $this {
            let key = key.into();
            if !self.ignores(key.as_str()) {
                match value.into().0 {
                    Given::Value(value) => self.edit(|state| state.set_tag(key, value)),
                    Given::Text(text) => self.edit(|state| state.set_tag(key, Value::Str(&text))),
                    Given::Nothing => {}
                }
            }
            self
        }

        /// Sets a tag to the value of a closure, which runs only if the span records.
        #[inline]
        pub fn set_tag_with<'v, V: Into<TagValue<'v>>>(
            self: $this,
            key: impl Into<Text<'v>>,
            value: impl FnOnce() -> V,
        ) -> $this {
            if self.is_recording() { self.set_tag(key, value()) } else { self }
        }

        /// Sets a standard tag; a value of another type than the tag has does not compile. See [`tags`](crate::model::tags).
        #[inline(always)]
        pub fn set<'v, T: ?Sized>(
            self: $this,
            key: $crate::model::tags::TagKey<T>,
            value: impl $crate::model::tags::TagValueOf<'v, T>,
        ) -> $this {
            self.set_tag(key, value)
        }

        /// Sets the kind.
        pub fn set_kind(self: $this, kind: SpanKind) -> $this {
            self.edit(|state| state.set_kind(kind));
            self
        }

        /// Sets the tag `peer.service` to a name that is derived from the host of the call, and marks it as derived: it is not sent to
        /// Instana.
        pub fn set_derived_peer_service<'v>(self: $this, name: impl Into<Text<'v>>) -> $this {
            let name = name.into();
            self.edit(|state| state.set_derived_peer_service(name));
            self
        }

        /// Writes a log of the field `event`, stamped with the present time.
        #[inline]
        pub fn log<'v>(self: $this, event: impl Into<Text<'v>>) -> $this {
            let event = match event.into() {
                Text::Static(event) => Value::Static(event),
                Text::Copied(event) => Value::Str(event),
            };
            self.log_kv(&[("event", event)])
        }

        /// Writes a log of those fields, stamped with the present time. The standard names are in [`logs`](crate::model::logs).
        #[inline]
        pub fn log_kv<'k>(self: $this, fields: &[(impl Into<Text<'k>> + Copy, Value<'_>)]) -> $this {
            self.edit(|state| state.log(None, fields));
            self
        }

        /// Writes a log of those fields, stamped with that time.
        pub fn log_kv_at<'k>(self: $this, at: SystemTime, fields: &[(impl Into<Text<'k>> + Copy, Value<'_>)]) -> $this {
            self.edit(|state| state.log(Some(unix_ns(at)), fields));
            self
        }

        /// Writes a log `event=error` with the error's text and those of at most 64 sources. Does not set the tag `error`: a caught
        /// error need not fail the operation.
        pub fn log_error(self: $this, error: &(dyn Error + 'static)) -> $this {
            if self.is_recording() {
                let (message, stack) = $crate::model::error_texts::error_texts(error);
                let fields = [
                    ("event", Value::Static("error")),
                    ("message", Value::Message(&message)),
                    ("stack", Value::Message(&stack)),
                ];
                let with_stack = if stack.is_empty() { 2 } else { 3 };
                self.edit(|state| state.log(None, &fields[..with_stack]));
            }
            self
        }

        /// Sets the tag `error`, and logs the error as [`log_error`](Self::log_error) does.
        pub fn mark_error(self: $this, error: &(dyn Error + 'static)) -> $this {
            self.set_tag("error", true).log_error(error)
        }

        /// Replaces the operation name.
        #[inline]
        pub fn set_operation_name<'v>(self: $this, name: impl Into<Text<'v>>) -> $this {
            let name = name.into();
            self.edit(|state| state.set_operation_name(name));
            self
        }

        /// Adds a reference to another span, beyond those that the span started with. It changes neither trace nor parent; `None` adds
        /// nothing.
        pub fn add_reference(self: $this, kind: ReferenceKind, context: &impl AsSpanContext) -> $this {
            if let Some(context) = context.as_span_context() {
                let reference = Reference { kind, context: context.into_owned() };
                self.edit(|state| state.add_reference(reference));
            }
            self
        }

        /// Sets a baggage item of this span and of all spans that refer to it from now on, here and in other services. Items beyond
        /// [`Limits`](crate::Limits) are dropped and counted. Copies the baggage.
        pub fn set_baggage_item(self: $this, key: &str, value: &str) -> $this {
            self.edit(|state| state.set_baggage_item(key, value));
            self
        }
    };
}

pub(crate) use write_operations;
