//! The argument type of tag setters.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::model::value::Value;

/// The value argument of tag setters. You rarely need to name this type: every type in the table converts to it.
///
/// | given | recorded |
/// |---|---|
/// | `bool`, numbers up to 64 bits | unchanged |
/// | `&str`, `String`, `Cow<str>`, `Box<str>`, `Arc<str>`, and references to them | text |
/// | `char`, `u128`, `i128`, `IpAddr`, `SocketAddr` | text; formatting it allocates |
/// | `Duration` | milliseconds, as a floating-point number |
/// | `Option` of one of these | the value; `None` writes no tag |
/// | [`Value`] | unchanged |
///
/// A span that is not recorded skips these conversions.
///
/// ```
/// use std::time::Duration;
///
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let mut span = mock.tracer().span("charge").tag("attempt", 2).start();
/// span.set_tag("card", format!("visa {}", 4242))
///     .set_tag("wait", Duration::from_millis(1500))
///     .set_tag("coupon", None::<&str>);
/// span.finish();
/// let span = mock.span("charge");
/// assert_eq!(span.tag("card").map(|card| card.to_string()).as_deref(), Some("visa 4242"));
/// assert!(span.tag("coupon").is_none());
/// ```
#[derive(Clone, Debug)]
pub struct TagValue<'a>(pub(crate) Given<'a>);

/// The converted argument of a setter.
#[derive(Clone, Debug)]
pub(crate) enum Given<'a> {
    Nothing,
    Value(Value<'a>),
    Text(String),
}

impl<'a> From<Value<'a>> for TagValue<'a> {
    #[inline(always)]
    fn from(value: Value<'a>) -> Self {
        TagValue(Given::Value(value))
    }
}

impl<'a, T: Into<TagValue<'a>>> From<Option<T>> for TagValue<'a> {
    #[inline(always)]
    fn from(value: Option<T>) -> Self {
        value.map_or(TagValue(Given::Nothing), Into::into)
    }
}

macro_rules! borrowed {
    ($($type:ty),+) => { $(
        impl<'a> From<$type> for TagValue<'a> {
            #[inline(always)]
            fn from(value: $type) -> Self {
                TagValue(Given::Value(Value::from(value)))
            }
        }
    )+ };
}
borrowed! {
    bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64,
    &'a str, &'a &str, &'a String, &'a Cow<'_, str>, &'a Box<str>, &'a Arc<str>
}

macro_rules! formatted {
    ($($type:ty),+) => { $(
        impl From<$type> for TagValue<'_> {
            fn from(value: $type) -> Self {
                TagValue(Given::Text(value.to_string()))
            }
        }
    )+ };
}
formatted! { char, u128, i128, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, Arc<str> }

impl From<String> for TagValue<'_> {
    fn from(value: String) -> Self {
        TagValue(Given::Text(value))
    }
}

impl From<Box<str>> for TagValue<'_> {
    fn from(value: Box<str>) -> Self {
        TagValue(Given::Text(value.into()))
    }
}

impl<'a> From<Cow<'a, str>> for TagValue<'a> {
    fn from(value: Cow<'a, str>) -> Self {
        match value {
            Cow::Borrowed(text) => TagValue::from(text),
            Cow::Owned(text) => TagValue::from(text),
        }
    }
}

/// Converts to milliseconds, as a floating-point number.
impl From<Duration> for TagValue<'_> {
    #[inline]
    fn from(value: Duration) -> Self {
        TagValue(Given::Value(Value::F64(value.as_secs_f64() * 1_000.0)))
    }
}
