//! Who may send requests and see pages.

mod guard;
mod headers;
mod hosts;
mod token;

pub(crate) use self::guard::{Guard, LocalAddress, guard};
pub(crate) use self::headers::headers;
pub(crate) use self::hosts::Hosts;
pub(crate) use self::token::Token;
