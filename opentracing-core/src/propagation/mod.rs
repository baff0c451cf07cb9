//! Context across process boundaries: carriers, formats and the propagators between them.
//!
//! A [`Format`] names a pair of carrier types. A [`Propagator`] for it reads a context from a carrier and writes one to it. The
//! text formats of the wire ([`TextFormat`]: Instana, W3C Trace Context, B3, Baggage) are put in two lists, one for reading and one
//! for writing, by a [`Composite`], which is the propagator of [`HttpHeaders`] and [`TextMap`].

mod carrier;
mod error;
mod format;
mod instana_state;

pub use self::carrier::{Field, TextMapReader, TextMapWriter};
pub use self::error::{ExtractError, InjectError};
pub(crate) use self::format::Propagators;
pub use self::format::{Binary, Format, HttpHeaders, Propagator, TextMap};
pub use self::instana_state::{Ancestor, Correlation, InstanaState};
