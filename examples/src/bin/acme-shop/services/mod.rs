//! The six services: five ordinary axum applications and one of tonic. None of their handlers knows that it is traced, but for one that
//! adds the bank's excuse.

pub(crate) mod cart;
pub(crate) mod catalog;
pub(crate) mod front_end;
mod offers;
pub(crate) mod order;
pub(crate) mod payment;
pub(crate) mod user;
