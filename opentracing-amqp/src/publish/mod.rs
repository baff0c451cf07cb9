//! The span of a published message, and how it learns what became of the message: confirms and transactions.

pub(crate) mod answer;
pub(crate) mod confirm;
pub(crate) mod publish;
pub(crate) mod transaction;
pub(crate) mod unconfirmed;
